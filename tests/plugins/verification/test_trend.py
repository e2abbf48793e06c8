"""What is remembered of a pair from one verification to the next."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from oss_crr.verification.model import PairResult
from oss_crr.verification.trend import KEEP, Trend, changed, sparkline
from tests.plugins.verification.made import NOON, lagging, make_finding, make_result, unreadable


def follow(trend: Trend, *results: PairResult) -> Trend:
    """Return the trend after some verifications."""
    for result in results:
        trend = trend.followed_by(trend.dated(result))
    return trend


def test_point_holds_what_is_shown() -> None:
    (point,) = follow(
        Trend(), make_result(0, make_finding(), lagging(), lag_seconds=3.0, arrival_seconds=9.5, history=1.0)
    ).points
    assert point.to_dict() == {
        "at": NOON.isoformat(),
        "health": "broken",
        "drift": 1,  # the lag is no drift
        "lag_seconds": 3.0,
        "arrival_seconds": 9.5,
    }


def test_finding_is_dated_by_the_first_verification_in_a_row_that_found_it() -> None:
    trend = follow(Trend(), make_result(0, make_finding()), make_result(1, make_finding(), lagging()))
    dated = trend.dated(make_result(2, make_finding(), lagging()))
    assert [finding.since for finding in dated.findings] == [
        NOON.isoformat(),
        (NOON + timedelta(hours=1)).isoformat(),
    ]


def test_finding_that_was_gone_in_between_is_new() -> None:
    trend = follow(Trend(), make_result(0, make_finding()), make_result(1))
    (finding,) = trend.dated(make_result(2, make_finding())).findings
    assert finding.since == (NOON + timedelta(hours=2)).isoformat()


def test_finding_does_not_become_new_because_nobody_could_look_in_between() -> None:
    trend = follow(Trend(), make_result(0, make_finding()), make_result(1, unreadable()))
    (finding,) = trend.dated(make_result(2, make_finding())).findings
    assert finding.since == NOON.isoformat()


def test_only_the_last_results_are_kept() -> None:
    trend = follow(Trend(), *(make_result(hour) for hour in range(KEEP + 5)))
    assert len(trend.points) == KEEP
    assert trend.points[-1].at == (NOON + timedelta(hours=KEEP + 4)).isoformat()


def test_number_of_results_can_be_chosen() -> None:
    trend = Trend()
    for hour in range(4):
        trend = trend.followed_by(make_result(hour), keep=2)
    assert len(trend.points) == 2


def test_verification_judged_again_replaces_its_first_judgement() -> None:
    trend = follow(Trend(), make_result(0), make_result(1, make_finding()))
    again = follow(trend, make_result(1, make_finding()))
    assert again == trend
    assert again.health_before(make_result(1)) == "healthy"


def test_step_that_has_nothing_new_keeps_what_it_had() -> None:
    trend = Trend().followed_by(make_result(0), {"check": {"history": 0.5, "starting_since": "x"}, "compare": {"n": 1}})
    trend = trend.followed_by(make_result(1), {"check": {"history": 1.0}, "compare": {}})
    assert trend.memory == {"check": {"history": 1.0}, "compare": {"n": 1}}


def test_row_round_trip_through_json() -> None:
    trend = follow(Trend(), make_result(0, make_finding(), lag_seconds=1.0), make_result(1))
    trend = trend.followed_by(make_result(2), {"check": {"history": 0.5}})
    assert Trend.from_row(json.loads(json.dumps(trend.to_row()))) == trend


@pytest.mark.parametrize(
    ("before", "now", "news"),
    [
        (None, "healthy", False),
        (None, "broken", True),
        ("healthy", "healthy", False),
        ("healthy", "lagging", True),
        ("broken", "broken", False),
        ("broken", "healthy", True),
    ],
)
def test_news(before: None, now: None, news: bool) -> None:
    assert changed(before, now) is news  # type: ignore[arg-type]


def test_sparkline() -> None:
    trend = follow(
        Trend(),
        make_result(0),
        make_result(1, lagging()),
        make_result(2, unreadable()),
        make_result(3, make_finding()),
    )
    assert sparkline(trend.points) == ".lub"
