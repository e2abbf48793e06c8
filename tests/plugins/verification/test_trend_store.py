"""How trends are kept in a store of keys and values."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from oss_crr.verification.trend import Trend
from oss_crr.verification.trend_store import FORGET_AFTER, VALUES, TrendStore
from tests.plugins.verification.made import NOON, make_finding, make_result


class FakeStore:
    """A store that counts requests, and keeps text as a database does."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.requests = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.requests += 1
        return json.loads(self.values[key]) if key in self.values else default

    def set(self, key: str, value: Any) -> None:
        self.requests += 1
        self.values[key] = json.dumps(value)


def trends(*pairs: str, hour: int = 0) -> dict[str, Trend]:
    return {pair: Trend().followed_by(make_result(hour, make_finding(pair), pair=pair)) for pair in pairs}


def test_what_was_written_is_read() -> None:
    store = TrendStore(FakeStore())
    written = trends("a", "b", "pair → other")
    store.write(written, NOON)
    assert store.read(written) == written


def test_unknown_pair_has_an_empty_trend() -> None:
    assert TrendStore(FakeStore()).read(["a"]) == {"a": Trend()}


def test_pairs_that_are_not_written_stay() -> None:
    names = [f"pair-{number}" for number in range(100)]
    store = TrendStore(FakeStore())
    store.write(trends(*names), NOON)
    store.write(trends("pair-7", hour=1), NOON)
    assert store.read(names) == {**trends(*names), **trends("pair-7", hour=1)}


def test_requests_are_few() -> None:
    fake = FakeStore()
    store = TrendStore(fake)
    store.read(["a"])
    assert fake.requests == 1
    store.write(trends("a"), NOON)
    assert fake.requests == 2
    TrendStore(fake).read(f"pair-{number}" for number in range(1000))
    assert fake.requests == 2 + VALUES


def test_values_of_a_thousand_pairs_stay_below_what_airflow_warns_about() -> None:
    store = FakeStore()
    measures = {"status": "doing", "history": 1.0, "history_since": NOON.isoformat(), "watermark": NOON.isoformat()}
    full = {}
    for number in range(1000):
        trend = Trend()
        for hour in range(20):
            trend = trend.followed_by(make_result(hour, lag_seconds=123.4, arrival_seconds=12.3), {"check": measures})
        full[f"a-pair-with-a-long-name-{number}"] = trend
    TrendStore(store).write(full, NOON)
    assert max(len(value) for value in store.values.values()) < 65535


def test_pair_that_nobody_verifies_any_more_is_forgotten() -> None:
    store = TrendStore(FakeStore())
    store.write(trends("a"), NOON)
    neighbour = _same_value_as("a")
    late = NOON + FORGET_AFTER + timedelta(hours=1)
    store.write({neighbour: Trend().followed_by(make_result(24 * 91, pair=neighbour))}, late)
    assert store.read(["a"]) == {"a": Trend()}
    assert store.read([neighbour])[neighbour].points


def _same_value_as(pair: str) -> str:
    """Return another pair that is kept in the same value."""
    probe = FakeStore()
    TrendStore(probe).write(trends(pair), NOON)
    (key,) = probe.values
    for number in range(10_000):
        other = FakeStore()
        TrendStore(other).write(trends(f"x{number}"), NOON)
        if list(other.values) == [key]:
            return f"x{number}"
    raise AssertionError("no such pair")
