"""A pair of the inventory together with what the drift check read of it: what every further check begins with. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from oss_crr.fleet.entry import FleetEntry
from oss_crr.model import Rule
from oss_crr.pair import BucketPair, ResolvedPair


class Drift(Protocol):
    """What is used of :class:`oss_crr.verification.drift.DriftResult`."""

    @property
    def pair(self) -> BucketPair:
        """Return the pair."""

    @property
    def resolved(self) -> ResolvedPair | None:
        """Return the pair with what the cloud told of it; None when too little could be read."""

    @property
    def rule(self) -> Rule | None:
        """Return the rule as it is; None when there is none, or it could not be read."""


@dataclass(frozen=True)
class Target:
    """A pair that is checked.

    :param resolved: None when too little of the pair could be read.
    :param rule: None when there is no rule, or it could not be read.
    """

    entry: FleetEntry
    resolved: ResolvedPair | None
    rule: Rule | None

    @property
    def name(self) -> str:
        """Return the pair's name."""
        return self.entry.name

    @property
    def pair(self) -> BucketPair:
        """Return the pair."""
        return self.entry.pair

    @property
    def limit(self) -> timedelta:
        """Return how far replication may lag behind."""
        return timedelta(minutes=self.entry.verify.lag_limit(self.pair))


def targets(entries: Sequence[FleetEntry], drifts: Iterable[Drift]) -> list[Target]:
    """Put a batch's entries and their drift together, in the order of the entries."""
    by_name = {drift.pair.name: drift for drift in drifts}
    return [_target(entry, by_name.get(entry.name)) for entry in entries]


def _target(entry: FleetEntry, drift: Drift | None) -> Target:
    return Target(entry, drift.resolved, drift.rule) if drift else Target(entry, None, None)


def is_only_feeder(target: Target, batch: Iterable[Target]) -> bool:
    """Tell whether no other pair writes to where a pair writes to; pairs of one destination share a batch."""
    return not any(
        other.name != target.name
        and other.pair.destination_bucket == target.pair.destination_bucket
        and _overlap(other.pair.prefixes, target.pair.prefixes)
        for other in batch
    )


def _overlap(some: Sequence[str], others: Sequence[str]) -> bool:
    return any(one.startswith(other) or other.startswith(one) for one in some or ("",) for other in others or ("",))
