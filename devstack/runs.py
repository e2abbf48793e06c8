"""Run a DAG on the stack, and show it in the terminal until it has ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from devstack.api import FINAL_RUN_STATES, AirflowApi, TaskState
from devstack.display import RunDisplay
from devstack.errors import RunFailed
from devstack.stack import Stack

_DAG_SECONDS = 60
_RUN_SECONDS = 600
#: Within these, Airflow starts the run of the present hour once a DAG is switched on.
_SCHEDULE_SECONDS = 5
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class EndedRun:
    """A run that has ended.

    :param state: ``success`` or ``failed``.
    """

    dag_id: str
    run_id: str
    state: str
    tasks: Sequence[TaskState]

    def page(self, url: str) -> str:
        """The address of the run's report in Airflow's UI."""
        return f"{url}/dags/{self.dag_id}/runs/{quote(self.run_id, safe='')}/plugin/oss-crr-run"


class Runner:
    """Runs DAGs on a stack.

    :param stack: a stack that is started.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        #: A client of the stack's Airflow, logged in.
        self.api: AirflowApi = stack.api()

    def prepare(self, dag_id: str) -> None:
        """Wait until Airflow knows a DAG, end what an earlier demo left of it, and let only the demo run it."""
        self._stack.wait_for_dag(dag_id, _DAG_SECONDS)
        self.api.pause(dag_id)
        for run_id in self.api.unfinished_runs(dag_id):
            # Left by a demo that was ended in the middle: its tasks are gone.
            self.api.fail_run(dag_id, run_id)

    def run(self, dag_id: str, conf: Mapping[str, object], remark: Callable[[], str] = lambda: "") -> EndedRun:
        """Run a DAG and show its tasks as they end.

        :param conf: the run's parameters.
        :param remark: asked for a text to show beside the active tasks.
        :raises RunFailed: it did not end in time.
        """
        self.api.unpause(dag_id)
        return self._follow(dag_id, self.api.trigger(dag_id, conf), remark)

    def run_scheduled(self, dag_id: str) -> EndedRun:
        """Switch a DAG on and show the run that its schedule starts; one by hand where this hour's has been.

        :raises RunFailed: it did not end in time.
        """
        self.api.unpause(dag_id)
        deadline = time.monotonic() + _SCHEDULE_SECONDS
        while time.monotonic() < deadline:
            started = self.api.unfinished_runs(dag_id)
            if started:
                return self._follow(dag_id, started[0], lambda: "")
            time.sleep(_POLL_SECONDS)
        return self.run(dag_id, {})

    def _follow(self, dag_id: str, run_id: str, remark: Callable[[], str]) -> EndedRun:
        display = RunDisplay(sys.stdout)
        deadline = time.monotonic() + _RUN_SECONDS
        while time.monotonic() < deadline:
            self._stack.check()
            state = self.api.run_state(dag_id, run_id)
            tasks = self.api.task_states(dag_id, run_id)
            display.update(tasks, remark())
            if state in FINAL_RUN_STATES:
                display.close()
                return EndedRun(dag_id, run_id, state, tasks)
            time.sleep(_POLL_SECONDS)
        logs = self._stack.settings.log_folder
        raise RunFailed(f"Run {run_id} of {dag_id} did not end within {_RUN_SECONDS} s. Logs: {logs}")

    def report(self, run: EndedRun) -> list[dict[str, Any]]:
        """Return what the run's last task left: a list with one entry per pair.

        :raises ApiError: it left nothing.
        """
        report: list[dict[str, Any]] = self.api.xcom(run.dag_id, run.run_id, "report")
        return report

    def failures(self, run: EndedRun) -> str:
        """Return what each failed task of a run says."""
        failed = [task for task in run.tasks if task.state == "failed"]
        return "\n".join(self._failure(run, task) for task in failed)

    def _failure(self, run: EndedRun, task: TaskState) -> str:
        errors = self.api.errors(run.dag_id, run.run_id, task)
        return "\n".join([f"  {task.task_id}:", *(f"    {line}" for error in errors for line in error.splitlines())])
