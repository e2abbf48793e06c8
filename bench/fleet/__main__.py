"""``python -m bench.fleet``: measure fleets, and write table and plot.

The environment variable ``SIZE`` is ``short``, ``medium`` (the default) or ``full``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bench import machine
from bench.fleet import plot, report
from bench.fleet.measure import measure_inventory, measure_scenarios, merged
from bench.fleet.plan import FleetPlan, plan_of
from bench.fleet.verification import measure_comparison, measure_healthy
from bench.parsing import setup_shape
from bench.rounds import BENCH
from bench.runs import BenchError
from bench.world import Json
from devstack.errors import DevstackError

RESULTS = BENCH / "results"
#: The latency of the plot.
_PLOTTED_MS = 100


def main() -> int:
    """Run the benchmark; return the exit status."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix="oss-crr-bench-") as folder:
            measure(plan_of(os.environ.get("SIZE") or "medium"), Path(folder))
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


def measure(plan: FleetPlan, folder: Path) -> None:
    """Measure, and write what is known after each measurement.

    :param folder: where the stack and the local clouds write.
    """
    results: Json = {"machine": machine.describe(), "scenarios": []}

    def keep(more: Json) -> None:
        nonlocal results
        results = merged(results, more)
        write(results, RESULTS)

    keep({"inventory": measure_inventory(plan.most_pairs, folder)})
    keep({"verification": measure_healthy(plan.verified, folder)})
    keep({"comparison": measure_comparison(plan.objects, folder)})
    measure_scenarios(plan, folder / "stack", setup_shape(folder), lambda text: print(text, flush=True), keep)


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
