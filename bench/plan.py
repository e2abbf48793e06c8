"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """The sizes of one benchmark.

    :param rounds: repetitions of setup and empty DAG, alternating; the medians are reported.
    :param latencies_ms: what is added to each cloud call, in milliseconds; the comparison is made without.
    :param slow_rounds: repetitions with each added latency, and without preloaded SDKs.
    :param parses: fresh processes that parse the DAG files.
    :param objects: objects of each bucket that is verified, and of the one that is copied.
    :param buckets: further buckets of the local cloud.
    :param requests: calls of each kind to the local cloud.
    """

    rounds: int = 5
    latencies_ms: tuple[int, ...] = (50, 100)
    slow_rounds: int = 2
    parses: int = 3
    objects: int = 10_000
    buckets: int = 1_000
    requests: int = 1_000
