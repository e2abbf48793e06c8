"""What a pair's setup takes on the real Airflow, beside an empty DAG of the same shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.plan import Plan
from bench.processes import MemoryWatch
from bench.rounds import BenchStack, CountedRun, Rounds
from bench.runs import BenchError, TimedRun
from bench.stats import spread
from bench.world import Json

#: Verification lists both buckets, and waiting asks for the progress: neither is setting up.
LISTING = frozenset({"ListObjects", "ListObjectsV2"})
WAITING = frozenset({"GetBucketReplicationProgress"})


def measure_setup(plan: Plan, folder: Path, shape: Json) -> Json:
    """Start an Airflow, and set pairs up in every way that is compared.

    :param shape: see :func:`bench.parsing.setup_shape`.
    :returns: ``plain`` and ``not_preloaded`` (see :func:`compare`), ``latency`` (seconds by milliseconds per call),
        ``calls`` (see :func:`count_calls`), ``memory`` (MB by process).
    """
    # The first round of each kind only warms up.
    pairs = 2 + plan.rounds + plan.slow_rounds * (1 + len(plan.latencies_ms))
    with BenchStack(folder, shape, pairs) as stack:
        with MemoryWatch({part.name: part.pid for part in stack.parts}) as memory:
            stack.play(1)
        plain = stack.play(plan.rounds).like_for_like()
        latency: Json = {}
        for milliseconds in plan.latencies_ms:
            stack.delay_calls(milliseconds)
            latency[str(milliseconds)] = _seconds(stack.play(plan.slow_rounds, with_empty=False))
        stack.delay_calls(0)
        stack.forget_sdks()
        stack.play(1)
        not_preloaded = stack.play(plan.slow_rounds).like_for_like()
    return {
        "plain": compare(plain),
        "not_preloaded": compare(not_preloaded),
        "latency": latency,
        "calls": {"first": count_calls(plain.first[0]), "again": count_calls(plain.again[0])},
        "memory": {"peaks": memory.peaks, "own": memory.own},
    }


def compare(rounds: Rounds) -> Json:
    """Compare runs of the setup DAG with those of the empty DAG that were made right after them.

    :returns: for ``first`` and ``again``: ``product`` and ``empty`` (seconds), ``ratio`` (of neighbouring runs),
        ``cpu``: the same three for processor time, and ``steps``: the median seconds of each task in both DAGs.
    """
    return {
        "first": _compare([counted.run for counted in rounds.first], rounds.empty_first),
        "again": _compare([counted.run for counted in rounds.again], rounds.empty_again),
    }


def _compare(product: Sequence[TimedRun], empty: Sequence[TimedRun]) -> Json:
    for one, other in zip(product, empty, strict=True):
        if one.states != other.states:
            raise BenchError(f"the empty DAG went another way: {other.states} instead of {one.states}")
    return {
        **_beside([run.seconds for run in product], [run.seconds for run in empty]),
        "cpu": _beside([run.cpu_seconds for run in product], [run.cpu_seconds for run in empty]),
        "steps": {step: {"product": _step(product, step), "empty": _step(empty, step)} for step in product[0].steps},
    }


def _beside(product: Sequence[float], empty: Sequence[float]) -> Json:
    return {
        "product": spread(product),
        "empty": spread(empty),
        "ratio": spread([one / other for one, other in zip(product, empty, strict=True)]),
    }


def _step(runs: Iterable[TimedRun], step: str) -> float:
    return spread([run.steps[step] for run in runs])["median"]


def _seconds(rounds: Rounds) -> Json:
    return {
        "first": spread([counted.run.seconds for counted in rounds.first]),
        "again": spread([counted.run.seconds for counted in rounds.again]),
    }


def count_calls(counted: CountedRun) -> Json:
    """Count the cloud calls of a run.

    :returns: ``products`` (``read`` and ``write`` by product), ``reads``, ``writes``, ``all``, ``listing``,
        ``waiting``, and ``besides``: all but listing and waiting.
    """
    products: dict[str, dict[str, int]] = {}
    for row in counted.calls:
        of_product = products.setdefault(row["product"], {"read": 0, "write": 0})
        of_product[row["access"]] += row["count"]
    listing, waiting = (_count(counted, actions) for actions in (LISTING, WAITING))
    reads, writes = (sum(product[access] for product in products.values()) for access in ("read", "write"))
    return {
        "products": products,
        "reads": reads,
        "writes": writes,
        "all": reads + writes,
        "listing": listing,
        "waiting": waiting,
        "besides": reads + writes - listing - waiting,
    }


def _count(counted: CountedRun, actions: frozenset[str]) -> int:
    return sum(row["count"] for row in counted.calls if row["action"] in actions)
