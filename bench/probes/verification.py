"""How fast two buckets are compared, beside listing both of them with the vendor's SDK alone.

Arguments: the local cloud's address, how often, and the fields of a pair to warm up with and of one to measure, as
JSON. Both pairs are complete already.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import oss2

from bench.probes.accounts import accounts_at
from bench.processes import peak_megabytes
from devstack.cloud_config import DESTINATION, SOURCE, Side
from oss_crr.pair import ResolvedPair, parse_pair
from oss_crr.preflight import resolve
from oss_crr.survey import read_facts
from oss_crr.verify import verify_pair


def main(url: str, repetitions: int, warm_up: Mapping[str, Any], measured: Mapping[str, Any]) -> None:
    """Compare and list in turns; print the seconds of each, and how memory grew with the buckets."""
    accounts = accounts_at(url)
    small, large = (_resolved(url, fields) for fields in (warm_up, measured))
    verify_pair(accounts, small, None)
    list_both(url, small)
    before = peak_megabytes(os.getpid())
    objects = verify_pair(accounts, large, None).matched
    grown = peak_megabytes(os.getpid()) - before
    turns = [
        (_seconds(lambda: verify_pair(accounts, large, None)), _seconds(lambda: list_both(url, large)))
        for _ in range(repetitions)
    ]
    verify, listing = (list(column) for column in zip(*turns, strict=True))
    print(json.dumps({"objects": objects, "verify": verify, "list": listing, "mb": before, "grown_mb": grown}))


def list_both(url: str, pair: ResolvedPair) -> int:
    """List both buckets with the vendor's SDK; return the number of objects."""
    buckets = ((SOURCE, pair.pair.source_bucket), (DESTINATION, pair.pair.destination_bucket))
    return sum(sum(1 for _ in oss2.ObjectIteratorV2(_bucket(url, *bucket), max_keys=1000)) for bucket in buckets)


def _bucket(url: str, side: Side, name: str) -> oss2.Bucket:
    auth = oss2.ProviderAuthV4(oss2.StaticCredentialsProvider(side.key_id, side.key_secret))
    return oss2.Bucket(auth, url, name, region=side.region)


def _resolved(url: str, fields: Mapping[str, Any]) -> ResolvedPair:
    pair = resolve(read_facts(accounts_at(url), [parse_pair(dict(fields))])[0])
    if pair is None:
        raise RuntimeError(f"not readable: {dict(fields)}")
    return pair


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]), json.loads(sys.argv[4]))
