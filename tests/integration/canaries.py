"""A pair with a canary that is stepped by hand: replication runs, and time passes, when a test says so."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.server import LocalCloudServer
from oss_crr.fleet.entry import FleetEntry, VerifySettings
from oss_crr.verification import canary_moves
from oss_crr.verification.canary import Sight
from oss_crr.verification.canary_cleanup import clean_all
from oss_crr.verification.canary_keys import nest
from oss_crr.verification.canary_run import Flight, launch, proceed
from oss_crr.verification.drift import find_drift
from oss_crr.verification.target import Target, targets
from tests.integration.world import PAIR, World

SOURCE, DESTINATION = PAIR["source_bucket"], PAIR["destination_bucket"]
#: No canary has more stages.
MOST_STEPS = 10
MINUTES = 15
#: Seconds by which every stage is over.
TOO_LATE = MINUTES * 60 + 20
NOTHING_LEFT: dict[str, list[str]] = {SOURCE: [], DESTINATION: []}

POLICIES = pytest.mark.parametrize("policy", ["add_change", "add_delete_change"])
VERSIONED = pytest.mark.parametrize("versioned", [False, True], ids=["plain", "versioned"])


class Sky:
    """One pair that has been set up, and its canary.

    :param fields: of the pair.
    """

    def __init__(
        self,
        server: LocalCloudServer,
        monkeypatch: pytest.MonkeyPatch,
        *,
        versioned: bool = False,
        user: str = "user",
        settings: VerifySettings | None = None,
        **fields: Any,
    ) -> None:
        self.world = World(server, user)
        for bucket in (SOURCE, DESTINATION):
            server.cloud.buckets[bucket].versioning = "Enabled" if versioned else ""
        outcomes = World(server, "root").set_up(**fields)
        assert [outcome.error for outcome in outcomes.values()] == [None] * len(outcomes)
        self.rule_id = outcomes["create_rule"].details["rule_id"]
        self.world.take_over()
        self.world.replicate()
        self.entry = FleetEntry(self.world.pair(**fields), settings or VerifySettings(max_lag_minutes=MINUTES))
        self.faults = server.runtime.engine.faults
        self._ahead = 0.0
        monkeypatch.setattr(canary_moves, "time", SimpleNamespace(time=lambda: time.time() + self._ahead))

    @property
    def target(self) -> Target:
        """Return the pair as the drift check hands it over."""
        return targets([self.entry], find_drift(self.world.root, [self.entry.pair]))[0]

    def launch(self, watcher: str = "this Airflow") -> Flight:
        """Begin as the operator does."""
        (flight,) = launch(self.world.accounts, [(self.target, nest(self.entry, watcher))])
        return self._stored(flight)

    def step(self, flight: Flight, *, seconds: float = 20, replicates: bool = True) -> Flight:
        """Let replication run and time pass, look at the destination, and go on as the operator does."""
        if replicates:
            self.world.replicate()
        self.pass_time(seconds)
        assert flight.canary is not None
        seen = canary_moves.look(self.world.accounts.get, flight.canary)
        sight = Sight.from_dict(json.loads(json.dumps(_plain(seen))))
        (after,) = proceed(self.world.accounts, [flight], {flight.pair: sight})
        return self._stored(after)

    def fly(self, flight: Flight | None = None, **step: Any) -> Flight:
        """Go on until the canary has ended."""
        flight = flight or self.launch()
        for _ in range(MOST_STEPS):
            if flight.canary is None:
                return flight
            flight = self.step(flight, **step)
        raise AssertionError(f"the canary never ends: {flight}")

    def fly_to(self, stage: str) -> Flight:
        """Go on until the canary is in a stage."""
        flight = self.launch()
        while flight.canary is not None and flight.canary.stage != stage:
            flight = self.step(flight)
        assert flight.canary is not None
        return flight

    def pass_time(self, seconds: float) -> None:
        """Move the clocks of the cloud and of the canary's watcher."""
        self._ahead += seconds
        self.world.server.cloud.behaviour.clock_skew_seconds = 1e9
        self.world.server.cloud.clock.advance(seconds)

    def clean(self) -> int:
        """Clean up as the operator does; return how much was removed."""
        (cleaned,) = clean_all(self.world.accounts, [(self.target, nest(self.entry, "this Airflow"))])
        assert cleaned.errors == ()
        return cleaned.removed

    def left(self) -> dict[str, list[str]]:
        """Return the keys under which a bucket still has objects, versions or delete markers of canaries."""
        buckets = self.world.server.cloud.buckets
        return {name: [key for key in buckets[name].keys if "oss-crr-canary/" in key] for name in (SOURCE, DESTINATION)}

    @staticmethod
    def _stored(flight: Flight) -> Flight:
        """Return a flight as it comes back from Airflow's database."""
        return Flight.from_dict(json.loads(json.dumps(flight.to_dict())))


def _plain(seen: Sight) -> dict[str, Any]:
    return {**vars(seen), "content": vars(seen.content) if seen.content else None}


def kinds(flight: Flight) -> list[tuple[str, str]]:
    """Return what was found, as fields and severities."""
    assert all(finding.part == "canary" for finding in flight.findings)
    return [(finding.field, finding.severity) for finding in flight.findings]
