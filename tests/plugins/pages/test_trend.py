"""The small picture of a pair's last results."""

from __future__ import annotations

from typing import Any

import pytest

from oss_crr.pages.trend import HEIGHT, WIDTH, sparkline


def trend(*values: float | None, key: str = "arrival_seconds") -> list[dict[str, Any]]:
    return [{"at": "now", "health": "healthy", key: value} for value in values]


def test_line_runs_from_left_to_right_and_high_values_are_high() -> None:
    drawing = sparkline(trend(1, 5, 3))
    assert drawing is not None
    (left, middle, right) = drawing["dots"]

    assert 0 <= left["x"] < middle["x"] < right["x"] <= WIDTH
    assert 0 <= middle["y"] < right["y"] < left["y"] <= HEIGHT
    assert drawing["line"].count(",") == 3


def test_what_was_not_measured_is_a_dot_beside_the_line() -> None:
    drawing = sparkline(trend(1, None, 3))
    assert drawing is not None

    assert len(drawing["dots"]) == 3
    assert drawing["line"].count(",") == 2
    assert "not measured" in drawing["dots"][1]["title"]


def test_lag_is_drawn_where_no_canary_ran() -> None:
    drawing = sparkline(trend(60, 120, key="lag_seconds"))

    assert drawing is not None
    assert "seconds of lag" in drawing["title"]


def test_all_zero_is_a_flat_line() -> None:
    drawing = sparkline(trend(0, 0, key="drift"))

    assert drawing is not None
    assert {dot["y"] for dot in drawing["dots"]} == {HEIGHT - 3.0}


@pytest.mark.parametrize("value", [None, [], trend(1), trend(None, None), ["nonsense"], "text"])
def test_nothing_to_compare_is_no_picture(value: object) -> None:
    assert sparkline(value) is None
