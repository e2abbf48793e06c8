"""How values are written for people."""

from __future__ import annotations

from typing import Any

import pytest

from oss_crr.pages.columns import PAIRS, Column, Form, document, duration, used
from oss_crr.pages.report import read_report
from tests.plugins.pages.samples import FLEET


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        ("percent", 0.999, "99 %"),
        ("percent", 1.0, "100 %"),
        ("percent", 0.29, "29 %"),
        ("bytes", 0, "0 B"),
        ("bytes", 1536, "1.5 KiB"),
        ("bytes", 1024**4, "1.0 TiB"),
        ("bytes", 1024**7, "1,048,576.0 PiB"),
        ("number", 1234567, "1,234,567"),
        ("number", None, ""),
        ("number", True, "True"),
        ("seconds", 3.25, "3.2 s"),
        ("seconds", "soon", "soon"),
        ("text", 7, "7"),
    ],
)
def test_values(form: Form, value: Any, text: str) -> None:
    assert Column("key", "Key", form).text({"key": value}) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(59, "59 s"), (60, "1 min"), (3599, "59 min 59 s"), (3660, "1 h 1 min"), (90000, "1 d 1 h"), (172800, "2 d")],
)
def test_durations_have_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_columns_without_values_are_left_out() -> None:
    report = read_report(FLEET)
    assert report is not None
    left_out = {column.key for column in PAIRS} - {column.key for column in used(PAIRS, report.rows)}

    assert left_out == {"waited_seconds"}


def test_documents_are_indented_and_bounded() -> None:
    assert document(None) == "nothing"
    assert document("as it is") == "as it is"
    assert document({"a": ["ü"]}) == '{\n  "a": [\n    "ü"\n  ]\n}'
    assert "the JSON has all of it" in document("x" * 10000)
    assert len(document("x" * 10000)) < 5000
