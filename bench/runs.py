"""Timed DAG runs, by the time stamps that Airflow itself keeps."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devstack.api import FINAL_RUN_STATES, AirflowApi

_RUN_SECONDS = 240.0
_POLL_SECONDS = 0.25


class BenchError(Exception):
    """The benchmark cannot go on; the text says why, for a person."""


@dataclass(frozen=True)
class TimedRun:
    """One run that succeeded.

    :param seconds: from the run's start to its end.
    :param cpu_seconds: processor time of Airflow's processes and the local cloud meanwhile.
    :param states: each task's final state.
    :param steps: seconds of each task from its first start to its end; a deferred task's waiting is within.
    """

    seconds: float
    cpu_seconds: float
    states: dict[str, str]
    steps: dict[str, float]


class BenchApi(AirflowApi):
    """The stack's Airflow, and the times it tells.

    :param cpu_clock: tells how much processor time the stack has used.
    """

    def __init__(self, url: str, password: str, cpu_clock: Callable[[], float]) -> None:
        super().__init__(url, password)
        self._cpu_clock = cpu_clock

    def timed_run(
        self, dag_id: str, conf: Mapping[str, object], when_deferred: Callable[[], object] = lambda: None
    ) -> TimedRun:
        """Run a DAG, and say how long it took.

        :param conf: the run's parameters.
        :param when_deferred: called once, as soon as a task is seen to be deferred.
        :raises BenchError: it failed, or did not end in time.
        """
        used_before = self._cpu_clock()
        run_id = self.trigger(dag_id, conf)
        state = self._follow(dag_id, run_id, when_deferred)
        used = self._cpu_clock() - used_before
        tasks = self.task_states(dag_id, run_id)
        if state != "success":
            errors = [line for task in tasks if task.state == "failed" for line in self.errors(dag_id, run_id, task)]
            raise BenchError("\n".join([f"{dag_id} with {dict(conf)}: {state}", *errors]))
        run = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
        return TimedRun(
            seconds=seconds_between(run, "start_date", "end_date"),
            cpu_seconds=used,
            states={task.task_id: task.state or "" for task in tasks},
            steps={task.task_id: task.seconds for task in tasks},
        )

    def _follow(self, dag_id: str, run_id: str, when_deferred: Callable[[], object]) -> str:
        """Wait until a run has ended, in the same way for every DAG, since looking costs the API server time."""
        deadline = time.monotonic() + _RUN_SECONDS
        deferred = False
        while time.monotonic() < deadline:
            state = self.run_state(dag_id, run_id)
            if state in FINAL_RUN_STATES:
                return state
            if not deferred and any(task.state == "deferred" for task in self.task_states(dag_id, run_id)):
                deferred = True
                when_deferred()
            time.sleep(_POLL_SECONDS)
        return f"not ended within {_RUN_SECONDS:.0f} s"


def seconds_between(record: Mapping[str, Any], first: str, last: str) -> float:
    """Seconds between two of a record's time stamps."""
    start, end = (datetime.fromisoformat(record[name]) for name in (first, last))
    return (end - start).total_seconds()
