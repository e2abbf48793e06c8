"""The pipeline as a mapped task group: a run handles several batches of pairs; for the end-to-end tests."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Param, task, task_group

from oss_crr.pipeline import replication_pipeline

with DAG(
    dag_id="mapped",
    schedule=None,
    catchup=False,
    params={"batches": Param([], type="array"), "plan_only": False, "wait_for_history": True},
):

    @task
    def resolve(params: dict[str, Any] | None = None) -> list[list[dict[str, Any]]]:
        """Return the batches as they are."""
        return list((params or {})["batches"])

    @task_group
    def batch(pairs: Any) -> None:
        """Set one batch up."""
        replication_pipeline(pairs, poke_interval=1)

    batch.expand(pairs=resolve())
