"""The report's text."""

from __future__ import annotations

from typing import Any

from oss_crr.verification.model import Finding
from oss_crr.verification.table import broken_lines, seconds, summary, table
from oss_crr.verification.trend import Trend
from tests.plugins.verification.made import lagging, make_finding, make_repair, make_result, unreadable


def row(pair: str, *findings: Finding, repair: dict[str, Any] | None = None, **measures: Any) -> dict[str, Any]:
    result = make_result(0, *findings, pair=pair, **measures)
    result = Trend().dated(result)
    points = Trend().followed_by(result).points
    return {**result.to_dict(), "trend": [point.to_dict() for point in points], "repair": repair}


def test_worst_pairs_come_first_with_cause_and_repair() -> None:
    rows = [
        row("good", lag_seconds=3, arrival_seconds=200),
        row("late", lagging("late")),
        row("bad", make_finding("bad")),
    ]
    assert table(rows).splitlines() == [
        "3 pairs: 1 broken, 1 lagging, 1 healthy",
        "",
        "pair  health   drift  lag  arrival  results so far",
        "bad   broken   1      -    -        b",
        "late  lagging  0      -    -        l",
        "good  healthy  0      3 s  3 min    .",
        "",
        "bad",
        "  broken: destination_grant statement: the role may not write",
        "    expected a statement, found nothing, known since 2026-11-26 12:00 UTC",
        "    add the statement (`repair: apply` does that)",
        "late",
        "  lagging: lag watermark: late",
        "    expected a statement, found nothing, known since 2026-11-26 12:00 UTC",
        "    add the statement",
    ]


def test_long_documents_are_cut() -> None:
    finding = make_finding("a", expected={"Statement": ["x" * 500]}, found=True)
    (line,) = [line for line in table([row("a", finding)]).splitlines() if "expected" in line]
    assert line.startswith('    expected {"Statement": ["xxx')
    assert "x…, found true, known since" in line
    assert len(line) < 300


def test_repair_shows_what_was_written_and_what_was_before() -> None:
    assert table([row("a", repair=make_repair(make_finding()))]).splitlines()[-3:] == [
        "  repair: updated",
        "    wrote because it was missing",
        "    before: destination_grant statement: the role may not write",
    ]


def test_plan_shows_what_would_be_written() -> None:
    plan = {**make_repair(make_finding()), "mode": "plan"}
    assert table([row("a", make_finding(), repair=plan)]).splitlines()[-1] == "    would write because it was missing"


def test_nothing_but_the_table_when_all_is_well() -> None:
    assert table([row("a")]).splitlines()[-1] == "a     healthy  0      -    -        ."
    assert summary([row("a")]) == "1 pair: 1 healthy"


def test_broken_pairs_are_named_with_each_cause() -> None:
    rows = [row("a", make_finding("a"), lagging("a")), row("b", lagging("b")), row("c", unreadable("c"))]
    assert broken_lines(rows) == ["a: destination_grant statement: the role may not write"]


def test_seconds() -> None:
    assert [seconds(value) for value in (None, 0, 119, 600, 36000)] == ["-", "0 s", "119 s", "10 min", "10.0 h"]
