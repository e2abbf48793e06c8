"""How values are read and written that all services write alike."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from localcloud.formats import escape_xml, iso_milliseconds, iso_seconds, parse_json, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("9" * 18, 10**18 - 1),
        ("9" * 5000, None),
        ("", None),
        ("-1", None),
        ("1_0", None),
        ("²", None),
    ],
)
def test_whole_numbers(text: str, number: int | None) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000])
def test_text_that_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"Expecting|nested"):
        parse_json(text)


def test_xml_carries_no_control_characters() -> None:
    assert escape_xml("a<b&\x01\t\n") == "a&lt;b&amp;?\t\n"


def test_times() -> None:
    time = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
    assert (iso_seconds(time), iso_milliseconds(time)) == ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z")
