"""Verify a batch of pairs by reading only: the configuration, and how far replication has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oss_crr.fleet.entry import FleetEntry
from oss_crr.pair import BucketPair
from oss_crr.resources.base import Accounts
from oss_crr.verification.drift import DriftResult, find_drift
from oss_crr.verification.lag import LagResult, check_lag
from oss_crr.verification.model import Finding


@dataclass(frozen=True)
class Checked:
    """What reading told of one pair.

    :param lag: how far replication has come.
    """

    entry: FleetEntry
    drift: DriftResult
    lag: LagResult
    checked_at: datetime

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return all that is wrong."""
        return (*self.drift.findings, *self.lag.findings)

    def item(self) -> dict[str, Any]:
        """Return what the report takes, see :mod:`oss_crr.verification.results`."""
        return {
            "pair": self.entry.name,
            "checked_at": self.checked_at.isoformat(),
            "findings": [finding.to_dict() for finding in self.findings],
            "measures": self.lag.measures,
        }

    def target(self) -> dict[str, Any]:
        """Return what further steps of the verification begin with."""
        return {"pair": self.entry.name, "entry": self.entry.to_dict(), "drift": self.drift.to_dict()}


def check_pairs(
    accounts: Accounts,
    entries: Sequence[FleetEntry],
    now: datetime,
    previous: Mapping[str, Mapping[str, Any]],
    others: Sequence[BucketPair] = (),
) -> list[Checked]:
    """Check pairs side by side; what several of them share is read once.

    A pair that cannot be read has findings that say so, and does not stop another.

    :param now: the time to judge by.
    :param previous: what the last check measured, by pair.
    :param others: pairs that are not checked, but have a right to what these share with them.
    """
    drifts = find_drift(accounts, [entry.pair for entry in entries], others)
    lags = {lag.pair: lag for lag in check_lag(accounts, entries, drifts, now, previous)}
    return [
        Checked(entry, drift, lags.get(entry.name, LagResult(entry.name)), now)
        for entry, drift in zip(entries, drifts, strict=True)
    ]
