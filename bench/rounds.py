"""Runs of the setup DAG and of the empty DAG in turns, on one running Airflow."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.parsing import SETUP_DAG
from bench.processes import cpu_seconds
from bench.runs import BenchApi, BenchError, TimedRun
from bench.stack import MeasuredStack
from bench.world import Json, Pair, write
from devstack.process import Part
from devstack.settings import CHECKOUT, Settings

BENCH = Path(__file__).parent
EMPTY_DAGS = BENCH / "dags"
#: The empty DAG beside a first run, and beside a second one.
EMPTY_FIRST, EMPTY_AGAIN = "bench_empty_first", "bench_empty_again"

#: Longer than any run, so that each first run is deferred. Once it is, the rule starts at once, so that the trigger
#: fires when it looks for the first time: the empty DAG's trigger does the same.
_STARTS_WHEN_DEFERRED = 3600.0
_PROGRESS = "GetBucketReplicationProgress"


@dataclass(frozen=True)
class CountedRun:
    """A run of the setup DAG with the cloud calls that it made.

    :param calls: the local cloud's rows: ``product``, ``action``, ``access`` (read or write), ``count``.
    """

    run: TimedRun
    calls: tuple[Json, ...]

    @property
    def polls(self) -> int:
        """How often the run asked for the progress of its rule."""
        return sum(row["count"] for row in self.calls if row["action"] == _PROGRESS)


@dataclass
class Rounds:
    """The runs of one kind of round, in the order in which they were made.

    :param first: the product's first run for a pair.
    :param again: its second run for the same pair.
    :param empty_first: the empty DAG that is deferred once.
    :param empty_again: the empty DAG that is not deferred.
    """

    first: list[CountedRun] = field(default_factory=list)
    again: list[CountedRun] = field(default_factory=list)
    empty_first: list[TimedRun] = field(default_factory=list)
    empty_again: list[TimedRun] = field(default_factory=list)

    def like_for_like(self) -> Rounds:
        """The rounds without first runs that waited another way than the empty DAG: by one deferral.

        A first run looks before and after its look at the grants, and once by the trigger.

        :raises BenchError: no round is left.
        """
        kept = [number for number, counted in enumerate(self.first) if counted.polls == 3]
        if not kept:
            raise BenchError(f"no first run was deferred just once: {[counted.polls for counted in self.first]} polls")
        return Rounds(
            [self.first[number] for number in kept],
            [self.again[number] for number in kept],
            [self.empty_first[number] for number in kept if self.empty_first],
            [self.empty_again[number] for number in kept if self.empty_again],
        )


class BenchStack(MeasuredStack):
    """An Airflow with the product's DAG and the empty ones, as a context manager.

    :param folder: everything that is written.
    :param shape: what the empty DAGs are like, see :func:`bench.parsing.setup_shape`.
    :param pairs: how many pairs can be set up.
    """

    def __init__(self, folder: Path, shape: Json, pairs: int) -> None:
        super().__init__(folder)
        self._pairs = [Pair(number) for number in range(1, pairs + 1)]
        self._unused: Iterator[Pair] = iter(self._pairs)
        self._shape = shape
        self.api: BenchApi

    def _write_files(self, settings: Settings) -> None:
        write(settings.cloud_config, self._pairs)
        # The DAGs that work on an inventory are read, too.
        settings.fleet_file.write_text("pairs: []\n", encoding="utf-8")
        shutil.copytree(CHECKOUT / "dags", settings.dags_folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(
            EMPTY_DAGS, settings.dags_folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
        )
        write_modules(settings.airflow_home / "config", self._shape)

    def _prepare_airflow(self) -> None:
        self.api = BenchApi(self.stack.settings.airflow_url, self.stack.keys.admin_password, self._cpu_seconds)
        self._open(self.api, (SETUP_DAG, EMPTY_FIRST, EMPTY_AGAIN))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The running parts."""
        return self.stack.parts

    def forget_sdks(self) -> None:
        """Restart what loads the cloud SDKs at its start, so that each task's process has to load them itself."""
        (self.stack.settings.airflow_home / "config" / "airflow_local_settings.py").unlink()
        for name in ("scheduler", "triggerer"):
            self.stack.restart(name)

    def delay_calls(self, milliseconds: int) -> None:
        """Let every cloud call take longer."""
        self.stack.cloud_control("POST", "behaviour", {"latency_ms": milliseconds})

    def play(self, rounds: int, *, with_empty: bool = True) -> Rounds:
        """Set up as many new pairs, each twice.

        :param with_empty: whether the empty DAGs run in between.
        """
        played = Rounds()
        for _ in range(rounds):
            pair = next(self._unused)
            played.first.append(self._set_up(pair))
            if with_empty:
                played.empty_first.append(self.api.timed_run(EMPTY_FIRST, {}))
            played.again.append(self._set_up(pair))
            if with_empty:
                played.empty_again.append(self.api.timed_run(EMPTY_AGAIN, {}))
        return played

    def _set_up(self, pair: Pair) -> CountedRun:
        self.stack.cloud_control("GET", "calls?reset=1")
        self._start_rules_after(_STARTS_WHEN_DEFERRED)
        run = self.api.timed_run(SETUP_DAG, pair.conf, when_deferred=lambda: self._start_rules_after(0.0))
        return CountedRun(run, tuple(self.stack.cloud_control("GET", "calls")["calls"]))

    def _cpu_seconds(self) -> float:
        return cpu_seconds(part.pid for part in self.parts)

    def _start_rules_after(self, seconds: float) -> None:
        self.stack.cloud_control("POST", "behaviour", {"rule_start_seconds": seconds})


def write_modules(folder: Path, shape: Json) -> None:
    """Write the module that the empty DAGs import, and their shape beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(BENCH / "airflow_config" / "bench_noop.py", folder)
    (folder / "bench_shape.json").write_text(json.dumps(shape), encoding="utf-8")
