"""What a ``report`` task left, read tolerantly: runs of earlier versions are shown as well. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from oss_crr.summary import count_states, state_of, summary_line

#: ``pairs``: what was done to each pair. ``verification``: what was found out about each.
Kind = Literal["pairs", "verification"]

Row = dict[str, Any]

#: Where a report that is more than a list keeps its rows.
_ROWS = ("pairs", "results", "rows")

#: Lower is more urgent; what is not here needs nobody.
_URGENCY = {"failed": 0, "broken": 0, "unknown": 1, "lagging": 2, "waiting": 3}

#: What a finding is shown with, in case it lacks something.
_BLANK = {"part": "", "field": "", "severity": "unknown", "expected": None, "found": None, "cause": "", "repair": ""}
_FLAGS = {"repairable": False, "extra": False, "since": None}


@dataclass(frozen=True)
class Report:
    """One table: a row per pair, all of the same kind.

    :param rows: flat; ``pair`` and ``state`` are always there.
    """

    kind: Kind
    rows: tuple[Row, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many pairs are in each state."""
        return count_states(self.rows)

    @property
    def summary(self) -> str:
        """Return the report in one line."""
        return summary_line(self.rows)

    def worst_first(self, state: str | None = None) -> list[Row]:
        """Return the rows, or those in one state, with what needs somebody's attention on top."""
        rows = [row for row in self.rows if state in (None, row["state"])]
        return sorted(rows, key=lambda row: _URGENCY.get(row["state"], len(_URGENCY)))


def read_report(value: object) -> Report | None:
    """Return the report that a task's output is, or None if it is none.

    :param value: what a task of the name ``report`` returned: outcomes with a row of facts in ``details`` (one pair's
        setup), rows (a fleet), or results with ``health`` and ``findings`` (a verification).
    """
    found = [item for item in _items(value) if isinstance(item, Mapping) and "pair" in item]
    if not found:
        return None
    if any("health" in item for item in found):
        return Report("verification", tuple(_verified(item) for item in found))
    return Report("pairs", tuple(_facts(item) for item in found))


def _items(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        value = next((value[key] for key in _ROWS if key in value), ())
    return value if isinstance(value, list | tuple) else ()


def _facts(item: Mapping[str, Any]) -> Row:
    details = item.get("details")
    row = dict(details) if isinstance(details, Mapping) and "state" in details else dict(item)
    pair = str(row.get("pair", item["pair"]))
    # A fleet calls its pairs by their names, and tells the buckets beside them.
    named = {"pair": str(row["name"]), "buckets": pair} if row.get("name") else {"pair": pair}
    return {**row, **named, "state": state_of(row)}


def _verified(item: Mapping[str, Any]) -> Row:
    measures = item.get("measures")
    findings = [
        {**_BLANK, **_FLAGS, **finding} for finding in item.get("findings") or () if isinstance(finding, Mapping)
    ]
    return {
        **(measures if isinstance(measures, Mapping) else {}),
        **{key: value for key, value in item.items() if key != "measures"},
        "pair": str(item["pair"]),
        "state": state_of(item),
        "findings": findings,
        "found": len(findings),
    }
