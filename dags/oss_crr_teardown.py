"""Stop the replication of one or more bucket pairs, and take back exactly what their setup added.

Press **Trigger** and choose pairs of the inventory, or enter one pair as it was entered for its setup. The plan shows
what would be taken back, what stays, and why; then somebody has to approve it under *Required actions*. Switch on *Plan
only* to stop at the plan.

**Never touched:** buckets, objects, keys, statements and policies of others, and whatever another pair still needs.
**After a failure**, repair what the report names and clear the failed tasks, or start again: the rest is taken back.

| step | what it does | where |
|---|---|---|
| `resolve` | checks what you entered | nowhere |
| `plan` | reads both accounts, writes nothing | both |
| `approve` | shows the plan and waits for somebody | nowhere |
| `stop_rule` | deletes the replication rule, waits until it is gone | source bucket |
| `restore_acceleration` | switches acceleration off that the rule had switched on | destination bucket |
| `remove_destination_grant`, `remove_kms_key_grant` | takes the role out of the policies | destination account |
| `remove_kms_role_grant`, `remove_source_grant` | takes back the role's own rights | source account |
| `look_again` | makes sure that nobody has put anything back at the same time | both |
| `remove_role` | deletes the role, if it was made for this and nobody uses it | source account |
| `report` | what was taken back, what stays, and why anything failed | nowhere |
"""

from __future__ import annotations

from airflow.sdk import DAG

from oss_crr.fleet.form import view_inventory
from oss_crr.operators.teardown import ResolveTeardownOperator
from oss_crr.teardown_form import teardown_params
from oss_crr.teardown_pipeline import teardown_pipeline

INVENTORY = view_inventory()

with DAG(
    dag_id="oss_crr_teardown",
    dag_display_name="OSS replication: stop it, and take back what was granted",
    description="Stop the replication of bucket pairs, and take back exactly what their setup added",
    doc_md=f"{__doc__}\n{INVENTORY.note}",
    schedule=None,
    catchup=False,
    # A run may wait for days until somebody approves, and costs nothing meanwhile.
    max_active_runs=256,
    params=teardown_params(INVENTORY),
    tags=["oss", "replication", "alibaba-cloud"],
) as dag:
    teardown_pipeline(ResolveTeardownOperator(task_id="resolve", doc_md="Checks what you entered.").output)
