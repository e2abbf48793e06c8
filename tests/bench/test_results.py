"""How measurements are compared, and shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bench import machine
from bench.plan import Plan
from bench.report import render
from bench.rounds import CountedRun, Rounds
from bench.runs import BenchError, TimedRun
from bench.setup import compare, count_calls
from bench.stats import spread

_PROGRESS = "GetBucketReplicationProgress"


def _run(seconds: float, state: str = "success") -> TimedRun:
    return TimedRun(seconds, seconds * 2, states={"resolve": state}, steps={"resolve": seconds / 2})


def _call(action: str, access: str = "read", count: int = 1, product: str = "oss") -> dict[str, Any]:
    return {"product": product, "action": action, "access": access, "count": count}


def _rounds(first: Sequence[float], empty: Sequence[float], polls: int = 3) -> Rounds:
    counted = [CountedRun(_run(seconds), (_call(_PROGRESS, count=polls),)) for seconds in first]
    empties = [_run(seconds) for seconds in empty]
    return Rounds(counted, list(counted), empties, list(empties))


def test_spread_of_repetitions() -> None:
    assert spread([3.0, 1.0, 2.0]) == {"median": 2.0, "min": 1.0, "max": 3.0, "count": 3}


def test_a_ratio_is_that_of_neighbouring_runs() -> None:
    found = compare(_rounds(first=[2.0, 30.0, 8.0], empty=[1.0, 10.0, 2.0]))["first"]
    assert (found["ratio"]["min"], found["ratio"]["median"], found["ratio"]["max"]) == (2.0, 3.0, 4.0)
    assert found["cpu"]["ratio"]["max"] == 4.0
    assert found["steps"] == {"resolve": {"product": 4.0, "empty": 1.0}}


def test_another_way_through_the_dag_is_no_comparison() -> None:
    rounds = _rounds([1.0], [1.0])
    rounds.empty_again[0] = _run(1.0, state="skipped")
    with pytest.raises(BenchError, match="another way"):
        compare(rounds)


def test_only_runs_that_waited_like_the_empty_dag_count() -> None:
    rounds = _rounds([1.0, 2.0], [1.0, 2.0])
    rounds.first[0] = CountedRun(_run(9.0), (_call(_PROGRESS, count=4),))
    assert [counted.run.seconds for counted in rounds.like_for_like().first] == [2.0]
    assert [run.seconds for run in rounds.like_for_like().empty_first] == [2.0]
    with pytest.raises(BenchError, match=r"\[1\] polls"):
        _rounds([1.0], [1.0], polls=1).like_for_like()


def test_calls_by_product_and_access() -> None:
    calls = (
        _call("ListObjectsV2", count=2),
        _call(_PROGRESS),
        _call("PutBucketPolicy", "write"),
        _call("GetRole", product="ram", count=3),
    )
    assert count_calls(CountedRun(_run(1.0), calls)) == {
        "products": {"oss": {"read": 3, "write": 1}, "ram": {"read": 3, "write": 0}},
        "reads": 6,
        "writes": 1,
        "all": 7,
        "listing": 2,
        "waiting": 1,
        "besides": 4,
    }


def test_the_page_shows_every_measurement() -> None:
    compared = compare(_rounds([2.6], [2.0]))
    calls = count_calls(CountedRun(_run(1.0), (_call("GetRole", product="ram"),)))
    seconds = spread([1.0])
    results = {
        "machine": machine.describe(),
        "setup": {
            "plain": compared,
            "not_preloaded": compared,
            "latency": {"50": {"first": seconds, "again": seconds}},
            "calls": {"first": calls, "again": calls},
            "memory": {"peaks": {"scheduler": 111.0}, "own": {"scheduler": 99.0}},
        },
        "direct": {latency: {"first": seconds, "again": seconds} for latency in ("0", "50")},
        "parsing": {"airflow": seconds, "empty": seconds, "product": seconds, "modules": 70},
        "verification": {"objects": 10_000, "verify": spread([2.0]), "list": seconds, "mb": 70.0, "grown_mb": 2.5},
        "local_cloud": {
            "objects": Plan().objects,
            "buckets": Plan().buckets,
            "start": 1.5,
            "start_empty": 0.5,
            "requests": {"unsigned health request": 700.0, "HeadObject": 350.0},
            "copies_per_second": 4000.0,
            "mb": 66.0,
        },
    }
    page = render(results)
    assert "| first run | 2.60 (2.60–2.60) | 2.00 (2.00–2.00) | 1.30 (1.30–1.30) | 1 |" in page
    assert "| first run | 5.20 (5.20–5.20) | 4.00 (4.00–4.00) | 1.30 (1.30–1.30) | 1 |" in page
    assert "| second run | 1 + 0 | 1 | 1 |" in page
    assert "| 50 ms | 1.00 (1.00–1.00) |" in page
    assert "| scheduler | 111 | 99 |" in page
    assert "| compare both buckets | 2.00 | 5,000 |" in page
    assert "| HeadObject | 350 | 2.0 |" in page
    assert "4,000 objects a second" in page
