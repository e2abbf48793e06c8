"""Verifying many healthy pairs, beside a script that reads the same things one after another.

Arguments: the local cloud's address, and milliseconds added to each call while it is measured. The pairs' fields come
as JSON on the standard input; this sets them up first.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bench.probes.accounts import accounts_at
from bench.probes.control import control, counted_calls
from bench.probes.direct import set_up, wait
from oss_crr.fleet.entry import FleetEntry
from oss_crr.pair import ResolvedPair
from oss_crr.parallel import in_parallel
from oss_crr.resources.base import Accounts
from oss_crr.verification.drift import find_drift
from oss_crr.verification.lag import check_lag


def main(url: str, latency_ms: int, rows: list[Mapping[str, Any]]) -> None:
    """Set up, verify in both ways, and print what each took."""
    accounts = accounts_at(url)
    pairs = in_parallel(lambda fields: _ready(accounts, fields), rows)
    control("POST", url, "behaviour", {"latency_ms": latency_ms})
    seconds, reads = _measured(url, lambda: _verify(accounts_at(url), pairs))
    script_seconds, script_reads = _measured(url, lambda: _read_one_by_one(accounts_at(url), pairs))
    found = {
        "pairs": len(pairs),
        "latency_ms": latency_ms,
        "seconds": seconds,
        "reads": reads / len(pairs),
        "script_seconds": script_seconds,
        "script_reads": script_reads / len(pairs),
    }
    print(json.dumps(found))


def _ready(accounts: Accounts, fields: Mapping[str, Any]) -> ResolvedPair:
    pair, rule_id = set_up(accounts, fields)
    wait(accounts, pair, rule_id)
    return pair


def _verify(accounts: Accounts, pairs: list[ResolvedPair]) -> None:
    drifts = find_drift(accounts, [pair.pair for pair in pairs])
    lags = check_lag(accounts, [FleetEntry(pair.pair) for pair in pairs], drifts, datetime.now(UTC), {})
    findings = [finding for drift in drifts for finding in drift.findings]
    findings += [finding for lag in lags for finding in lag.findings]
    if findings:
        raise RuntimeError(f"the pairs are not healthy: {findings[:3]}")


def _read_one_by_one(accounts: Accounts, pairs: list[ResolvedPair]) -> None:
    """Read what has to be in order, one thing after another, and look whether it is there."""
    for pair in pairs:
        source, destination = accounts.source(pair.pair), accounts.destination(pair.pair)
        ram = source.ram
        oss = source.oss(pair.pair.source_region)
        other = destination.oss(pair.pair.destination_region)
        attached = ram.list_policies_for_role(pair.pair.role) or ()
        answers = (
            oss.get_bucket_info(pair.pair.source_bucket),
            other.get_bucket_info(pair.pair.destination_bucket),
            ram.get_role(pair.pair.role),
            *(ram.get_policy(item.name, item.type) for item in attached),
            other.get_bucket_policy(pair.pair.destination_bucket),
        )
        rules = oss.list_rules(pair.pair.source_bucket)
        if not all(answers) or not oss.progress(pair.pair.source_bucket, rules[0].id):
            raise RuntimeError(f"{pair.name}: something is missing")


def _measured(url: str, work: Callable[[], None]) -> tuple[float, int]:
    counted_calls(url)
    started = time.perf_counter()
    work()
    return time.perf_counter() - started, counted_calls(url)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), json.load(sys.stdin))
