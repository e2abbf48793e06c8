"""The demo's check of its report: a right one passes, and every kind of mistake is found."""

from __future__ import annotations

from typing import Any

import pytest

from devstack.fleet_checks import wrong_rows
from devstack.fleet_world import OBJECT_BYTES, OBJECTS, FleetPair, FleetWorld

PAIRS = FleetWorld().pairs
Rows = dict[str, dict[str, Any]]


def rule_of(pair: FleetPair) -> str:
    return f"oss-crr-{pair.name}"


def right_rows() -> Rows:
    """Return the report that the demo should get, by name."""
    rows: Rows = {}
    for pair in PAIRS:
        rows[pair.name] = {
            "name": pair.name,
            "pair": f"{pair.source.name} → {pair.destination.name}",
            "state": "complete",
            "rule_id": rule_of(pair),
            "history": 1.0,
            "objects": OBJECTS,
            "bytes": OBJECTS * OBJECT_BYTES,
            "lag_seconds": 1.0,
            "failed_step": None,
            "cause": None,
        }
        if pair.broken:
            nothing = dict.fromkeys(("rule_id", "history", "objects", "bytes", "lag_seconds"))
            cause = f"bucket {pair.source.name} does not exist"
            rows[pair.name] |= {**nothing, "state": "failed", "failed_step": "preflight", "cause": cause}
    return rows


def check(rows: Rows) -> list[str]:
    buckets: dict[str, Any] = {}
    for pair in PAIRS:
        if not pair.broken:
            rules = buckets.setdefault(pair.source.name, {"rules": []})["rules"]
            rules.append({"id": rule_of(pair), "destination": pair.destination.name})
    return wrong_rows(PAIRS, list(rows.values()), buckets)


def test_the_right_report_passes() -> None:
    assert check(right_rows()) == []


def test_what_came_from_the_other_bucket_may_be_counted() -> None:
    rows = right_rows()
    rows["site-1-north"] |= {"objects": 2 * OBJECTS, "bytes": 2 * OBJECTS * OBJECT_BYTES}

    assert check(rows) == []


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("own-01", {"state": "failed"}, "state is 'failed' instead of 'complete'"),
        ("own-01", {"state": "set up"}, "state is 'set up'"),
        ("own-01", {"history": 0.99}, "history is 0.99"),
        ("own-01", {"objects": OBJECTS - 1}, "19 objects were verified instead of 20"),
        ("own-01", {"objects": OBJECTS + 1}, "21 objects"),
        ("own-01", {"objects": None}, "None objects"),
        ("own-01", {"bytes": 1}, "1 bytes"),
        ("own-01", {"rule_id": "oss-crr-own-02"}, "the rule is oss-crr-own-02"),
        ("own-01", {"pair": "a → b"}, "is about a → b"),
        ("own-01", {"cause": "something"}, "cause is 'something'"),
        ("archive-07", {"state": "complete"}, "state is 'complete' instead of 'failed'"),
        ("archive-07", {"failed_step": "verify"}, "failed_step is 'verify'"),
        ("archive-07", {"cause": "AccessDenied"}, "does not name the bucket fleet-a-logs-07"),
        ("archive-07", {"objects": 20}, "objects is 20"),
    ],
)
def test_a_wrong_row_is_named_with_what_is_wrong(name: str, change: dict[str, Any], words: str) -> None:
    rows = right_rows()
    rows[name] |= change
    (problem,) = check(rows)

    assert problem.startswith(f"{name}: ")
    assert words in problem


def test_missing_double_and_strange_rows_are_named() -> None:
    rows = right_rows()
    del rows["hub-1"]
    rows["again"] = dict(rows["hub-2"])
    rows["stranger"] = {**rows["hub-3"], "name": "stranger"}

    assert check(rows) == [
        "stranger: is not in the inventory",
        "hub-1: has 0 rows instead of one",
        "hub-2: has 2 rows instead of one",
    ]
