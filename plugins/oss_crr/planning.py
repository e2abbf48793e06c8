"""What preflight saw of each resource, and which pairs share a read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Accounts, Change, Resource


@dataclass(frozen=True)
class PlannedResource:
    """What preflight saw of one resource for one pair.

    :param changes: the differences; empty when in order.
    :param origin: ``in order`` or ``adopted``; says something only where there are no differences.
    :param details: see :meth:`oss_crr.resources.base.Resource.details`.
    :param observed_at: when it was read.
    :param observed: what was read.
    """

    changes: tuple[Change, ...]
    origin: str
    observed_at: datetime
    details: dict[str, Any] = field(default_factory=dict)
    #: What was read, for checks in the same task; it does not travel to later ones.
    observed: Any = field(default=None, compare=False, repr=False)

    @property
    def is_creation(self) -> bool:
        """Tell whether the thing did not exist at all."""
        return bool(self.changes) and all(change.kind == "create" for change in self.changes)

    def to_dict(self, *, with_documents: bool = True) -> dict[str, Any]:
        """Return the plan as JSON data.

        :param with_documents: whether changes keep the documents before and after.
        """
        return {
            "changes": [change.to_dict(with_documents=with_documents) for change in self.changes],
            "origin": self.origin,
            "observed_at": self.observed_at.isoformat(),
            "details": self.details,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PlannedResource:
        """Rebuild from :meth:`to_dict`."""
        return cls(
            changes=tuple(Change(**change) for change in data["changes"]),
            origin=data["origin"],
            observed_at=datetime.fromisoformat(data["observed_at"]),
            details=data["details"],
        )


#: What preflight saw, by pair name.
Plans = Mapping[str, PlannedResource]


def group_by_scope(resource: Resource[Any], pairs: Iterable[ResolvedPair]) -> list[list[ResolvedPair]]:
    """Group pairs that share one read and one write."""
    groups: dict[tuple[str, ...], list[ResolvedPair]] = {}
    for pair in pairs:
        groups.setdefault(resource.scope(pair), []).append(pair)
    return list(groups.values())


def observe(resource: Resource[Any], accounts: Accounts, group: Sequence[ResolvedPair], now: datetime) -> Plans:
    """Read a resource once for pairs of equal scope and say what differs for each."""
    observed = resource.observe(accounts, group[0])
    return {
        pair.name: PlannedResource(
            changes=resource.changes(pair, observed),
            origin=resource.origin(pair, observed),
            observed_at=now,
            details=resource.details(pair, observed),
            observed=observed,
        )
        for pair in group
    }
