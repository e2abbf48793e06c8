"""``python -m bench.fleet [PART...]``: measure fleets, and write table and plot.

The environment variable ``SIZE`` is ``short``, ``medium`` (the default) or ``full``. With parts named, only these are
measured, and what is known of the others is kept.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bench import machine
from bench.fleet import plot, report
from bench.fleet.measure import measure_inventory, measure_scenarios, measure_waiting, merged
from bench.fleet.plan import FleetPlan, plan_of
from bench.fleet.verification import measure_comparison, measure_healthy
from bench.parsing import setup_shape
from bench.rounds import BENCH
from bench.runs import BenchError
from bench.world import Json
from devstack.errors import DevstackError

RESULTS = BENCH / "results"
#: What can be measured on its own.
PARTS = ("inventory", "scenarios", "waiting", "verification", "comparison")
#: The latency of the plot.
_PLOTTED_MS = 100


def main() -> int:
    """Run the benchmark; return the exit status."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix="oss-crr-bench-") as folder:
            measure(plan_of(os.environ.get("SIZE") or "medium"), Path(folder), sys.argv[1:])
    except (BenchError, DevstackError, TimeoutError) as error:
        print(f"The benchmark failed. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130
    print((RESULTS / "fleet.md").read_text(encoding="utf-8"))
    return 0


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """End like Ctrl-C does, so that every process is ended on the way out."""
    raise KeyboardInterrupt


def measure(plan: FleetPlan, folder: Path, chosen: Sequence[str] = ()) -> None:
    """Measure, and write what is known after each measurement.

    :param folder: where the stack and the local clouds write.
    :param chosen: names of parts; all without.
    :raises BenchError: there is no such part.
    """
    unknown = sorted(set(chosen) - set(PARTS))
    if unknown:
        raise BenchError(f"{', '.join(unknown)}: choose from {', '.join(PARTS)}")
    results = _kept(chosen)

    def keep(more: Json) -> None:
        nonlocal results
        results = merged(results, more)
        write(results, RESULTS)

    measures: dict[str, Callable[[], None]] = {
        "inventory": lambda: keep({"inventory": measure_inventory(plan.most_pairs, folder)}),
        "scenarios": lambda: measure_scenarios(plan, folder / "stack", setup_shape(folder), _say, keep),
        "waiting": lambda: keep({"waiting": measure_waiting(plan.waiting, folder / "waiting", setup_shape(folder))}),
        "verification": lambda: keep({"verification": measure_healthy(plan.verified, folder)}),
        "comparison": lambda: keep({"comparison": measure_comparison(plan.objects, folder)}),
    }
    for part in chosen or PARTS:
        measures[part]()
        _say(part)


def _say(text: str) -> None:
    print(text, flush=True)


def _kept(chosen: Sequence[str]) -> Json:
    """Return what is known of the parts that are not measured now."""
    file = RESULTS / "fleet.json"
    known: Json = json.loads(file.read_text(encoding="utf-8")) if chosen and file.exists() else {}
    kept = {key: value for key, value in known.items() if key not in chosen}
    return {"scenarios": [], **kept, "machine": machine.describe()}


def write(results: Json, folder: Path) -> None:
    """Write the results in every form."""
    folder.mkdir(exist_ok=True)
    (folder / "fleet.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if not results["scenarios"]:
        return
    (folder / "fleet.md").write_text(report.render(results), encoding="utf-8")
    if any(row["latency_ms"] == _PLOTTED_MS and not row["quotas"] for row in results["scenarios"]):
        (folder / "fleet.svg").write_text(plot.draw(results["scenarios"], _PLOTTED_MS), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
