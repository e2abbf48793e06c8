"""What a verification reads, and what it says of worlds that nobody touched."""

from __future__ import annotations

from oss_crr.verification.drift import DriftResult, find_drift
from tests.integration.world import World


def test_a_healthy_pair_takes_nine_reads(world: World) -> None:
    assert all(outcome.ok for outcome in world.set_up().values())
    world.reset_calls()
    found = find_drift(world.accounts, [world.pair()])
    assert found[0].findings == ()
    assert found[0].resolved is not None
    assert found[0].rule is not None
    calls = world.calls()
    assert calls["writes"] == 0
    assert calls["reads"] == 9, calls


def test_a_result_travels_as_json(world: World) -> None:
    world.set_up(prefixes=["a/", "b/"])
    found = find_drift(world.accounts, [world.pair(prefixes=["a/"])])[0]
    assert found.findings
    assert DriftResult.from_dict(found.to_dict()) == found
