"""Whether the report of the demo's fleet is right, in every row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from devstack.fleet_world import OBJECT_BYTES, FleetPair

Row = Mapping[str, Any]


def wrong_rows(pairs: Sequence[FleetPair], rows: Iterable[Row], buckets: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a report, a line each; nothing when it is right.

    :param pairs: the fleet.
    :param rows: the report of ``oss_crr_fleet``.
    :param buckets: the local cloud's buckets by name, as they are afterwards.
    """
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(str(row.get("name")), []).append(row)
    strangers = [f"{name}: is not in the inventory" for name in by_name if name not in {pair.name for pair in pairs}]
    return strangers + [
        f"{pair.name}: {problem}" for pair in pairs for problem in _problems(pair, by_name.get(pair.name, []), buckets)
    ]


def _problems(pair: FleetPair, rows: Sequence[Row], buckets: Mapping[str, Any]) -> Iterator[str]:
    if len(rows) != 1:
        yield f"has {len(rows)} rows instead of one"
        return
    row = rows[0]
    if row["pair"] != f"{pair.source.name} → {pair.destination.name}":
        yield f"is about {row['pair']}"
    yield from _broken(pair, row) if pair.broken else _complete(pair, row, buckets)


def _broken(pair: FleetPair, row: Row) -> Iterator[str]:
    """A pair whose source bucket does not exist must say so."""
    yield from _differences(row, {"state": "failed", "failed_step": "preflight", "rule_id": None, "objects": None})
    if pair.source.name not in str(row["cause"]):
        yield f"the cause does not name the bucket {pair.source.name}: {row['cause']}"


def _complete(pair: FleetPair, row: Row, buckets: Mapping[str, Any]) -> Iterator[str]:
    yield from _differences(row, {"state": "complete", "failed_step": None, "cause": None, "history": 1.0})
    rules = [rule["id"] for rule in buckets[pair.source.name]["rules"] if rule["destination"] == pair.destination.name]
    if rules != [row["rule_id"]]:
        yield f"the rule is {row['rule_id']}, in the cloud it is {rules}"
    # Of two buckets that are replicated to each other, either may have received something before it was counted.
    objects = range(pair.source.objects, pair.source.objects + pair.destination.objects + 1)
    if row["objects"] not in objects:
        yield f"{row['objects']} objects were verified instead of {pair.source.objects}"
    elif row["bytes"] != row["objects"] * OBJECT_BYTES:
        yield f"{row['bytes']} bytes were verified instead of {row['objects'] * OBJECT_BYTES}"


def _differences(row: Row, expected: Row) -> Iterator[str]:
    for key, value in expected.items():
        if row.get(key) != value:
            yield f"{key} is {row.get(key)!r} instead of {value!r}"
