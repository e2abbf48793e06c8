"""A report in one line."""

from __future__ import annotations

import pytest

from oss_crr.summary import count_states, summary_line


def rows(**numbers: int) -> list[dict[str, str]]:
    """Return so many rows in each state, named for it."""
    return [
        {"pair": f"{state}-{number}", "state": state.replace("_", " ")}
        for state, wanted in numbers.items()
        for number in range(wanted)
    ]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (rows(complete=50), "50 of 50 pairs complete"),
        (rows(failed=1, waiting=1, complete=48), "48 of 50 pairs complete, 1 failed (failed-0), 1 waiting"),
        (rows(broken=1, healthy=1), "1 of 2 pairs healthy, 1 broken (broken-0)"),
        (rows(planned=3), "3 of 3 pairs planned"),
        (rows(planned=3, failed=1), "3 of 4 pairs planned, 1 failed (failed-0)"),
        (rows(failed=2), "2 of 2 pairs failed (failed-0, failed-1)"),
        ([], "no pairs"),
    ],
)
def test_line_tells_the_goal_first_and_names_what_failed(states: list[dict[str, str]], expected: str) -> None:
    assert summary_line(states) == expected


def test_line_stays_short_when_everything_fails() -> None:
    line = summary_line(rows(failed=1000))

    assert line.endswith("failed-4, and 995 more)")
    assert len(line) < 200


def test_health_counts_as_state() -> None:
    assert count_states([{"pair": "a", "health": "lagging"}, {"pair": "b"}]) == {"lagging": 1, "unknown": 1}
