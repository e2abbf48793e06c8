"""The life of a rule: starting, doing, closing, gone; and its survival on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from localcloud.cloud import Cloud
from localcloud.oss import objects
from localcloud.oss.replication.engine import ReplicationEngine
from localcloud.oss.replication.recorder import close_rule
from localcloud.state import load_state, save_state


def test_rule_copies_nothing_while_it_starts(world: Any) -> None:
    world.cloud.behaviour.rule_start_seconds = 10
    world.put("a")
    rule = world.rule()
    world.run(9)
    assert rule.status == "starting"
    assert not world.destination.keys
    world.run(1)
    assert rule.status == "doing"
    assert list(world.destination.keys) == ["a"]


def test_writes_while_it_starts_are_copied_even_without_history(world: Any) -> None:
    world.put("before")
    world.rule(history=False)
    world.put("meanwhile")
    world.run()
    assert list(world.destination.keys) == ["meanwhile"]


def test_closing_rule_copies_nothing_and_then_is_gone(world: Any) -> None:
    world.cloud.behaviour.rule_close_seconds = 10
    rule = world.rule()
    world.run()
    world.put("pending")
    close_rule(rule, world.clock.now())
    world.put("later")
    assert not rule.task.has_work
    world.run(9)
    assert rule.status == "closing"
    assert world.source.rules == {rule.id: rule}
    assert not world.destination.keys
    world.run(1)
    assert not world.source.rules
    assert not world.source.listeners


def test_engine_has_work_until_everything_is_copied(world: Any) -> None:
    assert not world.engine.has_work()
    world.rule()
    assert world.engine.has_work()
    world.run()
    assert not world.engine.has_work()
    world.put("a")
    assert world.engine.has_work()
    world.run()
    assert not world.engine.has_work()


def test_saved_cloud_goes_on_where_it_was(world: Any, tmp_path: Path) -> None:
    world.put("history")
    world.rule()
    world.put("pending")
    save_state(world.cloud, tmp_path / "state")
    cloud = Cloud()
    load_state(cloud, tmp_path / "state")
    cloud.clock = world.clock
    engine = ReplicationEngine(cloud)
    cloud.clock.advance(1)
    engine.tick(60)
    source, destination = cloud.buckets["src"], cloud.buckets["dst"]
    assert list(destination.keys) == ["history", "pending"]
    objects.delete(source, "history", None, cloud.clock.now())
    engine.tick(60)
    assert list(destination.keys) == ["pending"]
    assert list(world.source.keys) == ["history", "pending"]
