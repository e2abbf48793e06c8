"""Replicate many OSS buckets to buckets of other Alibaba Cloud accounts: all pairs of the inventory, or some.

Press **Trigger** and choose pairs by name, by pattern, or none at all for the whole inventory. Each pair goes through
the steps of *OSS replication: set up one bucket pair*, many pairs side by side: in batches, each handled by one task a
step. A pair that fails stops no other: it leaves its batch, and is tried once more on its own.

**Nothing is written before every check of a pair has passed**; switch on *Plan only* to see what would be written.
**After a failure**, repair what the report names and clear the failed tasks, or start again: what is finished is found
finished, and nothing is written twice.

| step | what it does |
|---|---|
| `resolve` | reads the inventory, and chooses |
| `count_quotas` | counts the fleet against the accounts' quotas before the first write, and cuts batches |
| `batch` | the steps of the set-up, for each batch |
| `collect_failed` | collects the pairs that failed in their batch |
| `alone` | the same steps for each of these, on its own: the task that fails is the one to look at, and to clear |
| `report` | one table: what was done for each pair, and why anything failed |
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, chain, task_group

from oss_crr.fleet.form import fleet_params, view_inventory
from oss_crr.operators.fleet import (
    CollectFailedOperator,
    CountQuotasOperator,
    FleetReportOperator,
    ResolveFleetOperator,
)
from oss_crr.pipeline import replication_pipeline

INVENTORY = view_inventory()
NAMED = {"map_index_template": "{{ task.batch_name }}"}

with DAG(
    dag_id="oss_crr_fleet",
    dag_display_name="OSS replication: set up many bucket pairs",
    description="Authorise accounts, replicate buckets, wait for their history, and verify them: a whole inventory",
    doc_md=f"{__doc__}\n{INVENTORY.note}",
    schedule=None,
    catchup=False,
    max_active_runs=64,
    # Airflow's default of 16 a run is less than a cluster's workers can do; `[core] parallelism` bounds one machine.
    max_active_tasks=64,
    params=fleet_params(INVENTORY),
    tags=["oss", "replication", "alibaba-cloud"],
) as dag:
    resolve = ResolveFleetOperator(task_id="resolve", doc_md="Chooses pairs of the inventory, and calls nobody.")
    count_quotas = CountQuotasOperator(
        task_id="count_quotas", pairs=resolve.output, doc_md="Counts before the first write; cuts batches."
    )

    @task_group(default_args={**NAMED, "tolerant": True})
    def batch(pairs: Any) -> None:
        """Set the pairs of one batch up."""
        replication_pipeline(pairs)

    @task_group(default_args=NAMED)
    def alone(pairs: Any) -> None:
        """Set up a pair that failed in its batch."""
        replication_pipeline(pairs)

    collect_failed = CollectFailedOperator(
        task_id="collect_failed",
        pairs=resolve.output,
        counted=count_quotas.task_id,
        reports=["batch.report"],
        doc_md="Collects the pairs that failed in their batch, for another try on their own.",
    )
    report = FleetReportOperator(
        task_id="report",
        pairs=resolve.output,
        resolved=resolve.task_id,
        counted=count_quotas.task_id,
        reports=["batch.report", "alone.report"],
        doc_md="One row for each pair: what was done, and why anything failed. Also as JSON, under *XCom*.",
    )
    chain(batch.expand(pairs=count_quotas.output), collect_failed, alone.expand(pairs=collect_failed.output), report)
