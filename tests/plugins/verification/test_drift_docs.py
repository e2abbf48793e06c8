"""The page on drift names every part and field that a verification reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.drift_cases import CASES

PAGE = (Path(__file__).parents[3] / "docs" / "verification-drift.md").read_text(encoding="utf-8")
REPORTED = sorted({finding for case in CASES.values() for finding in case.findings})


@pytest.mark.parametrize(("part", "field"), REPORTED, ids=lambda name: name)
def test_the_page_names_it(part: str, field: str) -> None:
    assert f"`{part}`" in PAGE
    if part != "access":
        name = field.partition(":")[0]
        assert f"`{name}`" in PAGE or f"`{name}:<name>`" in PAGE
