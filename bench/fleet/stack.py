"""An Airflow with an inventory of many pairs, and timed runs of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bench.processes import MemoryWatch, cpu_seconds
from bench.rounds import EMPTY_DAGS, write_modules
from bench.runs import BenchError, seconds_between
from bench.setup import LISTING, WAITING
from bench.stack import MeasuredStack
from bench.world import Json, Pair, write
from devstack.api import FINAL_RUN_STATES, AirflowApi
from devstack.settings import CHECKOUT, Settings

FLEET_DAG, EMPTY_FLEET = "oss_crr_fleet", "bench_empty_fleet"
#: What the product's processes take of each quota while the local cloud enforces them.
SHARE_VARIABLE, SHARE = "OSS_CRR_QUOTA_SHARE", "0.5"

_RUN_SECONDS = 1800.0
_POLL_SECONDS = 1.0
_SAMPLE_SECONDS = 2.0
#: Longer than any measurement: pairs whose rules do not start are waited for.
_NEVER = 86_400.0


class FleetApi(AirflowApi):
    """The stack's Airflow, and the times it tells."""

    def run_seconds(self, dag_id: str, run_id: str) -> float:
        """Seconds from a run's start to its end, by Airflow's own time stamps."""
        return seconds_between(self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}"), "start_date", "end_date")


class FleetStack(MeasuredStack):
    """The stack, as a context manager.

    :param folder: everything that is written.
    :param shape: the setup's steps, see :func:`bench.parsing.setup_shape`.
    :param pairs: how many pairs the inventory has.
    """

    def __init__(self, folder: Path, shape: Json, pairs: int) -> None:
        super().__init__(folder)
        self._shape = shape
        self.pairs = [Pair(number, source_objects=2) for number in range(1, pairs + 1)]
        self.api: FleetApi

    def _write_files(self, settings: Settings) -> None:
        write(settings.cloud_config, self.pairs, behaviour={"rule_start_seconds": 0})
        write_inventory(settings.fleet_file, self.pairs)
        settings.dags_folder.mkdir()
        for file in (CHECKOUT / "dags" / f"{FLEET_DAG}.py", EMPTY_DAGS / f"{EMPTY_FLEET}.py"):
            shutil.copy(file, settings.dags_folder)
        write_modules(settings.airflow_home / "config", _without_resolve(self._shape))

    def _prepare_airflow(self) -> None:
        self.api = FleetApi(self.stack.settings.airflow_url, self.stack.keys.admin_password)
        self._open(self.api, (FLEET_DAG, EMPTY_FLEET))

    @property
    def cloud_url(self) -> str:
        """The local cloud's address."""
        return self.stack.settings.cloud_url

    def begin_anew(self, *, latency_ms: int = 0, quotas: bool = False, starts: bool = True) -> None:
        """Let the cloud begin again with nothing set up.

        :param starts: whether new rules start at once, or never.
        """
        self.stack.cloud_control("POST", "reset")
        settings = {
            "latency_ms": latency_ms,
            "published_quotas": quotas,
            "rule_start_seconds": 0.0 if starts else _NEVER,
        }
        self.stack.cloud_control("POST", "behaviour", settings)

    def keep_quotas(self, keep: bool) -> None:
        """Let the product's processes keep within a share of the quotas, or not."""
        if keep == (SHARE_VARIABLE in self.variables):
            return
        if keep:
            self.variables[SHARE_VARIABLE] = SHARE
        else:
            del self.variables[SHARE_VARIABLE]
        for name in ("scheduler", "triggerer"):
            self.stack.restart(name)

    def run_fleet(self, pairs: int) -> Json:
        """Run the fleet's DAG for the first pairs of the inventory; see :meth:`timed`."""
        return self.timed(FLEET_DAG, {"pairs": [name_of(pair) for pair in self.pairs[:pairs]]})

    def timed(self, dag_id: str, conf: Mapping[str, object]) -> Json:
        """Run a DAG, and say what that took.

        :returns: ``seconds``, ``cpu`` (processor seconds of Airflow), ``cloud_cpu``, ``calls``, ``besides`` (without
            listing and waiting), ``writes``, ``tasks``, ``memory`` (peak MB by process).
        :raises BenchError: it failed, or did not end in time.
        """
        self.stack.cloud_control("GET", "calls?reset=1")
        cpu, cloud_cpu = self.cpu(), self.cpu("localcloud")
        with MemoryWatch({part.name: part.pid for part in self.stack.parts}, _SAMPLE_SECONDS) as memory:
            run_id, seconds = self._run(dag_id, conf)
        calls = self.stack.cloud_control("GET", "calls")
        return {
            "seconds": seconds,
            "cpu": self.cpu() - cpu,
            "cloud_cpu": self.cpu("localcloud") - cloud_cpu,
            "calls": calls["total"],
            "besides": sum(row["count"] for row in calls["calls"] if row["action"] not in LISTING | WAITING),
            "writes": calls["writes"],
            "tasks": len(self.api.task_states(dag_id, run_id)),
            "memory": memory.peaks,
        }

    def _run(self, dag_id: str, conf: Mapping[str, object]) -> tuple[str, float]:
        run_id = self.api.trigger(dag_id, conf)
        state = self.api.wait(dag_id, run_id, _RUN_SECONDS, _POLL_SECONDS)
        if state != "success":
            tasks = [task for task in self.api.task_states(dag_id, run_id) if task.state == "failed"]
            errors = [line for task in tasks[:3] for line in self.api.errors(dag_id, run_id, task)]
            raise BenchError("\n".join([f"{dag_id} with {len(conf)} parameters: {state}", *errors[:20]]))
        return run_id, self.api.run_seconds(dag_id, run_id)

    def measure_waiting(self, pairs: int, seconds: float) -> Json:
        """Let pairs wait for rules that do not start, and say what the triggerer takes meanwhile.

        :returns: ``pairs``, ``cores`` (share of one core), ``polls_per_second``.
        """
        self.begin_anew(starts=False)
        run_id = self.api.trigger(FLEET_DAG, {"pairs": [name_of(pair) for pair in self.pairs[:pairs]]})
        self._wait_until_deferred(run_id)
        # The first polls follow closely; after two minutes or so, rules are polled every 30 seconds.
        time.sleep(seconds)
        self.stack.cloud_control("GET", "calls?reset=1")
        used, started = self.cpu("triggerer"), time.monotonic()
        time.sleep(seconds)
        spent = time.monotonic() - started
        polls = self.stack.cloud_control("GET", "calls")["total"]
        result = {"pairs": pairs, "cores": (self.cpu("triggerer") - used) / spent, "polls_per_second": polls / spent}
        self.stack.cloud_control("POST", "behaviour", {"rule_start_seconds": 0.0})
        self.api.wait(FLEET_DAG, run_id, _RUN_SECONDS, _POLL_SECONDS)
        return result

    def _wait_until_deferred(self, run_id: str) -> None:
        deadline = time.monotonic() + _RUN_SECONDS
        while time.monotonic() < deadline:
            tasks = self.api.task_states(FLEET_DAG, run_id)
            states = [task.state for task in tasks if task.task_id == "batch.wait_for_history"]
            if states and set(states) == {"deferred"}:
                return
            if self.api.run_state(FLEET_DAG, run_id) in FINAL_RUN_STATES:
                break
            time.sleep(_POLL_SECONDS)
        raise BenchError("the pairs did not come to wait")

    def cpu(self, *names: str) -> float:
        """Processor seconds that some parts have used; all of Airflow's without names."""
        chosen = names or tuple(part.name for part in self.stack.parts if part.name != "localcloud")
        return cpu_seconds(part.pid for part in self.stack.parts if part.name in chosen)


def name_of(pair: Pair) -> str:
    """The pair's name in the inventory."""
    return f"pair-{pair.number:04}"


def write_inventory(path: Path, pairs: Sequence[Pair]) -> None:
    """Write an inventory of pairs."""
    rows: list[dict[str, Any]] = [{"name": name_of(pair), **pair.conf} for pair in pairs]
    path.write_text(yaml.safe_dump({"pairs": rows}), encoding="utf-8")


def _without_resolve(shape: Json) -> Json:
    """The steps of a batch: the one that reads the form is not among them."""
    tasks = [row for row in shape["tasks"] if row["task_id"] != "resolve"]
    return {**shape, "tasks": [{**row, "upstream": [up for up in row["upstream"] if up != "resolve"]} for row in tasks]}
