"""The measurements of a fleet, one after another on one stack."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.fleet.plan import FleetPlan, Scenario
from bench.fleet.stack import EMPTY_FLEET, FleetStack, write_inventory
from bench.parsing import parse_seconds
from bench.probe import run_probe
from bench.world import Json, Pair

#: What Terraform does at a time unless told otherwise.
TERRAFORM = 10
_PROBE_SECONDS = 3600.0
_WAITING_SECONDS = 90.0

Say = Callable[[str], None]


def measure_scenarios(plan: FleetPlan, folder: Path, shape: Json, say: Say, keep: Callable[[Json], None]) -> None:
    """Run every scenario: this product, as many empty tasks, and both scripts.

    :param keep: given each result as soon as there is one, since a benchmark of an hour may be interrupted.
    """
    with FleetStack(folder, shape, plan.most_pairs) as stack:
        stack.run_fleet(1)
        for scenario in plan.scenarios:
            started = time.monotonic()
            keep({"scenarios": [_scenario(stack, scenario, plan)]})
            say(f"{scenario.pairs} pairs, {scenario.condition}: {time.monotonic() - started:.0f} s")


def measure_waiting(pairs: int, folder: Path, shape: Json) -> Json:
    """Let so many pairs wait, and say what the triggerer takes meanwhile; see :meth:`FleetStack.measure_waiting`."""
    with FleetStack(folder, shape, pairs) as stack:
        return stack.measure_waiting(pairs, _WAITING_SECONDS)


def _scenario(stack: FleetStack, scenario: Scenario, plan: FleetPlan) -> Json:
    """Measure one scenario; what is compared is run within minutes of it."""
    stack.keep_quotas(scenario.quotas)
    _begin(stack, scenario)
    first = stack.run_fleet(scenario.pairs)
    again = stack.run_fleet(scenario.pairs)
    _begin(stack, scenario)
    empty = stack.timed(EMPTY_FLEET, {"batches": _batches(first["tasks"])})
    beside = _script(stack, scenario, TERRAFORM, scenario.pairs)
    alone = _script(stack, scenario, 1, min(scenario.pairs, plan.one_by_one))
    return {
        "pairs": scenario.pairs,
        "latency_ms": scenario.latency_ms,
        "quotas": scenario.quotas,
        "first": first,
        "again": again,
        "empty": empty,
        "side_by_side": beside,
        "one_by_one": alone,
    }


def _begin(stack: FleetStack, scenario: Scenario) -> None:
    stack.begin_anew(latency_ms=scenario.latency_ms, quotas=scenario.quotas)


def _batches(tasks: int) -> int:
    """How many batches of empty steps make as many tasks."""
    return max(1, round((tasks - 1) / _STEPS))


#: Steps of a batch, without the one that reads the form.
_STEPS = 12


def _script(stack: FleetStack, scenario: Scenario, side_by_side: int, pairs: int) -> Json:
    """Have a script set pairs up, twice.

    :returns: ``first`` and ``again`` (seconds; scaled where it was given fewer pairs), ``measured`` (pairs),
        ``first_calls`` and ``again_calls`` (a pair).
    """
    _begin(stack, scenario)
    fields = [pair.conf for pair in stack.pairs[:pairs]]
    found: Json = run_probe("script", stack.cloud_url, str(side_by_side), data=fields, seconds=_PROBE_SECONDS)
    return {
        "measured": pairs,
        **{name: found[name] * scenario.pairs / pairs for name in ("first", "again")},
        **{name: found[name] / pairs for name in ("first_calls", "again_calls")},
    }


def measure_inventory(pairs: int, folder: Path) -> Json:
    """Read the fleet's DAG file with an inventory of so many pairs, and of one, in fresh processes.

    :returns: ``pairs``, ``seconds``, ``seconds_of_one``.
    """

    def seconds(count: int) -> float:
        inventory = folder / f"fleet-{count}.yaml"
        write_inventory(inventory, [Pair(number) for number in range(1, count + 1)])
        return parse_seconds(folder, "oss_crr_fleet.py", {"OSS_CRR_FLEET_FILE": str(inventory)})

    return {"pairs": pairs, "seconds": seconds(pairs), "seconds_of_one": seconds(1)}


def merged(results: Json, more: Json) -> Json:
    """Add results; lists grow."""
    grown: dict[str, Any] = {**results}
    for key, value in more.items():
        grown[key] = [*grown.get(key, []), *value] if isinstance(value, list) else value
    return grown
