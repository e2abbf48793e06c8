"""The report of a fleet's run: one row for each pair. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any

from oss_crr.pair import BucketPair
from oss_crr.summary import summary_line

Row = dict[str, Any]

#: How many tasks' worth of batches the pairs that failed are spread over.
MAX_ALONE = 100
#: Steps in which a person has decided: nobody is asked twice.
_DECIDED = ("hand_over",)

_FROM_STEPS = ("rule_id", "history", "objects", "bytes", "lag_seconds", "failed_step", "cause")
_NO_REPORT = "its batch left no report: see the batch's tasks"


def fleet_rows(pairs: Iterable[BucketPair], *reports: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return one row for each pair, in the order of the pairs.

    :param reports: outcomes of the batches' reports; the last one about a pair counts.
    :returns: ``name``, ``pair`` (the two buckets), ``state`` (``complete``, ``set up``, ``planned`` or ``failed``),
        ``rule_id``, ``history`` (from 0 to 1), ``objects``, ``bytes``, ``lag_seconds``, ``failed_step`` and ``cause``;
        of a run that only plans also ``planned``, what would be written.
    """
    found = {outcome["pair"]: outcome["details"] for report in reports for outcome in report}
    return [_row(pair, found.get(pair.name)) for pair in pairs]


def _row(pair: BucketPair, details: Mapping[str, Any] | None) -> Row:
    told = details or {"state": "failed", "failed_step": "report", "cause": _NO_REPORT}
    row = {
        "name": pair.name,
        "pair": f"{pair.source_bucket} → {pair.destination_bucket}",
        "state": told["state"],
        **{key: told.get(key) for key in _FROM_STEPS},
    }
    if "planned" in told:
        row["planned"] = [f"{change['kind']}: {change['summary']}" for change in told["planned"]]
    return row


def failed(rows: Iterable[Row]) -> list[Row]:
    """Return the rows of the pairs that failed."""
    return [row for row in rows if row["state"] == "failed"]


def second_batches(pairs: Sequence[BucketPair], rows: Iterable[Row]) -> list[list[BucketPair]]:
    """Return the batches in which pairs that failed are tried once more: each alone, as long as they are few.

    Alone, the task that fails is the pair's own, so that clearing it continues with that pair and repeats nothing for
    another. Many pairs seldom fail for many reasons: those with the same cause go together then.
    """
    causes = {
        row["name"]: (row["failed_step"] or "", row["cause"] or "")
        for row in failed(rows)
        if row["failed_step"] not in _DECIDED
    }
    again = [pair for pair in pairs if pair.name in causes]
    if len(again) <= MAX_ALONE:
        return [[pair] for pair in again]
    again.sort(key=lambda pair: causes[pair.name])
    size = ceil(len(again) / MAX_ALONE)
    return [again[start : start + size] for start in range(0, len(again), size)]


def summary(rows: Sequence[Row]) -> str:
    """Return one line about the whole run."""
    return summary_line([{**row, "pair": row["name"]} for row in rows])


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a text table for the log."""
    head = ("name", "pair", "state", "history", "objects", "lag", "rule id")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    for number, row in enumerate(rows, 1):
        text[number] += f"  {row['failed_step']}: {row['cause']}" if row["cause"] else ""
    return "\n".join(text)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row["name"],
        row["pair"],
        row["state"],
        "" if row["history"] is None else f"{row['history']:.0%}",
        "" if row["objects"] is None else f"{row['objects']:,}",
        "" if row["lag_seconds"] is None else f"{row['lag_seconds']:,.0f} s",
        row["rule_id"] or "",
    )
