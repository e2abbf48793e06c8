"""Where a comparison stopped, and what it has found wrong so far: plain data, handed from run to run. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

#: ``late``: missing or different, and written since the watermark. ``surplus``: at the destination only.
FaultKind = Literal["missing", "different", "late", "surplus"]

#: Faults that are remembered by their key, so that each run looks at them again.
MAX_KEPT = 100


@dataclass(frozen=True)
class Fault:
    """An object that is not as it should be.

    :param seen: when it was first found, ISO 8601.
    :param certain: whether waiting cannot set it right; a deletion at the source may still be on its way.
    """

    key: str
    kind: FaultKind
    seen: str
    certain: bool = True


@dataclass(frozen=True)
class Cursor:
    """Where the next run continues.

    :param after: the last key that was compared; empty at the beginning of both buckets.
    :param since: when the pair was first compared, ISO 8601. Of a pair without history, nothing older is expected.
    :param faults: what was wrong when it was last looked at, up to :data:`MAX_KEPT`.
    :param more: how many further faults of each kind this passage through the buckets has found.
    """

    after: str = ""
    since: str = ""
    faults: tuple[Fault, ...] = ()
    more: dict[FaultKind, int] = field(default_factory=dict)

    def begin(self, now: datetime) -> Cursor:
        """Return the cursor at the beginning of a run; a new passage counts anew."""
        return replace(self, since=self.since or now.isoformat(), more=self.more if self.after else {})

    def end(self, after: str, faults: Iterable[Fault], more: Mapping[FaultKind, int]) -> Cursor:
        """Return the cursor at the end of a run.

        :param faults: what is wrong, as far as it is remembered by key.
        :param more: how much more this run has found wrong.
        """
        return replace(self, after=after, faults=tuple(faults), more=dict(Counter(self.more) + Counter(more)))

    def count(self, kind: FaultKind) -> int:
        """Return how many objects have a fault for sure."""
        return sum(fault.kind == kind and fault.certain for fault in self.faults) + self.more.get(kind, 0)

    def keys(self, kind: FaultKind) -> list[str]:
        """Return the keys of a kind that are known."""
        return [fault.key for fault in self.faults if fault.kind == kind and fault.certain]

    def to_dict(self) -> dict[str, Any]:
        """Return the cursor as JSON data."""
        return {**asdict(self), "faults": [asdict(fault) for fault in self.faults]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | None) -> Cursor:
        """Rebuild from :meth:`to_dict`; None begins anew."""
        if not data:
            return cls()
        return cls(**{**data, "faults": tuple(Fault(**fault) for fault in data["faults"])})


class Faults:
    """Collects faults: the first ones by key, further ones only as numbers, so that memory does not grow.

    :param known: from earlier runs; they are not counted twice.
    """

    def __init__(self, known: Iterable[Fault]) -> None:
        self.kept = {fault.key: fault for fault in known}
        self.more: Counter[FaultKind] = Counter()

    def add(self, fault: Fault) -> None:
        """Take note of a fault."""
        if fault.key in self.kept:
            return
        if len(self.kept) < MAX_KEPT:
            self.kept[fault.key] = fault
        elif fault.certain:
            self.more[fault.kind] += 1
