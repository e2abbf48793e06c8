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


@NAMES
def test_keys_of_faults_may_have_wildcards(world: Any, name: str) -> None:
    world.faults.lost.add((name, "tmp/*"))
    for key in ("tmp/a", "tmp/b/c", "a/tmp/", "tmp"):
        world.put(key)
    world.rule()
    world.run()
    assert list(world.destination.keys) == ["a/tmp/", "tmp"]


@NAMES
@pytest.mark.parametrize("versioning", ["", "Enabled"])
def test_stale_replica_keeps_its_old_body(make_world: Any, versioning: str, name: str) -> None:
    world = make_world(versioning)
    world.rule()
    world.faults.stale.add((name, "a"))
    first = world.put("a", b"first")
    world.run()
    assert world.destination.latest("a").body == b"first"
    second = world.put("a", b"second", headers={"content-type": "text/new"})
    world.put("b", b"other")
    world.run()
    replica = world.destination.latest("a")
    assert (replica.body, replica.etag, replica.crc64) == (b"first", first.etag, first.crc64)
    assert (replica.version_id, replica.headers) == (second.version_id, second.headers)
    assert not world.engine.has_work()
    world.faults.stale.clear()
    world.put("a", b"third")
    world.run()
    assert world.destination.latest("a").body == b"third"


@NAMES
def test_deletion_is_delivered_against_the_rule(world: Any, name: str) -> None:
    world.grant_destination("oss:ReplicateDelete")
    world.rule(actions=("PUT",), prefixes=("a", "b"))
    for key in ("a", "b", "c"):
        world.put(key)
    world.run()
    world.delete("a")
    world.run()
    assert list(world.destination.keys) == ["a", "b"]
    world.faults.delivers_deletes.add(name)
    world.run()
    assert list(world.destination.keys) == ["a", "b"], "what was deleted before the fault stays"
    world.put("c", bucket=world.destination)
    world.delete("b")
    world.delete("c")
    assert world.engine.has_work()
    world.run()
    assert list(world.destination.keys) == ["a", "c"]
    assert not world.engine.has_work()


@NAMES
def test_version_is_deleted_against_the_rule(versioned: Any, name: str) -> None:
    versioned.rule(actions=("PUT",))
    versioned.faults.delivers_deletes.add(name)
    kept, gone = versioned.put("a"), versioned.put("a")
    versioned.run()
    versioned.delete("a", gone.version_id)
    versioned.run()
    assert [version.version_id for version in versioned.destination.keys["a"]] == [kept.version_id]
