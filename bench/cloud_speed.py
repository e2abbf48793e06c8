"""What needs no Airflow: the local cloud, verification, and the pipeline's cloud work in one process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.cloud_process import CloudProcess
from bench.plan import Plan
from bench.probe import run_probe
from bench.processes import peak_megabytes
from bench.stats import spread
from bench.world import Json, Pair, write

_VERIFICATIONS = 3


def measure_local_cloud(plan: Plan, folder: Path) -> Json:
    """Start a large local cloud, ask it things, and let it copy one bucket.

    :returns: ``start`` (seconds, with objects and buckets), ``start_empty`` (seconds), ``requests`` (rates by kind),
        ``copies_per_second``, ``mb`` (peak memory).
    """
    config = folder / "speed.yaml"
    warm_up, large = Pair(1), Pair(2, source_objects=plan.objects)
    write(config, [], behaviour={})
    with CloudProcess(config) as cloud:
        start_empty = cloud.start_seconds
    write(config, [warm_up, large], empty_buckets=plan.buckets, behaviour={"rule_start_seconds": 0})
    with CloudProcess(config) as cloud:
        start = cloud.start_seconds
        copying = _direct(cloud, [warm_up, large])[0]["copying"]
        rates = run_probe("rates", cloud.url, warm_up.source_bucket, str(plan.requests))
        memory = peak_megabytes(cloud.pid)
    return {
        "objects": plan.objects,
        "buckets": plan.buckets,
        "start": start,
        "start_empty": start_empty,
        "requests": rates,
        "copies_per_second": plan.objects / copying,
        "mb": memory,
    }


def measure_verification(plan: Plan, folder: Path) -> Json:
    """Compare two equal buckets, and list them with the vendor's SDK alone.

    :returns: ``objects``, ``verify`` and ``list`` (see :func:`bench.stats.spread`, seconds), ``mb`` and ``grown_mb``.
    """
    config = folder / "verify.yaml"
    small, large = Pair(1, 20, 20), Pair(2, plan.objects, plan.objects)
    write(config, [small, large])
    with CloudProcess(config) as cloud:
        pairs = [json.dumps(pair.conf) for pair in (small, large)]
        found: Json = run_probe("verification", cloud.url, str(_VERIFICATIONS), *pairs)
    return {**found, "verify": spread(found["verify"]), "list": spread(found["list"])}


def measure_direct(plan: Plan, folder: Path) -> Json:
    """Do the pipeline's cloud work in one plain process, with each latency.

    :returns: by latency in ms: ``first`` and ``again`` (see :func:`bench.stats.spread`, seconds).
    """
    config = folder / "direct.yaml"
    pairs = [Pair(number) for number in range(1, plan.slow_rounds + 2)]
    write(config, pairs, behaviour={"rule_start_seconds": 0})
    found: Json = {}
    with CloudProcess(config) as cloud:
        for latency in (0, *plan.latencies_ms):
            cloud.control("POST", "reset")
            cloud.control("POST", "behaviour", {"latency_ms": latency})
            rows = _direct(cloud, pairs)
            found[str(latency)] = {name: spread([row[name] for row in rows]) for name in ("first", "again")}
    return found


def _direct(cloud: CloudProcess, pairs: list[Pair]) -> Any:
    return run_probe("direct", cloud.url, json.dumps([pair.conf for pair in pairs]))
