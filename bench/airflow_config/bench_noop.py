"""A DAG of tasks that do nothing, in the shape of another one.

Airflow's processes find this module in their ``config`` folder, with the shape beside it. It imports nothing of the
product.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped
from airflow.triggers.base import BaseTrigger, TriggerEvent

_SHAPE = Path(__file__).with_name("bench_shape.json")


def add_tasks(*, defers: bool, again: bool = False) -> None:
    """Add empty tasks to the current DAG: the same names, dependencies and trigger rules, the same ones skipped.

    :param defers: whether the task that waits is deferred once.
    :param again: whether tasks end as in a run that finds everything in order.
    """
    shape = json.loads(_SHAPE.read_text(encoding="utf-8"))
    ends = {row["task_id"]: row["ends_again" if again else "ends"] for row in shape["tasks"]}
    tasks = {row["task_id"]: _task({**row, "ends": ends[row["task_id"]]}, shape, defers) for row in shape["tasks"]}
    tasks[shape["skipper"]].others = [task_id for task_id, end in ends.items() if end == "skipped"]
    for row in shape["tasks"]:
        tasks[row["task_id"]].set_upstream([tasks[task_id] for task_id in row["upstream"]])


def _task(row: Mapping[str, Any], shape: Mapping[str, Any], defers: bool) -> BaseOperator:
    arguments = {"task_id": row["task_id"], "trigger_rule": row["trigger_rule"]}
    if row["task_id"] == shape["skipper"]:
        return SkippingTask(**arguments)
    if row["ends"] == "skipped":
        return SkippedTask(**arguments)
    if row["ends"] == "deferred" and defers:
        return DeferredTask(seconds=shape["deferred_seconds"], **arguments)
    return EmptyTask(**arguments)


class EmptyTask(BaseOperator):
    """Succeeds at once."""

    def execute(self, context: Any) -> None:
        """Do nothing."""


class NumbersTask(BaseOperator):
    """Returns as many numbers as the run's configuration asks for."""

    def execute(self, context: Any) -> list[int]:
        """Return the numbers."""
        return list(range(context["dag_run"].conf["batches"]))


class SkippingTask(BaseOperator):
    """Succeeds, and skips others before they start."""

    #: Ids of the tasks to skip, without their group's.
    others: list[str]

    def execute(self, context: Any) -> None:
        """Skip the others.

        :raises DownstreamTasksSkipped: always.
        """
        group, dot, _ = self.task_id.rpartition(".")
        index = context["ti"].map_index
        others = [(f"{group}{dot}{task_id}", -1 if index is None else index) for task_id in self.others]
        raise DownstreamTasksSkipped(tasks=others)  # type: ignore[no-untyped-call]


class SkippedTask(BaseOperator):
    """Is skipped at once, as a step that no pair asks for."""

    def execute(self, context: Any) -> None:
        """Skip.

        :raises AirflowSkipException: always.
        """
        raise AirflowSkipException("nothing to do")


class DeferredTask(BaseOperator):
    """Is deferred once, and succeeds as soon as it is resumed.

    :param seconds: how long the trigger sleeps before it fires.
    """

    def __init__(self, *, seconds: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seconds = seconds

    def execute(self, context: Any) -> None:
        """Defer."""
        self.defer(trigger=SleepTrigger(self.seconds), method_name="execute_complete")

    def execute_complete(self, context: Any, event: Mapping[str, Any]) -> None:
        """Do nothing."""


class SleepTrigger(BaseTrigger):
    """Fires after a while.

    :param seconds: the while.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path and the arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {"seconds": self.seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Sleep, and yield one event."""
        await asyncio.sleep(self.seconds)
        yield TriggerEvent({})  # type: ignore[no-untyped-call]
