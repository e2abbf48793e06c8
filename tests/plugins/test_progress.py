"""When waiting for a rule is over."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest

from oss_crr.model import Progress
from oss_crr.progress import FINAL, RuleProgress, WaitedRule, judge, summary

TIME = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)


def rule(*, has_history: bool = True, pair: str = "a → b") -> WaitedRule:
    return WaitedRule(pair, "oss_source", "cn-hangzhou", "a", "rule-1", has_history)


@pytest.mark.parametrize(
    ("has_history", "status", "history", "state"),
    [
        (True, "starting", None, "waiting"),
        (True, "starting", 0.0, "waiting"),
        (True, "starting", 1.0, "waiting"),
        (True, "doing", None, "waiting"),
        (True, "doing", 0.0, "waiting"),
        (True, "doing", 0.999999, "waiting"),
        (True, "doing", 1.0, "complete"),
        (True, "closing", None, "closing"),
        (True, "closing", 1.0, "closing"),
        (False, "starting", None, "waiting"),
        (False, "doing", None, "complete"),
        (False, "doing", 0.0, "complete"),
        (False, "closing", None, "closing"),
    ],
)
def test_states(has_history: bool, status: Any, history: float | None, state: str) -> None:
    """An absent fraction means "not known yet", never "finished"."""
    found = judge(rule(has_history=has_history), Progress(status, has_history, history, None))
    assert found == RuleProgress("a → b", state, history)  # type: ignore[arg-type]


def test_vanished_rule() -> None:
    assert judge(rule(), None) == RuleProgress("a → b", "vanished")


@pytest.mark.parametrize(("status", "history"), [("starting", None), ("doing", 1.0), ("closing", 0.5)])
def test_watermark_is_kept_as_text(status: Any, history: float | None) -> None:
    found = judge(rule(), Progress(status, True, history, TIME))
    assert found.watermark == "2026-11-01T12:30:00+00:00"
    assert datetime.fromisoformat(found.watermark) == TIME


@pytest.mark.parametrize(
    ("state", "complete", "gone"),
    [
        ("waiting", False, False),
        ("complete", True, False),
        ("closing", True, False),
        ("vanished", True, True),
        ("unreadable", True, True),
    ],
)
def test_when_waiting_is_over(state: Any, complete: bool, gone: bool) -> None:
    found = RuleProgress("a → b", state)
    assert (found.is_final("complete"), found.is_final("gone")) == (complete, gone)


def test_every_goal_ends() -> None:
    assert all(FINAL.values())


def test_progress_survives_the_way_through_the_triggerer() -> None:
    found = RuleProgress("a → b", "doing", 0.5, TIME.isoformat(), {"type": "NotFound"})  # type: ignore[arg-type]
    assert RuleProgress.from_dict(json.loads(json.dumps(asdict(found)))) == found
    assert WaitedRule(**json.loads(json.dumps(asdict(rule())))) == rule()


# --- one line for the log --------------------------------------------------------------------------------------------


def item(pair: str, state: Any, history: float | None = None) -> RuleProgress:
    return RuleProgress(pair, state, history)


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ([], "0 of 0 pairs complete"),
        ([item("a", "complete", 1.0)], "1 of 1 pairs complete"),
        ([item("a", "waiting")], "0 of 1 pairs complete, slowest a not started"),
        ([item("a", "waiting", 0.25), item("b", "complete", 1.0)], "1 of 2 pairs complete, slowest a 25%"),
        ([item("a", "waiting", 0.5), item("b", "waiting", 0.4)], "0 of 2 pairs complete, slowest b 40%"),
        ([item("a", "waiting", 0.5), item("b", "waiting")], "0 of 2 pairs complete, slowest b not started"),
        ([item("a", "vanished"), item("b", "closing")], "0 of 2 pairs complete"),
    ],
)
def test_summary(found: list[RuleProgress], line: str) -> None:
    assert summary(found) == line
