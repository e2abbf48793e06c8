"""How much memory the comparison of two large buckets takes, and how long, beside listing both.

Arguments: the local cloud's address. The fields of a small pair and of a large one come as JSON on the standard input;
their buckets hold the same objects.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from bench.probes.accounts import accounts_at
from bench.probes.direct import set_up, wait
from bench.probes.verification import list_both
from bench.processes import peak_megabytes
from oss_crr.fleet.entry import FleetEntry
from oss_crr.resources.base import Accounts
from oss_crr.verification.compare import CompareResult, compare_pair
from oss_crr.verification.compare_cursor import Cursor
from oss_crr.verification.drift import find_drift
from oss_crr.verification.target import Target, targets

#: The local cloud copies every object, also one that is there.
_COPY_SECONDS = 1800.0


def main(url: str, small: Mapping[str, Any], large: Mapping[str, Any]) -> None:
    """Compare the small pair to load everything, then the large one; print what that took."""
    accounts = accounts_at(url)
    warm_up, target = _target(accounts, small), _target(accounts, large)
    _compare(accounts, warm_up)
    before = peak_megabytes(os.getpid())
    started = time.perf_counter()
    result = _compare(accounts, target)
    seconds = time.perf_counter() - started
    peak = peak_megabytes(os.getpid())
    if result.findings or result.measures["compare"] != "complete":
        raise RuntimeError(f"the buckets are not the same: {result}")
    started = time.perf_counter()
    if target.resolved is None:
        raise RuntimeError("the pair could not be read")
    list_both(url, target.resolved)
    found = {
        "objects": result.measures["compared"],
        "seconds": seconds,
        "list_seconds": time.perf_counter() - started,
        "mb": peak,
        "grown_mb": peak - before,
    }
    print(json.dumps(found))


def _target(accounts: Accounts, fields: Mapping[str, Any]) -> Target:
    pair, rule_id = set_up(accounts, fields)
    wait(accounts, pair, rule_id, _COPY_SECONDS)
    return targets([FleetEntry(pair.pair)], find_drift(accounts, [pair.pair]))[0]


def _compare(accounts: Accounts, target: Target) -> CompareResult:
    return compare_pair(accounts, target, Cursor(), limit=10_000_000)


if __name__ == "__main__":
    main(sys.argv[1], *json.load(sys.stdin))
