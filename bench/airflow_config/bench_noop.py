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
from airflow.sdk.exceptions import AirflowSkipException
from airflow.triggers.base import BaseTrigger, TriggerEvent

_SHAPE = Path(__file__).with_name("bench_shape.json")


def add_tasks(*, defers: bool) -> None:
    """Add empty tasks to the current DAG: the same names, dependencies and trigger rules, the same ones skipped.

    :param defers: whether the task that waits is deferred once.
    """
    shape = json.loads(_SHAPE.read_text(encoding="utf-8"))
    tasks = {row["task_id"]: _task(row, shape["deferred_seconds"], defers=defers) for row in shape["tasks"]}
    for row in shape["tasks"]:
        tasks[row["task_id"]].set_upstream([tasks[task_id] for task_id in row["upstream"]])


def _task(row: Mapping[str, Any], deferred_seconds: float, *, defers: bool) -> BaseOperator:
    arguments = {"task_id": row["task_id"], "trigger_rule": row["trigger_rule"]}
    if row["ends"] == "skipped":
        return SkippedTask(**arguments)
    if row["ends"] == "deferred" and defers:
        return DeferredTask(seconds=deferred_seconds, **arguments)
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
