"""Verify that OSS buckets are still replicated as the inventory says: every hour, by hand, and after a set-up.

Each pair is looked at in four ways; nothing but a small test object is written.

- **Configuration**: role, grants, key, rule and buckets, compared with what the pair asks for.
- **Lag**: how far replication lies behind, and history that has stopped moving.
- **Canary**: a test object travels through the pair, is overwritten and deleted.
- **Comparison**: the objects of both sides, some thousands in each run.

**The run fails when a pair is broken**, and the report names what is wrong, why, since when, and what repairs it. A
pair that only lags, or that could not be read, is a warning. When not a single pair could be read, the run fails.

**To repair**, trigger the DAG with *What to do about drift*: show it first, or write it. Only what drifted is written.

**Schedule**: every hour, or what the environment variable `OSS_CRR_VERIFY_SCHEDULE` of the DAG processor says, as a
cron expression. Missed hours are not made up for, and there is **no backfill**: a verification looks at now. To verify
pairs now, trigger the DAG and choose them. Pairs that `oss_crr_setup` has set up are verified here right away.

**Others can listen**: each run sends an event for the asset `oss-crr://health/<pair>` of every pair, with its health.
Notifiers are called when the health of a pair changes; `docs/verification.md` tells how to declare them.

| step | what it does |
|---|---|
| `resolve` | chooses pairs of the inventory, or those that were just set up |
| `batch.check` | reads and compares the configuration, and how far replication has come |
| `batch.repair` | only when asked for: writes what drifted, or shows it; then checks again |
| `batch.canary`, `batch.clean_up` | the test object, and its removal, whatever happened |
| `batch.compare` | compares the objects of both sides |
| `judge` | one result for each pair, its trend, and news for notifiers |
| `announce` | an asset event for each pair |
| `report` | the table, and whether the run is a success |
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, chain, task_group

from oss_crr.fleet.form import view_inventory
from oss_crr.operators.retry import RETRIES, RETRY_DELAY
from oss_crr.operators.steps import DESTINATION_COMPLETE
from oss_crr.operators.verify_judge import PAIR_HEALTH, AnnounceOperator, JudgeOperator
from oss_crr.operators.verify_report import VerificationReportOperator
from oss_crr.operators.verify_resolve import ResolveVerificationOperator
from oss_crr.verify_form import verify_params
from oss_crr.verify_pipeline import verification_pipeline

INVENTORY = view_inventory()
PARAMS = verify_params(INVENTORY)
#: All but a backfill, whose runs would all look at now.
RUN_TYPES: Any = ["scheduled", "manual", "operator_triggered", "asset_triggered", "asset_materialization"]
EVERY = os.environ.get("OSS_CRR_VERIFY_SCHEDULE") or "0 * * * *"

with DAG(
    dag_id="oss_crr_verify",
    dag_display_name="OSS replication: verify bucket pairs",
    description="Find drift, lag and lost objects within the hour, name the cause, and repair",
    doc_md=f"{__doc__}\n{INVENTORY.note}",
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable(EVERY, timezone="UTC"), assets=DESTINATION_COMPLETE),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    allowed_run_types=RUN_TYPES,
    # The trend goes on from one run to the next, and a test object of one run is not to meet another's.
    max_active_runs=1,
    # Airflow's default of 16 a run is less than a cluster's workers can do; `[core] parallelism` bounds one machine.
    max_active_tasks=64,
    params=PARAMS,
    tags=["oss", "replication", "alibaba-cloud"],
) as dag:
    resolve = ResolveVerificationOperator(
        task_id="resolve",
        parameters=list(PARAMS),
        doc_md="Chooses pairs of the inventory, or those that an event tells of, and calls nobody.",
    )

    @task_group(group_id="batch", default_args={"map_index_template": "{{ task.batch_name }}"})
    def verify_batch(batch: Any) -> None:
        """Verify the pairs of one batch."""
        verification_pipeline(batch)

    judge = JudgeOperator(
        task_id="judge",
        group="batch",
        resolved="resolve",
        doc_md="Makes one result of all that was found about a pair, says since when it is known, keeps the trend, and "
        "calls the notifiers when the health of pairs has changed.",
    )
    announce = AnnounceOperator.partial(
        task_id="announce",
        outlets=[PAIR_HEALTH],
        retries=RETRIES,
        retry_delay=RETRY_DELAY,
        doc_md="Sends an event for the asset `oss-crr://health/<pair>` of each pair.",
    ).expand(rows=judge.output)
    report = VerificationReportOperator(
        task_id="report",
        resolved="resolve",
        judged="judge",
        announced="announce",
        doc_md="One row for each pair, also as JSON under *XCom*. Fails when a pair is broken.",
    )
    chain(verify_batch.expand(batch=resolve.output), judge)
    chain([judge, announce], report)
