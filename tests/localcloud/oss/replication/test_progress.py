"""What the progress tells: the fraction of history, the watermark of new writes, and the state of RTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from localcloud.oss.replication.progress import format_watermark, history_fraction, watermark


def progress(world: Any, rule_id: str = "src-dst") -> dict[str, str | None]:
    """Return the Progress element's children, by name."""
    answer = world.call("GetBucketReplicationProgress", query=f"replicationProgress&rule-id={rule_id}")
    node = ElementTree.fromstring(answer.body).find("Rule/Progress")  # noqa: S314 - our own answer
    return {} if node is None else {child.tag: child.text for child in node}


def test_progress_is_absent_while_starting_and_closing(world: Any) -> None:
    world.rule()
    assert progress(world) == {}
    world.run()
    assert set(progress(world)) == {"HistoricalObject", "NewObject"}
    world.call("DeleteBucketReplication", "<ReplicationRules><ID>src-dst</ID></ReplicationRules>")
    assert progress(world) == {}


def test_history_is_absent_without_history(world: Any) -> None:
    world.put("a")
    world.rule(history=False)
    world.run()
    assert set(progress(world)) == {"NewObject"}


@pytest.mark.parametrize(
    ("total", "done", "fraction"),
    [(0, 0, "1.00"), (3, 0, "0.00"), (3, 2, "0.66"), (1000, 999, "0.99"), (200, 199, "0.99"), (3, 3, "1.00")],
)
def test_fraction_is_rounded_down(world: Any, total: int, done: int, fraction: str) -> None:
    rule = world.rule()
    rule.task.history_total, rule.task.history_done = total, done
    assert history_fraction(rule) == fraction


def test_fraction_grows_with_what_is_copied(world: Any) -> None:
    world.cloud.behaviour.objects_per_second = 1
    for number in range(8):
        world.put(str(number))
    world.rule()
    world.run()
    seen = []
    for _ in range(9):
        seen.append(progress(world)["HistoricalObject"])
        world.run()
    assert seen == ["0.00", "0.12", "0.25", "0.37", "0.50", "0.62", "0.75", "0.87", "1.00"]


def test_new_writes_do_not_count_as_history(world: Any) -> None:
    world.put("a")
    world.rule()
    world.put("b")
    world.put("c")
    world.run()
    assert progress(world)["HistoricalObject"] == "1.00"


def test_watermark_stays_at_the_oldest_write_that_is_missing(world: Any) -> None:
    rule = world.rule()
    world.put("a")
    world.run()
    assert watermark(rule, world.clock.now()) == world.clock.now()
    world.faults.stalled.add(rule.id)
    first = world.put("b").last_modified
    world.put("c")
    world.run()
    assert watermark(rule, world.clock.now()) == first
    world.faults.stalled.clear()
    world.run()
    assert watermark(rule, world.clock.now()) == world.clock.now()


def test_watermark_counts_writes_that_wait_for_a_right(world: Any) -> None:
    rule = world.rule()
    world.run()
    world.grant_destination("oss:ReplicatePut")
    first = world.put("b").last_modified
    world.put("a")
    world.run()
    world.put("c")
    assert watermark(rule, world.clock.now()) == first


def test_watermark_can_stay_while_nobody_writes(world: Any) -> None:
    world.cloud.behaviour.watermark_moves_when_idle = False
    world.put("history")
    world.rule()
    world.run()
    assert "NewObject" not in progress(world)
    written = world.put("a").last_modified
    world.run()
    world.run(3600)
    assert progress(world)["NewObject"] == format_watermark(written, "iso8601")
    world.faults.stalled.add("src")
    waiting = world.put("b").last_modified
    world.run(3600)
    assert progress(world)["NewObject"] == format_watermark(waiting, "iso8601")


@pytest.mark.parametrize(
    ("style", "text"), [("iso8601", "2026-11-22T12:00:01.999Z"), ("rfc1123", "Sun, 22 Nov 2026 12:00:01 GMT")]
)
def test_watermark_is_written_in_either_style_and_rounded_down(style: str, text: str) -> None:
    time = datetime(2026, 11, 22, 12, 0, 1, 999_999, tzinfo=UTC)
    assert format_watermark(time, style) == text


def test_answer_uses_the_style_that_is_set(world: Any) -> None:
    world.cloud.behaviour.new_object_style = "rfc1123"
    world.rule()
    world.run()
    assert (progress(world)["NewObject"] or "").endswith("GMT")


def rtc_of(world: Any) -> str | None:
    body = world.call("GetBucketReplication").body
    return ElementTree.fromstring(body).findtext("Rule/RTC/Status")  # noqa: S314 - our own answer


def test_rtc_is_enabling_until_history_is_done_and_its_time_is_over(world: Any) -> None:
    world.cloud.behaviour.objects_per_second = 1
    world.cloud.behaviour.rtc_enable_seconds = 10
    world.put("a")
    world.rule(rtc="enabled")
    states = []
    for step in (1, 1, 9, 1):
        world.run(step)
        states.append(rtc_of(world))
    assert states == ["enabling", "enabling", "enabling", "enabled"]


def test_rtc_of_an_empty_bucket_is_enabled_with_the_rule(world: Any) -> None:
    world.rule(rtc="enabled")
    world.run(1)
    world.run(1)
    assert rtc_of(world) == "enabled"


def test_rtc_can_be_switched_on_and_off(world: Any) -> None:
    world.cloud.behaviour.rtc_enable_seconds = 10
    world.rule(history=False)
    world.run(100)
    assert rtc_of(world) == "disabled"
    body = "<ReplicationRule><RTC><Status>{}</Status></RTC><ID>src-dst</ID></ReplicationRule>"
    world.call("PutBucketRTC", body.format("enabled"))
    assert rtc_of(world) == "enabling"
    world.clock.advance(timedelta(seconds=10).total_seconds())
    assert rtc_of(world) == "enabled"
    world.call("PutBucketRTC", body.format("disabled"))
    assert rtc_of(world) == "disabled"
