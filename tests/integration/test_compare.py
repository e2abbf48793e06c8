"""Comparing buckets that the local cloud replicates, with and without faults, by the step's operator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.server import LocalCloudServer
from oss_crr.fleet.entry import FleetEntry, VerifySettings
from oss_crr.operators.compare import CompareOperator
from oss_crr.pair import BucketPair
from oss_crr.verification.drift import find_drift
from tests.integration.world import PAIR, World, world_config

SOURCE, DESTINATION = PAIR["source_bucket"], PAIR["destination_bucket"]
CONTEXT: Any = {}


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    """Return one cloud for all tests; each begins anew in it."""
    config = world_config(objects=30)
    config["accounts"][0]["buckets"].append({"name": "crr-source-2", "region": "cn-hangzhou"})
    with LocalCloudServer(config) as server:
        yield server


@pytest.fixture
def world(server: LocalCloudServer) -> World:
    """Return a fresh world in which replication runs when it is told to."""
    server.runtime.reset()
    world = World(server)
    world.take_over()
    return world


def compare(
    world: World, *pairs: BucketPair, cursors: dict[str, Any] | None = None, max_objects: int = 1000
) -> list[dict[str, Any]]:
    """Run the step for pairs."""
    entries = [FleetEntry(pair, VerifySettings()) for pair in pairs]
    drifts = [drift.to_dict() for drift in find_drift(world.root, pairs)]
    operator = CompareOperator(
        task_id="compare",
        entries=[entry.to_dict() for entry in entries],
        drifts=json.loads(json.dumps(drifts)),
        cursors=cursors,
        max_objects=max_objects,
    )
    operator.accounts = world.accounts
    return list(json.loads(json.dumps(operator.execute(CONTEXT))))


def faults(world: World, **fields: Any) -> None:
    world.control("POST", "replication", json={"rule": SOURCE, **fields})


def found(result: dict[str, Any]) -> dict[str, Any]:
    return {finding["field"]: finding["found"]["keys"] for finding in result["findings"]}


def pass_time(world: World, seconds: float) -> None:
    """Let the cloud's watermark move on; what was written a moment ago need not be there otherwise."""
    world.server.cloud.behaviour.clock_skew_seconds = 1e9
    world.control("POST", "clock", json={"advance_seconds": seconds})


@pytest.mark.parametrize("max_objects", [7, 1000])
def test_replicated_pair_is_in_order_however_it_is_cut(world: World, max_objects: int) -> None:
    world.set_up()
    world.replicate()
    cursors: dict[str, Any] = {}
    compared = 0
    for _ in range(-(-30 // max_objects)):
        (result,) = compare(world, world.pair(), cursors=cursors, max_objects=max_objects)
        assert found(result) == {}
        compared += result["measures"]["matched"]
        cursors = {result["pair"]: result["cursor"]}
    assert (compared, result["measures"]["compare"]) == (30, "complete")


def test_lost_and_corrupted_objects_are_found(world: World) -> None:
    world.set_up()
    faults(world, lose=["object-00003"], corrupt=["object-0002*"])
    world.replicate()
    pass_time(world, 5)
    (result,) = compare(world, world.pair())
    assert found(result) == {
        "missing": ["object-00003"],
        "different": [f"object-0002{digit}" for digit in range(10)],
    }
    assert {finding["severity"] for finding in result["findings"]} == {"broken"}
    world.bucket().put_object("object-00003", b"again")
    faults(world, lose=[])
    world.replicate()
    (again,) = compare(world, world.pair(), cursors={result["pair"]: result["cursor"]})
    assert list(found(again)) == ["different"]


def test_stale_overwrite_is_found(world: World) -> None:
    world.set_up()
    world.replicate()
    faults(world, stale=["*"])
    world.bucket().put_object("object-00001", b"new")
    world.replicate()
    pass_time(world, 5)
    (result,) = compare(world, world.pair())
    assert found(result) == {"different": ["object-00001"]}


def test_what_waits_behind_the_watermark_is_no_fault(world: World) -> None:
    world.set_up()
    world.replicate()
    faults(world, stalled=True)
    world.bucket().put_object("new", b"x")
    world.bucket().put_object("object-00001", b"x")
    (result,) = compare(world, world.pair())
    assert (found(result), result["measures"]["postponed"]) == ({}, 2)


def test_dropped_deletions_are_surplus(world: World) -> None:
    fields = {"replication_policy": "add_delete_change"}
    world.set_up(**fields)
    world.replicate()
    faults(world, drop_deletes=True)
    world.bucket().delete_object("object-00001")
    world.replicate()
    pass_time(world, 5)
    (result,) = compare(world, world.pair(**fields))
    assert found(result) == {"surplus": ["object-00001"]}
    assert result["findings"][0]["severity"] == "lagging"


def test_pairs_of_one_destination_do_not_blame_each_other(world: World) -> None:
    fields = {"replication_policy": "add_delete_change"}
    world.set_up(**fields)
    world.set_up(source_bucket="crr-source-2", **fields)
    world.bucket("crr-source-2").put_object("from-the-second", b"x")
    world.replicate()
    pass_time(world, 5)
    pairs = world.pair(**fields), world.pair(source_bucket="crr-source-2", **fields)
    results = compare(world, *pairs)
    assert [found(result) for result in results] == [{}, {}]
    assert [result["measures"]["surplus"] for result in results] == [1, 30]


def test_a_run_reads_no_more_than_it_has_to(world: World) -> None:
    """One progress, and a page of each side; nothing is looked at closely that is in order."""
    world.set_up()
    world.replicate()
    world.reset_calls()
    find_drift(world.root, [world.pair()])
    drift = world.calls()["reads"]
    world.reset_calls()
    compare(world, world.pair())
    assert world.calls()["reads"] - drift == 3


def test_missing_right_is_named(world: World) -> None:
    world.set_up()
    world.replicate()
    fault = {"action": "ListObjectsV2", "bucket": DESTINATION, "status": 403, "code": "AccessDenied"}
    world.server.runtime.gateway.faults.add(fault)
    (result,) = compare(world, world.pair(), cursors=None)
    assert [(finding["field"], finding["severity"]) for finding in result["findings"]] == [("comparison", "unknown")]
    assert "oss:ListObjects" in result["findings"][0]["cause"]
