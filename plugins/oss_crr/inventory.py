"""Compare two buckets' listings: is everything there that should be? Streams; memory does not grow with the buckets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from oss_crr.model import ObjectSummary

#: How many keys of a kind a comparison names.
MAX_NAMED = 20
#: Classes that OSS does not replicate (vendor page "Cross-region replication overview").
NOT_REPLICATED = frozenset({"ColdArchive", "DeepColdArchive"})


@dataclass(frozen=True)
class Suspect:
    """An object that is missing on one side, or differs by size or ETag.

    :param source: as the source lists it; None when it is surplus at the destination.
    :param destination: as the destination lists it; None when it is missing there.
    """

    key: str
    source: ObjectSummary | None
    destination: ObjectSummary | None


@dataclass
class Comparison:
    """Counts of a comparison; ``named`` keys are bounded, counts are not.

    :param matched: objects that are there with the same size and ETag or CRC-64.
    :param bytes: their size.
    :param too_new: source objects written after what the service says it has copied.
    :param excluded: source objects that OSS does not replicate, by reason.
    :param missing: source objects that are not at the destination.
    :param different: source objects that are there with other content.
    :param surplus: destination objects that are not at the source.
    """

    matched: int = 0
    bytes: int = 0
    too_new: int = 0
    excluded: dict[str, int] = field(default_factory=dict)
    missing: int = 0
    different: int = 0
    surplus: int = 0
    named: dict[str, list[str]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Tell whether everything is there that should be."""
        return not self.missing and not self.different

    def match(self, item: ObjectSummary) -> None:
        """Count an object that is there and equal."""
        self.matched += 1
        self.bytes += item.size

    def exclude(self, reason: str) -> None:
        """Count an object that need not be there."""
        self.excluded[reason] = self.excluded.get(reason, 0) + 1

    def postpone(self) -> None:
        """Count an object that need not be there yet."""
        self.too_new += 1

    def fault(self, kind: str, key: str) -> None:
        """Count a ``missing`` or ``different`` object, and name it while there is room."""
        setattr(self, kind, getattr(self, kind) + 1)
        names = self.named.setdefault(kind, [])
        if len(names) < MAX_NAMED:
            names.append(key)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON data."""
        return {**self.__dict__}

    def __str__(self) -> str:
        faults = [self._named(kind) for kind in ("missing", "different") if getattr(self, kind)]
        return ", ".join([f"{self.matched} objects in order", *faults])

    def _named(self, kind: str) -> str:
        count, names = getattr(self, kind), self.named[kind][:5]
        return f"{count} {kind} ({', '.join(names)}{', …' if count > len(names) else ''})"


def side_by_side(source: Iterable[ObjectSummary], destination: Iterable[ObjectSummary]) -> Iterator[Suspect]:
    """Walk two listings in key order at once; yield what both hold under each key."""
    here, there = iter(source), iter(destination)
    item, replica = next(here, None), next(there, None)
    while item is not None or replica is not None:
        first = min(found.key for found in (item, replica) if found is not None)
        mine = item if item is not None and item.key == first else None
        its = replica if replica is not None and replica.key == first else None
        yield Suspect(first, mine, its)
        item = next(here, None) if mine is not None else item
        replica = next(there, None) if its is not None else replica


def suspects(found: Iterable[Suspect], copied_until: datetime | None, counts: Comparison) -> Iterator[Suspect]:
    """Count what is in order, and yield what needs a closer look; what is surplus is counted as well as yielded.

    :param found: see :func:`side_by_side`.
    :param copied_until: source objects written at or after this time need not be there yet; None for no limit.
    """
    for item in found:
        if item.source is None:
            counts.surplus += 1
            yield item
        elif item.source.storage_class in NOT_REPLICATED:
            counts.exclude(f"storage class {item.source.storage_class} is not replicated")
        elif item.destination is not None and _alike(item.source, item.destination):
            counts.match(item.source)
        elif copied_until is not None and item.source.last_modified >= copied_until:
            counts.postpone()
        else:
            yield item


def _alike(source: ObjectSummary, destination: ObjectSummary) -> bool:
    return (source.size, source.etag) == (destination.size, destination.etag)
