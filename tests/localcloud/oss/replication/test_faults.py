"""Replication going wrong on request."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from fastcrc import crc64

NAMES = pytest.mark.parametrize("name", ["src-dst", "src"], ids=["by rule", "by source bucket"])


@NAMES
def test_stalled_rule_copies_nothing(world: Any, name: str) -> None:
    world.faults.stalled.add(name)
    world.put("a")
    rule = world.rule()
    world.run()
    assert rule.status == "doing"
    assert not world.destination.keys
    world.faults.stalled.clear()
    world.run()
    assert list(world.destination.keys) == ["a"]


@NAMES
def test_slow_rule_has_its_own_speed(world: Any, name: str) -> None:
    world.faults.objects_per_second[name] = 1
    for key in "abc":
        world.put(key)
    world.rule()
    world.run()
    world.run(2)
    assert list(world.destination.keys) == ["a", "b"]


@NAMES
def test_lost_object_is_reported_as_copied(world: Any, name: str) -> None:
    world.faults.lost.add((name, "b"))
    for key in "abc":
        world.put(key)
    rule = world.rule()
    world.run()
    assert list(world.destination.keys) == ["a", "c"]
    assert rule.task.history_done == 3


@NAMES
@pytest.mark.parametrize("body", [b"body", b""])
def test_corrupted_replica_is_consistent_in_itself(world: Any, name: str, body: bytes) -> None:
    world.faults.corrupted.add((name, "a"))
    world.put("a", body)
    world.rule()
    world.run()
    replica = world.destination.latest("a")
    assert replica.body != body
    assert replica.crc64 == crc64.xz(replica.body)
    assert replica.etag == hashlib.md5(replica.body, usedforsecurity=False).hexdigest().upper()


@NAMES
@pytest.mark.parametrize("versioning", ["", "Enabled"])
def test_dropped_deletes_leave_the_replica(make_world: Any, versioning: str, name: str) -> None:
    world = make_world(versioning)
    world.put("a")
    world.rule()
    world.run()
    world.faults.drops_deletes.add(name)
    world.delete("a")
    world.run()
    assert world.destination.latest("a").delete_marker is False
    assert not world.engine.has_work()
