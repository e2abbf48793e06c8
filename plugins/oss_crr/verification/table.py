"""Show the results of a verification as text for people. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from oss_crr.verification.model import Finding
from oss_crr.verification.trend import TrendPoint, sparkline

_HEALTHS = ("broken", "unknown", "lagging", "healthy")
#: Characters of a value that are shown.
_MAX_SHOWN = 160
_COLUMNS = ("pair", "health", "drift", "lag", "arrival", "results so far")

#: A row of the report: a :class:`PairResult` as JSON data, with ``trend`` and ``repair``.
Row = Mapping[str, Any]


def summary(rows: Sequence[Row]) -> str:
    """Return one line: how many pairs are in which health."""
    counts = Counter(row["health"] for row in rows)
    parts = [f"{counts[health]} {health}" for health in _HEALTHS if counts[health]]
    return f"{len(rows)} {'pair' if len(rows) == 1 else 'pairs'}: {', '.join(parts) or 'nothing to verify'}"


def table(rows: Sequence[Row]) -> str:
    """Return a table of all pairs, the worst first, and below it what was found."""
    ordered = sorted(rows, key=lambda row: _HEALTHS.index(row["health"]))
    cells = [_COLUMNS, *(_cells(row) for row in ordered)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    details = [line for row in ordered for line in _details(row)]
    return "\n".join([summary(rows), "", *lines, *([""] if details else []), *details])


def broken_lines(rows: Sequence[Row]) -> list[str]:
    """Return one line per broken pair: what is wrong with it, and why."""
    return [
        f"{row['pair']}: " + "; ".join(f"{item.part} {item.field}: {item.cause}" for item in _worst(row))
        for row in rows
        if row["health"] == "broken"
    ]


def _worst(row: Row) -> list[Finding]:
    findings = [Finding.from_dict(item) for item in row["findings"]]
    return [item for item in findings if item.severity == row["health"]]


def _cells(row: Row) -> tuple[str, ...]:
    measures = row["measures"]
    points = [TrendPoint(**point) for point in row["trend"]]
    return (
        row["pair"],
        row["health"],
        str(points[-1].drift) if points else "",
        seconds(measures.get("lag_seconds")),
        seconds(measures.get("arrival_seconds")),
        sparkline(points),
    )


def _details(row: Row) -> Iterable[str]:
    if row["findings"] or row["repair"]:
        yield row["pair"]
    for data in row["findings"]:
        yield from _finding_lines(Finding.from_dict(data))
    yield from _repair_lines(row["repair"])


def _finding_lines(finding: Finding) -> Iterable[str]:
    yield f"  {finding.severity}: {finding.part} {finding.field}: {finding.cause}"
    yield f"    expected {_short(finding.expected)}, found {_short(finding.found)}, known since {_when(finding.since)}"
    yield f"    {finding.repair}" + (" (`repair: apply` does that)" if finding.repairable else "")


def _when(time: str | None) -> str:
    return f"{datetime.fromisoformat(time):%Y-%m-%d %H:%M} UTC" if time else "now"


def _short(value: Any) -> str:
    """Return JSON data for people: a whole policy is in the output, not in the table."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _repair_lines(repair: Mapping[str, Any] | None) -> Iterable[str]:
    if not repair:
        return
    outcome = repair["outcome"]
    yield f"  repair: {outcome['error']['message'] if outcome['error'] else outcome['result']}"
    verb = "wrote because" if repair["mode"] == "apply" else "would write because"
    yield from (f"    {verb} {change}" for change in outcome["changes"])
    for item in repair["before"] if repair["mode"] == "apply" else ():
        yield f"    before: {item['part']} {item['field']}: {item['cause']}"


def seconds(value: float | None) -> str:
    """Return a duration for people; a dash when there is none."""
    if value is None:
        return "-"
    if value < 120:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"
