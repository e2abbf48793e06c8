"""What verifying takes: many healthy pairs, and two buckets of many objects. It needs no Airflow."""

from __future__ import annotations

from pathlib import Path

from bench.cloud_process import CloudProcess
from bench.probe import run_probe
from bench.world import Json, Pair, write

_LATENCY_MS = 50
_PROBE_SECONDS = 3600.0


def measure_healthy(pairs: int, folder: Path) -> Json:
    """Verify healthy pairs, and read the same one after another.

    :returns: ``pairs``, ``latency_ms``, ``seconds``, ``reads`` (a pair), ``script_seconds``, ``script_reads``.
    """
    config = folder / "healthy.yaml"
    known = [Pair(number, source_objects=2) for number in range(1, pairs + 1)]
    write(config, known, behaviour={"rule_start_seconds": 0})
    with CloudProcess(config) as cloud:
        fields = [pair.conf for pair in known]
        found: Json = run_probe("verifying", cloud.url, str(_LATENCY_MS), data=fields, seconds=_PROBE_SECONDS)
    return found


def measure_comparison(objects: int, folder: Path) -> Json:
    """Compare two buckets of equal objects.

    :returns: ``objects``, ``seconds``, ``list_seconds``, ``mb``, ``grown_mb``.
    """
    config = folder / "comparison.yaml"
    small, large = Pair(1, 20, 20), Pair(2, objects, objects)
    write(config, [small, large], behaviour={"rule_start_seconds": 0})
    with CloudProcess(config, ready_seconds=1800.0) as cloud:
        data = [small.conf, large.conf]
        found: Json = run_probe("comparing", cloud.url, data=data, seconds=_PROBE_SECONDS)
    return found
