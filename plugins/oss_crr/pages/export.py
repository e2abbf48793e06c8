"""A report as CSV. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from oss_crr.pages.columns import PAIRS, VERIFICATION, is_number
from oss_crr.pages.report import Report

#: A spreadsheet takes a cell that begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

#: Why a pair failed: on the page a line of its own.
_FAILURE = ("failed_step", "cause")
_FINDING = ("part", "field", "severity", "expected", "found", "since", "cause", "repair", "repairable", "extra")


def to_csv(report: Report) -> str:
    """Return the report as CSV with a header.

    Of a fleet, one line per pair. Of a verification, one line per finding; a pair without findings has one, too.
    """
    output = io.StringIO(newline="")
    columns, lines = _table(report)
    writer = csv.writer(output)
    writer.writerow(columns)
    writer.writerows([_cell(line.get(column)) for column in columns] for line in lines)
    return output.getvalue()


def _table(report: Report) -> tuple[list[str], Iterable[Mapping[str, Any]]]:
    if report.kind == "pairs":
        return [*(column.key for column in PAIRS), *_FAILURE], report.rows
    measured = ["health" if column.key == "state" else column.key for column in VERIFICATION]
    measured[measured.index("found")] = "findings"
    return measured + [f"finding_{key}" for key in _FINDING], _findings(report.rows)


def _findings(rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        pair = {**row, "health": row["state"], "findings": row["found"]}
        for finding in row["findings"] or [{}]:
            yield {**pair, **{f"finding_{key}": finding.get(key) for key in _FINDING}}


def _cell(value: object) -> object:
    """Return a value for a cell, such that no spreadsheet takes it for a formula."""
    if value is None or is_number(value):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"'{text}" if text.startswith(_FORMULA) else text
