"""``python -m bench``: measure everything, write the results, and print them."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bench import cloud_speed, machine, report
from bench.parsing import measure_parsing, setup_shape
from bench.plan import Plan
from bench.rounds import BENCH, EMPTY_DAGS, write_modules
from bench.runs import BenchError
from bench.setup import measure_setup
from bench.world import Json
from devstack.errors import DevstackError

_RESULTS = BENCH / "out" / "results.json"
_PAGE = BENCH / "results" / "pair.md"


def main() -> int:
    """Run the benchmark; return the exit status."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix="oss-crr-bench-") as folder:
            results = measure(Plan(), Path(folder))
    except (BenchError, DevstackError) as error:
        print(f"The benchmark failed. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130
    _RESULTS.parent.mkdir(exist_ok=True)
    _RESULTS.write_text(json.dumps(results, indent=2), encoding="utf-8")
    page = report.render(results)
    _PAGE.parent.mkdir(exist_ok=True)
    _PAGE.write_text(page, encoding="utf-8")
    print(page)
    return 0


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """End like Ctrl-C does, so that every process is ended on the way out."""
    raise KeyboardInterrupt


def measure(plan: Plan, folder: Path) -> Json:
    """Measure everything.

    :param folder: where the stack and the local clouds write.
    :returns: a member for each measurement, as :func:`bench.report.render` reads them.
    """
    results: Json = {"machine": machine.describe()}
    shape = setup_shape(folder)
    modules = folder / "modules"
    write_modules(modules, shape)
    measurements: dict[str, Callable[[], Json]] = {
        "parsing": lambda: measure_parsing(plan.parses, folder, EMPTY_DAGS, modules),
        "local_cloud": lambda: cloud_speed.measure_local_cloud(plan, folder),
        "verification": lambda: cloud_speed.measure_verification(plan, folder),
        "direct": lambda: cloud_speed.measure_direct(plan, folder),
        "setup": lambda: measure_setup(plan, folder / "stack", shape),
    }
    for name, work in measurements.items():
        started = time.monotonic()
        print(f"Measuring: {name} ...", end=" ", flush=True)
        results[name] = work()
        print(f"{time.monotonic() - started:.0f} s", flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main())
