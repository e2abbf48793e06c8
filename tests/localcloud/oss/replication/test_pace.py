"""How much is done at once: speed limits, the budget of a tick, and turns."""

from __future__ import annotations

from typing import Any


def test_speed_limit_follows_the_clock(world: Any) -> None:
    world.cloud.behaviour.objects_per_second = 5
    for number in range(40):
        world.put(f"{number:02}")
    world.rule()
    counts = []
    for seconds in (1, 1, 0.1, 0.1, 2):
        world.run(seconds)
        counts.append(len(world.destination.keys))
    assert counts == [0, 5, 5, 6, 16]


def test_slow_speeds_add_up_over_many_ticks(world: Any) -> None:
    world.cloud.behaviour.objects_per_second = 0.5
    world.put("a")
    world.rule()
    world.run()
    for _ in range(7):
        world.run(0.25)
    assert not world.destination.keys
    world.run(0.25)
    assert list(world.destination.keys) == ["a"]


def test_time_without_work_does_not_save_up_speed(world: Any) -> None:
    world.cloud.behaviour.objects_per_second = 2
    world.rule()
    world.put("first")
    world.run()
    world.run()
    world.run(1000)
    for number in range(5):
        world.put(str(number))
    world.run()
    world.run()
    assert len(world.destination.keys) == 1 + 2


def test_time_without_rights_does_not_save_up_speed(world: Any) -> None:
    world.cloud.behaviour.objects_per_second = 2
    for number in range(20):
        world.put(str(number))
    world.rule()
    world.run()
    world.trust({"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"Service": ["*"]}})
    world.run()
    world.trust({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}})
    world.run(1000)
    world.run()
    assert len(world.destination.keys) == 2


def test_removed_limit_lets_everything_through(world: Any) -> None:
    world.cloud.behaviour.objects_per_second = 1
    for number in range(100):
        world.put(str(number))
    world.rule()
    world.run(2)
    world.cloud.behaviour.objects_per_second = 0
    world.run(0)
    assert len(world.destination.keys) == 100


def test_tick_without_time_does_one_turn_and_all_rules_get_theirs(world: Any) -> None:
    others = [world.bucket(f"other-{number}", region="cn-beijing") for number in range(4)]
    for number in range(100):
        world.put(f"{number:03}")
    for bucket in others:
        world.rule(destination=bucket.name, sync_role=None)
    world.clock.advance(1)
    world.engine.tick(0)
    sizes = sorted(len(bucket.keys) for bucket in others)
    assert sizes[:3] == [0, 0, 0]
    assert 0 < sizes[3] < 100
    for _ in range(3):
        world.engine.tick(0)
    assert len({len(bucket.keys) for bucket in others}) == 1


def test_new_writes_do_not_wait_for_a_long_history(world: Any) -> None:
    world.cloud.behaviour.objects_per_second = 1
    for number in range(100):
        world.put(f"{number:03}")
    world.rule()
    world.run()
    world.put("new")
    world.put("099", b"overwritten")
    world.run()
    world.run(3)
    assert list(world.destination.keys) == ["000", "099", "new"]
    assert world.destination.latest("099").body == b"overwritten"


def test_blocked_rule_is_not_tried_before_its_time(world: Any) -> None:
    world.cloud.behaviour.replication_retry_seconds = 60
    world.put("a")
    world.rule()
    world.trust({"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"Service": ["*"]}})
    world.run()
    world.trust({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}})
    world.run(59)
    assert not world.destination.keys
    world.run(1)
    assert list(world.destination.keys) == ["a"]
