"""Whatever is done to the source, in the end the destination holds what the rule says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.oss.model import Bucket

KEYS = ("a", "b", "in/a", "in/b")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(KEYS), st.integers(0, 9)),
        st.tuples(st.just("delete"), st.sampled_from(KEYS), st.just(0)),
        st.tuples(st.just("delete version"), st.sampled_from(KEYS), st.integers(0, 3)),
        st.tuples(st.just("tick"), st.just(""), st.integers(1, 3)),
        st.tuples(st.just("refuse"), st.sampled_from(("*", *KEYS)), st.just(0)),
        st.tuples(st.just("allow"), st.just(""), st.just(0)),
    ),
    max_size=40,
)
SETTINGS = settings(max_examples=60, deadline=None)


def do(world: Any, step: tuple[str, str, int]) -> None:
    """Do one step; the clock moves with every write, and a tick copies a few objects at most."""
    verb, key, number = step
    if verb == "put":
        world.put(key, str(number).encode())
    elif verb == "delete":
        world.delete(key)
    elif verb == "delete version" and len(world.source.keys.get(key, ())) > number:
        world.delete(key, world.source.keys[key][number].version_id)
    elif verb == "tick":
        world.run(number)
    elif verb == "refuse":
        denied = {"Effect": "Deny", "Action": ["oss:ReplicatePut", "oss:ReplicateDelete"], "Principal": ["*"]}
        world.grant_destination(more=({**denied, "Resource": [f"acs:oss:*:*:dst/{key}"]},))
    elif verb == "allow":
        world.grant_destination()


def replicate(world: Any, before: list[Any], after: list[Any], **rule: Any) -> None:
    """Do some steps, open a rule, do more, and give replication all the time and rights it needs."""
    world.cloud.behaviour.objects_per_second = 2
    for step in before:
        do(world, step)
    world.grant_destination()
    world.rule(**rule)
    for step in after:
        do(world, step)
    world.grant_destination()
    world.cloud.behaviour.objects_per_second = 0
    for _ in range(3):
        world.run()
    assert not world.engine.has_work()


def content(bucket: Bucket, prefix: str = "") -> dict[str, list[tuple[str, bytes, bool]]]:
    return {
        key: [(v.version_id, v.body, v.delete_marker) for v in versions]
        for key, versions in bucket.keys.items()
        if key.startswith(prefix)
    }


@SETTINGS
@given(before=STEPS, after=STEPS, versioning=st.sampled_from(("", "Enabled")), prefix=st.sampled_from(("", "in/")))
def test_all_makes_the_destination_equal(
    make_world: Callable[..., Any], before: list[Any], after: list[Any], versioning: str, prefix: str
) -> None:
    world = make_world(versioning)
    replicate(world, before, after, prefixes=(prefix,) if prefix else ())
    assert content(world.destination) == content(world.source, prefix)


@SETTINGS
@given(before=STEPS, after=STEPS)
def test_put_only_never_takes_anything_away(
    make_world: Callable[..., Any], before: list[Any], after: list[Any]
) -> None:
    """Everything at the source is at the destination, and what was there at any time stays there."""
    world = make_world()
    copied: set[str] = set()
    world.destination.listeners.append(lambda _, change: copied.add(change.key))
    replicate(world, before, after, actions=("PUT",))
    assert set(world.destination.keys) == copied
    for key, versions in world.source.keys.items():
        assert world.destination.latest(key).body == versions[0].body


@SETTINGS
@given(after=STEPS)
def test_without_history_only_keys_touched_since_arrive(make_world: Callable[..., Any], after: list[Any]) -> None:
    world = make_world()
    replicate(world, [("put", key, 0) for key in KEYS], after, history=False)
    touched = {key for verb, key, _ in after if verb == "put"}
    assert set(world.destination.keys) == touched & set(world.source.keys)
