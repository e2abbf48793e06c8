"""The steps of one batch and their order: shared by every DAG that sets pairs up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import TriggerRule, chain

from oss_crr.idle import FollowingSteps
from oss_crr.operators.create_rule import CreateRuleOperator
from oss_crr.operators.hand_over import HandOverOperator
from oss_crr.operators.report import ReportOperator
from oss_crr.operators.steps import ConvergeOperator, PreflightOperator, VerifyOperator
from oss_crr.sensors.history import WaitForHistorySensor

#: The vendor copies small objects in minutes and large buckets in hours or days.
WAIT_TIMEOUT = timedelta(days=7)

#: Each step that brings something in order, and what.
_RESOURCES = {
    "create_role": "role",
    "grant_source": "source_grant",
    "grant_destination": "destination_grant",
    "prepare_kms_key": "kms_key",
    "grant_kms_key": "kms_key_grant",
    "grant_kms_role": "kms_role_grant",
    "create_rule": "rule",
}
#: Resources that are written by calls of RAM, which allows 20 a second of each kind.
_RAM_WRITTEN = frozenset({"role", "source_grant", "kms_role_grant"})
#: How many batches of a run such a step works on at once. Each task takes half a quota unless told otherwise, so two
#: use it up; more would only be refused, and batches would wait for one another instead of following one another.
_RAM_TASKS = 2

_FOLLOWING = FollowingSteps(
    resources=_RESOURCES,
    optional=("prepare_kms_key", "grant_kms_key", "grant_kms_role"),
    approvals=("hand_over",),
    others=("wait_for_history", "verify"),
)
_WRITING_STEPS = (
    "create_role",
    "grant_source",
    "grant_destination",
    "prepare_kms_key",
    "grant_kms_key",
    "grant_kms_role",
    "hand_over",
    "create_rule",
)


def replication_pipeline(pairs: Any, *, poke_interval: float = 30.0, timeout: timedelta = WAIT_TIMEOUT) -> None:
    """Add the steps for one batch to the current DAG or task group, which may be mapped over many batches.

    :param pairs: the batch, as the output of a resolving task.
    :param poke_interval: seconds between two polls of the replication progress.
    :param timeout: how long to wait for historical data.
    """
    preflight = PreflightOperator(
        task_id="preflight",
        pairs=pairs,
        steps=_FOLLOWING,
        doc_md=_DOCS["preflight"],
    )
    create_role = _converge("create_role", after=())
    grant_source = _converge("grant_source", after=("create_role",))
    grant_destination = _converge("grant_destination", after=("create_role",))
    prepare_kms_key = _converge("prepare_kms_key", after=("create_role",))
    grant_kms_key = _converge("grant_kms_key", after=("create_role", "prepare_kms_key"))
    grant_kms_role = _converge("grant_kms_role", after=("create_role", "prepare_kms_key"))
    hand_over = HandOverOperator(
        task_id="hand_over",
        after=("create_role", "grant_source", "grant_kms_role"),
        doc_md=_DOCS["hand_over"],
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    create_rule = CreateRuleOperator(
        task_id="create_rule",
        after=_WRITING_STEPS[:-1],
        doc_md=_DOCS["create_rule"],
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    wait_for_history = WaitForHistorySensor(
        task_id="wait_for_history",
        rules_from="create_rule",
        after=_WRITING_STEPS,
        poke_interval=poke_interval,
        timeout=timeout.total_seconds(),
        doc_md=_DOCS["wait_for_history"],
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    verify = VerifyOperator(
        task_id="verify", waited="wait_for_history", after=(*_WRITING_STEPS, "wait_for_history"), doc_md=_DOCS["verify"]
    )
    report = ReportOperator(
        task_id="report", after=(*_WRITING_STEPS, "wait_for_history", "verify"), doc_md=_DOCS["report"]
    )
    chain(preflight, create_role, [grant_source, grant_destination, prepare_kms_key])
    chain(prepare_kms_key, [grant_kms_key, grant_kms_role])
    chain([grant_source, grant_kms_role], hand_over)
    chain([grant_destination, grant_kms_key, hand_over], create_rule, wait_for_history, verify, report)
    # Preflight may skip the hand-over, or all that is in order: what follows still waits for the rest.
    chain([grant_source, grant_kms_role], create_rule)
    chain(preflight, [wait_for_history, report])
    # These may still run when another one has failed, and with it everything up to the verification.
    chain([grant_source, grant_destination, grant_kms_key, grant_kms_role, hand_over], report)


def _converge(task_id: str, after: tuple[str, ...]) -> ConvergeOperator:
    return ConvergeOperator(
        task_id=task_id,
        resource=_RESOURCES[task_id],
        after=after,
        doc_md=_DOCS[task_id],
        # A step is skipped when no pair of the batch needs it; what follows may still be needed.
        trigger_rule=TriggerRule.NONE_FAILED,
        max_active_tis_per_dagrun=_RAM_TASKS if _RESOURCES[task_id] in _RAM_WRITTEN else None,
    )


_DOCS = {
    "preflight": (
        "Reads both accounts and checks everything that can be checked before the first write. "
        "The log shows a table; the XCom `checks` holds it as JSON, and the output what is going to change."
    ),
    "create_role": (
        "Creates the RAM role in the source account that the OSS service assumes. A role that exists is used as it is, "
        "when it trusts `oss.aliyuncs.com`; its trust policy is never changed."
    ),
    "grant_source": "Lets the role read the source bucket for replication, by a custom policy attached to it.",
    "grant_destination": (
        "Adds one statement to the destination bucket's policy that lets the role write. Statements of others stay as "
        "they are; the policy is read right before it is written, and read back afterwards."
    ),
    "prepare_kms_key": (
        "Finds the key that replicas are encrypted with, or creates the product's own key in the KMS instance that was "
        "given. Skipped when no pair replicates KMS-encrypted objects."
    ),
    "grant_kms_key": "Adds one statement to the key's policy that lets the role use the key; foreign ones stay.",
    "grant_kms_role": "Lets the role use the key, by a policy attached to it: KMS asks both accounts.",
    "hand_over": (
        "Only where there is no connection to the destination's account: shows what its owner has to grant, and waits "
        "until somebody approves under *Required actions*."
    ),
    "create_rule": (
        "Puts the replication rule on the source bucket. An equal rule is adopted. OSS cannot change a rule: "
        "one that differs is refused with the differences named or, with *replace*, deleted and created again."
    ),
    "wait_for_history": (
        "Waits until the objects that existed before the rule have been copied. It holds no worker slot: the triggerer "
        "polls and logs the progress."
    ),
    "verify": (
        "Lists both buckets and compares count, size and ETag (CRC-64 where ETags differ). When all is there, it sends "
        "an event for the asset `oss://<destination bucket>`."
    ),
    "report": "Says per pair what was created, adopted or found in order, what was verified, and why anything failed.",
}
