"""Reading what report tasks leave."""

from __future__ import annotations

from typing import Any

import pytest

from oss_crr.pages.report import Report, read_report
from tests.plugins.pages.samples import FLEET, SETUP, VERIFICATION


def read(value: object) -> Report:
    report = read_report(value)
    assert report is not None
    return report


def test_fleet_rows_are_taken_as_they_are() -> None:
    report = read(FLEET)

    assert report.kind == "pairs"
    assert [(row["pair"], row["buckets"], row["state"]) for row in report.rows] == [
        (row["name"], row["pair"], row["state"]) for row in FLEET
    ]
    assert report.summary == "1 of 3 pairs complete, 1 failed (media), 1 waiting"
    assert report.counts == {"complete": 1, "failed": 1, "waiting": 1}


def test_outcomes_of_a_setup_carry_their_row_in_the_details() -> None:
    (row,) = read(SETUP).rows

    assert (row["pair"], row["state"], row["rule_id"]) == ("a → b", "complete", "oss-crr-9")


def test_verification_shows_health_measures_and_number_of_findings() -> None:
    report = read(VERIFICATION)
    healthy, broken = report.rows

    assert report.kind == "verification"
    assert (healthy["state"], healthy["found"], healthy["lag_seconds"]) == ("healthy", 0, 3.0)
    assert (broken["state"], broken["found"]) == ("broken", 1)
    assert broken["findings"][0]["part"] == "destination_grant"


def test_verification_may_come_with_more_than_its_list() -> None:
    assert read({"results": VERIFICATION, "repair": []}).rows == read(VERIFICATION).rows


def test_what_a_finding_lacks_is_filled_in() -> None:
    (row,) = read([{"pair": "a", "health": "broken", "findings": [{"part": "role"}, "nonsense"]}]).rows

    assert row["findings"] == [
        {
            "part": "role",
            "field": "",
            "severity": "unknown",
            "expected": None,
            "found": None,
            "cause": "",
            "repair": "",
            "repairable": False,
            "extra": False,
            "since": None,
        }
    ]


@pytest.mark.parametrize("value", [None, "text", 7, [], {}, [1, 2], [{"no": "pair"}], {"pairs": "text"}])
def test_anything_else_is_no_report(value: Any) -> None:
    assert read_report(value) is None


def test_what_needs_attention_is_on_top() -> None:
    report = read(
        [{"pair": str(place), "state": state} for place, state in enumerate(["complete", "waiting", "failed"])]
    )

    assert [row["state"] for row in report.worst_first()] == ["failed", "waiting", "complete"]
    assert [row["pair"] for row in report.worst_first("waiting")] == ["1"]
