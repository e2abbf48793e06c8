"""What is copied, how replicas look, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from localcloud.oss import objects
from localcloud.oss.model import Bucket


def history_of(bucket: Bucket) -> dict[str, list[tuple[str, bytes, bool]]]:
    """Return id, body and marker flag of every version, by key."""
    return {key: [(v.version_id, v.body, v.delete_marker) for v in versions] for key, versions in bucket.keys.items()}


def test_replica_is_the_object_as_it_was_written(world: Any) -> None:
    written = world.put(
        "a",
        b"body",
        etag="E",
        crc64=42,
        object_type="Multipart",
        headers={"content-type": "text/plain"},
        user_meta={"owner": "me"},
        tagging={"team": "x"},
        acl="public-read",
    )
    world.rule()
    world.clock.advance(100)
    world.run()
    assert world.destination.latest("a") == replace(written, replica=True)


def test_history_and_new_writes_arrive(world: Any) -> None:
    world.put("old")
    world.rule()
    world.put("new")
    world.put("old", b"overwritten")
    world.run()
    assert {key: v[0].body for key, v in world.destination.keys.items()} == {"old": b"overwritten", "new": b"x"}


def test_without_history_only_new_writes_arrive(world: Any) -> None:
    world.put("old")
    world.rule(history=False)
    world.put("new")
    world.run()
    assert list(world.destination.keys) == ["new"]


def test_versions_and_delete_markers_arrive_in_their_order(versioned: Any) -> None:
    world = versioned
    world.put("a", b"1")
    world.put("a", b"2")
    world.delete("a")
    world.put("b", b"1")
    world.rule()
    world.put("a", b"3")
    world.run()
    assert len(world.source.keys["a"]) == 4
    assert history_of(world.destination) == history_of(world.source)
    assert all(version.replica for versions in world.destination.keys.values() for version in versions)


def test_copying_again_keeps_the_order_of_versions(versioned: Any) -> None:
    world = versioned
    for body in (b"1", b"2", b"3"):
        world.put("a", body)
    first = world.rule()
    world.run()
    del world.source.rules[first.id]
    world.rule(id="again")
    world.run()
    assert history_of(world.destination) == history_of(world.source)


def test_copying_again_does_not_lift_an_old_version_above_newer_ones(versioned: Any) -> None:
    world = versioned
    world.put("a", b"1")
    newest = world.put("a", b"2")
    first = world.rule(actions=("PUT",))
    world.run()
    world.delete("a", newest.version_id)
    del world.source.rules[first.id]
    world.rule(id="again", actions=("PUT",))
    world.run()
    assert [version.body for version in world.destination.keys["a"]] == [b"2", b"1"]


@pytest.mark.parametrize(
    ("versioning", "actions", "by_version", "travels"),
    [
        ("", ("PUT",), False, False),
        ("", ("ALL",), False, True),
        ("", ("PUT", "DELETE"), False, True),
        ("", ("PUT", "ABORT"), False, False),
        ("Enabled", ("PUT",), False, True),
        ("Enabled", ("ALL",), False, True),
        ("Enabled", ("PUT",), True, False),
        ("Enabled", ("ALL",), True, True),
        ("Enabled", ("PUT", "DELETE", "ABORT"), True, True),
    ],
)
def test_deletions_travel_by_the_table(
    make_world: Any, versioning: str, actions: tuple[str, ...], by_version: bool, travels: bool
) -> None:
    world = make_world(versioning)
    version = world.put("a")
    world.rule(actions=actions)
    world.run()
    before = history_of(world.destination)
    world.delete("a", version.version_id if by_version else None)
    world.run()
    expected = history_of(world.source) if travels else before
    assert history_of(world.destination) == expected
    assert history_of(world.source) != before


def test_only_keys_under_the_prefixes_travel(world: Any) -> None:
    for key in ("logs/1", "logs2", "video/1", "other"):
        world.put(key)
    world.rule(prefixes=("logs/", "video"))
    for key in ("logs/2", "log", "videos"):
        world.put(key)
    world.destination.write(world.source.latest("other"), "put", world.clock.now())
    world.delete("other")
    world.run()
    assert list(world.destination.keys) == ["logs/1", "logs/2", "other", "video/1", "videos"]


@pytest.mark.parametrize("kind", ["acl", "tagging", "metadata"])
def test_changes_of_an_object_travel(versioned: Any, kind: str) -> None:
    world = versioned
    old = world.put("a", b"1")
    world.put("a", b"2")
    world.rule(actions=("PUT",))
    world.run()
    changed = replace(old, acl="private", tagging={"k": "v"}, user_meta={"m": "1"})
    world.source.amend(changed, kind, world.clock.now())
    world.run()
    assert world.destination.keys["a"][1] == replace(changed, replica=True)
    assert world.destination.keys["a"][0].body == b"2"


def test_change_of_an_object_that_was_never_copied_does_not_bring_it(world: Any) -> None:
    old = world.put("a")
    world.rule(history=False)
    world.source.amend(replace(old, acl="private"), "acl", world.clock.now())
    world.run()
    assert not world.destination.keys
    assert not world.engine.has_work()


def test_appended_object_grows_at_the_destination(world: Any) -> None:
    world.rule()
    world.put("log", b"one", object_type="Appendable")
    world.run()
    world.put("log", b"one two", object_type="Appendable")
    world.run()
    assert world.destination.latest("log").body == b"one two"


def test_symbolic_link_is_copied_as_a_link(world: Any) -> None:
    world.put("link", b"", object_type="Symlink", symlink_target="target")
    world.rule()
    world.run()
    assert world.destination.latest("link").symlink_target == "target"


@pytest.mark.parametrize(
    ("storage_class", "copied"),
    [("Standard", True), ("IA", True), ("Archive", True), ("ColdArchive", False), ("DeepColdArchive", False)],
)
def test_cold_archive_is_left_out_silently(world: Any, storage_class: str, copied: bool) -> None:
    world.put("a", storage_class=storage_class)
    rule = world.rule()
    world.run()
    assert ("a" in world.destination.keys) is copied
    assert rule.task.history_done == 1


def test_replica_of_a_restored_object_is_not_restored(world: Any) -> None:
    world.put("a", storage_class="Archive", restored_until=world.clock.now())
    world.rule()
    world.run()
    assert world.destination.latest("a").restored_until is None


@pytest.mark.parametrize(("whose", "expected"), [("source", "IA"), ("destination", "Archive")])
def test_storage_class_of_replicas_is_a_setting(world: Any, whose: str, expected: str) -> None:
    world.cloud.behaviour.replica_storage_class = whose
    world.destination.storage_class = "Archive"
    world.put("a", storage_class="IA")
    world.rule()
    world.run()
    assert world.destination.latest("a").storage_class == expected


def test_move_to_another_storage_class_is_not_replicated(world: Any) -> None:
    world.put("a", b"body")
    world.rule()
    world.run()
    world.put("a", b"body", storage_class="IA")
    world.run()
    assert world.destination.latest("a").storage_class == "Standard"
    world.put("a", b"other", storage_class="IA")
    world.run()
    assert world.destination.latest("a").storage_class == "IA"


def test_appendable_object_is_not_copied_into_a_cold_bucket(world: Any) -> None:
    world.destination.storage_class = "ColdArchive"
    world.put("appended", object_type="Appendable")
    world.put("put")
    world.rule()
    world.run()
    assert list(world.destination.keys) == ["put"]


def test_nothing_is_applied_to_an_object_under_retention(world: Any) -> None:
    world.put("a", b"1")
    world.put("b", b"1")
    world.rule()
    world.run()
    world.destination.worm_days = 1
    world.put("a", b"2")
    world.delete("b")
    world.put("c", b"1")
    world.run()
    assert {key: v[0].body for key, v in world.destination.keys.items()} == {"a": b"1", "b": b"1", "c": b"1"}
    world.run(86_400)
    world.put("a", b"3")
    world.run()
    assert world.destination.latest("a").body == b"3"


def test_one_source_fans_out(world: Any) -> None:
    other = world.bucket("other", region="cn-shanghai")
    world.put("a")
    world.rule()
    world.rule(destination="other", actions=("PUT",), sync_role=None)
    world.put("b")
    world.run()
    world.delete("a")
    world.run()
    assert list(world.destination.keys) == ["b"]
    assert list(other.keys) == ["a", "b"]


def test_two_way_pair_does_not_loop(world: Any) -> None:
    other = world.bucket("other", region="cn-shanghai")
    world.put("from-source")
    world.put("from-other", bucket=other)
    there = world.rule(destination="other", sync_role=None)
    back = world.rule(source="other", destination="src", sync_role=None)
    for _ in range(3):
        world.run()
    assert list(world.source.keys) == list(other.keys) == ["from-other", "from-source"]
    assert there.task.history_total == back.task.history_total == 1
    assert not world.engine.has_work()
    world.put("from-source", b"changed there", bucket=other)
    world.delete("from-other")
    world.run()
    assert world.source.latest("from-source").body == b"changed there"
    assert list(other.keys) == ["from-source"]
    assert not world.engine.has_work()


def test_chain_does_not_forward_replicas(world: Any) -> None:
    middle = world.bucket("other", region="cn-shanghai")
    world.rule(destination="other", sync_role=None)
    world.rule(source="other", destination="dst")
    world.put("from-source")
    world.put("own", bucket=middle)
    for _ in range(3):
        world.run()
    assert list(middle.keys) == ["from-source", "own"]
    assert list(world.destination.keys) == ["own"]


def test_replicas_are_not_forwarded_as_history_either(world: Any) -> None:
    middle = world.bucket("other", region="cn-shanghai")
    world.put("from-source")
    world.put("own", bucket=middle)
    world.rule(destination="other", sync_role=None)
    world.run()
    onward = world.rule(source="other", destination="dst")
    world.run()
    assert list(world.destination.keys) == ["own"]
    assert onward.task.history_total == 1


def test_replicated_deletions_are_not_forwarded(world: Any) -> None:
    middle = world.bucket("other", region="cn-shanghai")
    world.rule(destination="other", sync_role=None)
    world.rule(source="other", destination="dst")
    world.put("a")
    world.run()
    world.put("a", b"its own", bucket=world.destination)
    world.delete("a")
    for _ in range(3):
        world.run()
    assert not middle.keys
    assert list(world.destination.keys) == ["a"]


def test_object_that_vanished_before_it_was_copied_is_skipped(versioned: Any) -> None:
    world = versioned
    gone = world.put("a", b"1")
    world.put("a", b"2")
    rule = world.rule(actions=("PUT",))
    world.delete("a", gone.version_id)
    world.run()
    assert [version.body for version in world.destination.keys["a"]] == [b"2"]
    assert rule.task.history_finished is not None


def test_missing_destination_holds_everything_up(world: Any) -> None:
    world.put("a")
    world.rule()
    del world.cloud.buckets["dst"]
    world.run()
    assert world.engine.has_work()
    world.cloud.buckets["dst"] = world.destination
    world.run()
    assert list(world.destination.keys) == ["a"]


def test_deleting_what_was_put_again_leaves_the_new_object(world: Any) -> None:
    world.put("a", b"1")
    world.rule()
    world.delete("a")
    world.put("a", b"2")
    world.run()
    assert world.destination.latest("a").body == b"2"
    assert objects.delete(world.source, "a", None, world.clock.now()).version_id is None
    world.run()
    assert not world.destination.keys
