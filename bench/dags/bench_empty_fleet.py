"""As many empty tasks as a fleet's run has: the setup's steps, mapped over as many batches."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, task_group
from bench_noop import NumbersTask, add_tasks

with DAG("bench_empty_fleet", schedule=None, catchup=False, max_active_tasks=64):
    numbers = NumbersTask(task_id="numbers")

    @task_group
    def batch(number: Any) -> None:
        """Do nothing for one batch."""
        add_tasks(defers=False)

    batch.expand(number=numbers.output)
