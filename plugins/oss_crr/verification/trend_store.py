"""Keep trends in a store of keys and values, such as the state of an Airflow asset. Pure.

Each request to such a store takes about ten milliseconds, and a value should stay below 64 KB. So pairs share values: a
run over a thousand pairs reads 64 of them, one over a single pair reads one. The pair's name alone says where it is.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from oss_crr.verification.trend import Trend

#: With twenty results a pair, a thousand pairs make values of about 40 KB.
VALUES = 64
#: A pair that was not verified for this long is forgotten.
FORGET_AFTER = timedelta(days=90)

#: Names the format, so that another one never reads it.
_KEY = "trend-1-{:02}"


class KeyValueStore(Protocol):
    """What this needs of a store."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or the default."""

    def set(self, key: str, value: Any) -> None:
        """Write a value."""


class TrendStore:
    """The trends of all pairs, for one task: what it has read once, it does not read again.

    One run at a time may write, as there is no lock between reading and writing a value.

    :param store: where they are kept.
    """

    def __init__(self, store: KeyValueStore) -> None:
        self._store = store
        self._values: dict[str, Mapping[str, Any]] = {}

    def read(self, pairs: Iterable[str]) -> dict[str, Trend]:
        """Return the trend of each pair; an empty one for a pair that was never verified."""
        names = list(pairs)
        values = {key: self._value(key) for key in sorted({_key(name) for name in names})}
        return {name: _trend(values[_key(name)], name) for name in names}

    def write(self, trends: Mapping[str, Trend], now: datetime) -> None:
        """Write the trends of some pairs; others stay, unless they are forgotten."""
        for key in sorted({_key(name) for name in trends}):
            rows = {**self._value(key), **{name: trend.to_row() for name, trend in trends.items() if _key(name) == key}}
            self._values[key] = {name: row for name, row in rows.items() if not _forgotten(row, now)}
            self._store.set(key, self._values[key])

    def _value(self, key: str) -> Mapping[str, Any]:
        if key not in self._values:
            self._values[key] = self._store.get(key, {}) or {}
        return self._values[key]


def _key(pair: str) -> str:
    return _KEY.format(zlib.crc32(pair.encode()) % VALUES)


def _trend(rows: Mapping[str, Any], pair: str) -> Trend:
    return Trend.from_row(rows[pair]) if pair in rows else Trend()


def _forgotten(row: list[Any], now: datetime) -> bool:
    points = Trend.from_row(row).points
    return not points or now - datetime.fromisoformat(points[-1].at) > FORGET_AFTER
