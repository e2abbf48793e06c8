"""Replicate one OSS bucket to a bucket of another Alibaba Cloud account.

Press **Trigger**, fill in the two buckets and their regions, and start. The run authorises both accounts with the
fewest rights that replication needs, switches replication on, waits until the objects that are there already have been
copied, and proves that they arrived.

**Before the first run** create two connections (Admin → Connections) of type `alibaba_cloud`: `oss_source` with an
access key of the account that owns the source bucket, `oss_destination` with one of the other account. The README lists
the rights each needs.

**Nothing is written before every check has passed**; switch on *Plan only* to see what would be written. Running again
for the same buckets changes nothing that is in order. When a task fails, its log names what is wrong and what to do;
clear the task, or start again: what is finished is found finished.

| step | what it does | where |
|---|---|---|
| `resolve` | checks what you entered | nowhere |
| `preflight` | reads both accounts and checks | both |
| `create_role` | a RAM role that OSS may assume | source account |
| `grant_source` | the role may read the source bucket | source account |
| `grant_destination` | the role may write to the destination bucket | destination account |
| `prepare_kms_key`, `grant_kms_key`, `grant_kms_role` | for KMS-encrypted objects only: key and rights | both |
| `hand_over` | without a connection to the destination only: what its owner has to grant | nowhere |
| `create_rule` | the replication rule | source bucket |
| `wait_for_history` | waits without holding a worker | source bucket |
| `verify` | compares both buckets, object by object | both |
| `report` | what was done, and why anything failed | nowhere |
"""

from __future__ import annotations

from airflow.sdk import DAG

from oss_crr.form import SETUP_PARAMS
from oss_crr.operators.steps import ResolveFormOperator
from oss_crr.pipeline import replication_pipeline

with DAG(
    dag_id="oss_crr_setup",
    dag_display_name="OSS replication: set up one bucket pair",
    description="Authorise two accounts, replicate a bucket, wait for its history, and verify it",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    # A run may wait for days and costs nothing meanwhile: with Airflow's default, the seventeenth would not even start.
    max_active_runs=256,
    params=SETUP_PARAMS,
    tags=["oss", "replication", "alibaba-cloud"],
) as dag:
    replication_pipeline(
        ResolveFormOperator(task_id="resolve", doc_md="Checks what you entered, and calls nobody.").output
    )
