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
    """An object that is missing at the destination or differs there by size or ETag.

    :param destination: None when it is missing.
    """

    source: ObjectSummary
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


def suspects(
    source: Iterable[ObjectSummary],
    destination: Iterable[ObjectSummary],
    copied_until: datetime | None,
    counts: Comparison,
) -> Iterator[Suspect]:
    """Walk two listings side by side; count what is in order, yield what needs a closer look.

    :param source: the source's objects in key order.
    :param destination: the destination's objects in key order.
    :param copied_until: source objects written at or after this time need not be there yet; None for no limit.
    """
    there = iter(destination)
    other = next(there, None)
    for item in source:
        while other is not None and other.key < item.key:
            counts.surplus += 1
            other = next(there, None)
        replica = other if other is not None and other.key == item.key else None
        if replica is not None:
            other = next(there, None)
        if item.storage_class in NOT_REPLICATED:
            counts.exclude(f"storage class {item.storage_class} is not replicated")
        elif replica is not None and (replica.size, replica.etag) == (item.size, item.etag):
            counts.match(item)
        elif copied_until is not None and item.last_modified >= copied_until:
            counts.postpone()
        else:
            yield Suspect(item, replica)
    counts.surplus += (other is not None) + sum(1 for _ in there)
