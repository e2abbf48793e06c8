"""What a canary leaves behind is removed, whatever became of it; and nothing else ever is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from localcloud.oss.replication.model import ReplicationRule
from localcloud.server import LocalCloudServer
from oss_crr.fleet.entry import FleetEntry
from oss_crr.verification import canary_cleanup
from oss_crr.verification.canary_cleanup import clean_all
from oss_crr.verification.canary_keys import nest
from oss_crr.verification.drift import find_drift
from oss_crr.verification.target import targets
from tests.integration.canaries import DESTINATION, NOTHING_LEFT, POLICIES, SOURCE, TOO_LATE, VERSIONED, Sky, kinds
from tests.integration.world import World, world_config

MakeSky = Callable[..., Sky]
SECOND = "crr-destination-2"


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    """Return one cloud for all tests; each begins anew in it."""
    config = world_config(objects=3)
    config["accounts"][1]["buckets"].append({"name": SECOND, "region": "cn-beijing"})
    with LocalCloudServer(config) as server:
        yield server


@pytest.fixture
def make_sky(server: LocalCloudServer, monkeypatch: pytest.MonkeyPatch) -> MakeSky:
    """Return a function that sets up a pair in a fresh cloud."""
    server.runtime.reset()
    return lambda **settings: Sky(server, monkeypatch, **settings)


@VERSIONED
@POLICIES
@pytest.mark.parametrize("stage", ["write", "overwrite", "delete"])
def test_left_over_of_a_crash_is_removed_by_the_next_run(
    make_sky: MakeSky, versioned: bool, policy: str, stage: str
) -> None:
    sky = make_sky(versioned=versioned, replication_policy=policy)
    sky.fly_to(stage)
    sky.world.replicate()
    left = sum(map(len, sky.left().values()))
    flight = sky.fly()
    assert (kinds(flight), flight.measures["canary"]) == ([], "passed")
    assert flight.measures.get("canaries_removed", 0) >= left
    sky.clean()
    assert sky.left() == NOTHING_LEFT


@VERSIONED
def test_clean_up_after_every_kind_of_end(make_sky: MakeSky, versioned: bool) -> None:
    sky = make_sky(versioned=versioned, replication_policy="add_delete_change")
    sky.faults.drops_deletes.add(SOURCE)
    sky.step(sky.fly_to("delete"), seconds=TOO_LATE)
    sky.world.replicate()
    assert sky.left()[DESTINATION]
    sky.clean()
    sky.world.replicate()
    assert sky.left() == NOTHING_LEFT


@VERSIONED
def test_nothing_else_is_ever_removed(make_sky: MakeSky, versioned: bool) -> None:
    """Not even what looks like a canary, and lies where canaries live."""
    sky = make_sky(versioned=versioned)
    home = nest(sky.entry, "this Airflow")
    foreign = [
        "oss-crr-canary/readme.txt",
        f"{home.prefix}notes",
        f"{home.new_key()}.bak",
        home.new_key().replace("oss-crr-canary", "my-canary"),
        nest(sky.entry, "another Airflow").new_key(),
    ]
    for key in foreign:
        sky.world.bucket().put_object(key, b"somebody's")
    sky.world.replicate()
    sky.fly()
    assert sky.clean() > 0
    assert set(foreign) <= sky.world.object_keys(SOURCE)
    assert set(foreign) <= sky.world.object_keys(DESTINATION)


def test_canaries_of_others_go_when_they_are_old(make_sky: MakeSky, monkeypatch: pytest.MonkeyPatch) -> None:
    """A canary reaches every destination of its source, also those that are not its pair's."""
    sky = make_sky()
    other = nest(sky.entry, "another Airflow").new_key()
    sky.world.bucket().put_object(other, b"old")
    sky.world.replicate()
    assert sky.clean() == 0
    monkeypatch.setattr(canary_cleanup, "ABANDONED_AFTER", timedelta(seconds=-5))
    assert sky.clean() == 2
    assert sky.left() == NOTHING_LEFT


@VERSIONED
@pytest.mark.parametrize(("actions", "goes"), [(None, True), (("PUT",), True), (("ALL",), False)])
def test_what_reaches_the_destinations_of_other_pairs(
    make_sky: MakeSky, versioned: bool, actions: tuple[str, ...] | None, goes: bool
) -> None:
    """It goes when those pairs clean up, unless its own pair would lose it that way.

    :param actions: of a rule from that destination back to the source; None for no such rule.
    """
    sky = make_sky(versioned=versioned)
    buckets = sky.world.server.cloud.buckets
    buckets[SECOND].versioning = buckets[DESTINATION].versioning
    second = FleetEntry(sky.world.pair(destination_bucket=SECOND))
    outcomes = World(sky.world.server, "root").set_up(destination_bucket=SECOND)
    assert all(outcome.ok for outcome in outcomes.values())
    if actions:
        back = ReplicationRule("back", SECOND, SOURCE, "oss-cn-hangzhou", sky.world.server.cloud.clock.now(), actions)
        buckets[SECOND].rules[back.id] = back
    flight = sky.fly()
    sky.world.replicate()
    assert kinds(flight) == []
    (target,) = targets([second], find_drift(sky.world.root, [second.pair]))
    (cleaned,) = clean_all(sky.world.accounts, [(target, nest(second, "this Airflow"))])
    assert cleaned.errors == ()
    assert (not [key for key in buckets[SECOND].keys if "canary" in key]) is goes
    assert kinds(sky.fly()) == []
