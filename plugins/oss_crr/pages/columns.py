"""The columns of the tables, and how their values are written for people. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

Form = Literal["text", "code", "state", "number", "bytes", "percent", "seconds"]

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_KIBI = 1024
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
#: Longer documents are cut on the page; the JSON has all of them.
_LONGEST = 4000


@dataclass(frozen=True)
class Column:
    """One column.

    :param key: the row's key.
    :param form: how the value is written; everything after ``state`` is a number, and sorted as one.
    """

    key: str
    title: str
    form: Form = "text"

    @property
    def numeric(self) -> bool:
        """Tell whether the values are numbers."""
        return self.form in ("number", "bytes", "percent", "seconds")

    def text(self, row: Mapping[str, Any]) -> str:
        """Return a row's value for people; empty when there is none."""
        value = row.get(self.key)
        if value is None:
            return ""
        return _number(value, self.form) if self.numeric and is_number(value) else str(value)


_PAIR = Column("pair", "Pair")
PAIRS = (
    _PAIR,
    Column("buckets", "Buckets"),
    Column("state", "State", "state"),
    Column("history", "History", "percent"),
    Column("objects", "Objects", "number"),
    Column("bytes", "Size", "bytes"),
    Column("lag_seconds", "Lag", "seconds"),
    Column("waited_seconds", "Waited", "seconds"),
    Column("rule_id", "Rule", "code"),
)
VERIFICATION = (
    _PAIR,
    Column("state", "Health", "state"),
    Column("found", "Findings", "number"),
    Column("lag_seconds", "Lag", "seconds"),
    Column("arrival_seconds", "Canary arrived", "seconds"),
    Column("history", "History", "percent"),
    Column("compared", "Compared", "number"),
    Column("missing", "Missing", "number"),
    Column("different", "Different", "number"),
    Column("surplus", "Surplus", "number"),
    Column("checked_at", "Checked"),
)
ALWAYS = frozenset({"pair", "state", "found"})


def used(columns: Iterable[Column], rows: Iterable[Mapping[str, Any]]) -> list[Column]:
    """Return the columns that have something to show."""
    kept = list(rows)
    return [column for column in columns if column.key in ALWAYS or any(column.text(row) for row in kept)]


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether a value is a number; a truth value is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: float, form: Form) -> str:
    if form == "percent":
        # Rounded down: 99.9 % is not yet everything. Not by binary fractions: 0.29 is 29 %.
        return f"{math.floor(round(value * 100, 6))} %"
    if form == "bytes":
        return _size(value)
    return duration(value) if form == "seconds" else f"{value:,}"


def _size(value: float) -> str:
    for unit in _UNITS:
        if abs(value) < _KIBI or unit == _UNITS[-1]:
            return f"{value:,.0f} {unit}" if unit == "B" else f"{value:,.1f} {unit}"
        value /= _KIBI
    raise AssertionError("the last unit takes everything")


def duration(seconds: float) -> str:
    """Return a time span with at most two units: ``1 h 5 min``."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < _HOUR:
        return _two(seconds, _MINUTE, "min", 1, "s")
    if seconds < _DAY:
        return _two(seconds, _HOUR, "h", _MINUTE, "min")
    return _two(seconds, _DAY, "d", _HOUR, "h")


def _two(seconds: float, large: int, large_unit: str, small: int, small_unit: str) -> str:
    whole, rest = divmod(int(seconds), large)
    return f"{whole} {large_unit} {rest // small} {small_unit}" if rest // small else f"{whole} {large_unit}"


def document(value: object) -> str:
    """Return what a finding expects or found, for people: text as it is, everything else as JSON."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n… (cut; the JSON has all of it)"
