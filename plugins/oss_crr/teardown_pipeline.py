"""The steps of a teardown and their order."""

from __future__ import annotations

from typing import Any

from airflow.sdk import TriggerRule, chain

from oss_crr.operators.teardown import (
    ApproveTeardownOperator,
    LookAgainOperator,
    PlanTeardownOperator,
    RemoveOperator,
    StopRuleOperator,
)
from oss_crr.operators.teardown_report import TeardownReportOperator

#: Steps that take something out of a document that others write, too, and the part of each.
_SHARED = {
    "remove_destination_grant": "destination_grant",
    "remove_kms_key_grant": "kms_key_grant",
    "remove_kms_role_grant": "kms_role_grant",
    "remove_source_grant": "source_grant",
}
_REMOVING = ("stop_rule", "restore_acceleration", *_SHARED)


def teardown_pipeline(pairs: Any, *, poke_interval: float = 10.0) -> None:
    """Add the steps for one batch to the current DAG.

    :param pairs: the batch, as the output of a resolving task.
    :param poke_interval: seconds between two looks at a rule that is being removed.
    """
    plan = PlanTeardownOperator(task_id="plan", pairs=pairs, doc_md=_DOCS["plan"])
    approve = ApproveTeardownOperator(task_id="approve", doc_md=_DOCS["approve"])
    stop_rule = StopRuleOperator(
        task_id="stop_rule",
        after=("approve",),
        poke_interval=poke_interval,
        doc_md=_DOCS["stop_rule"],
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    restore_acceleration = _remove("restore_acceleration", "acceleration", after=("stop_rule",))
    destination = _remove("remove_destination_grant", "destination_grant", after=("stop_rule",))
    key_grant = _remove("remove_kms_key_grant", "kms_key_grant", after=("stop_rule",))
    # The role's policies name the key: a teardown that was broken off finds its policy by them.
    kms_role_grant = _remove("remove_kms_role_grant", "kms_role_grant", after=("stop_rule", "remove_kms_key_grant"))
    # They name the role's other source buckets, too, which are looked at before something that is shared is taken back.
    source = _remove("remove_source_grant", "source_grant", after=_REMOVING[:-1])
    look_again = LookAgainOperator(
        task_id="look_again",
        removed=_SHARED,
        after=_REMOVING,
        doc_md=_DOCS["look_again"],
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    remove_role = _remove("remove_role", "role", after=(*_REMOVING, "look_again"))
    report = TeardownReportOperator(
        task_id="report",
        after=("approve", *_REMOVING, "look_again", "remove_role"),
        doc_md=_DOCS["report"],
    )
    chain(plan, approve, stop_rule, [restore_acceleration, destination, key_grant])
    chain(key_grant, kms_role_grant)
    chain([restore_acceleration, destination, kms_role_grant], source, look_again, remove_role, report)
    # These may still run when another one has failed, and with it everything up to the last step.
    chain([restore_acceleration, destination, key_grant, kms_role_grant], report)


def _remove(task_id: str, part: str, after: tuple[str, ...]) -> RemoveOperator:
    return RemoveOperator(
        task_id=task_id,
        part=part,
        after=after,
        doc_md=_DOCS[task_id],
        # A step is skipped when the plan takes nothing of its part back; what follows may still be needed.
        trigger_rule=TriggerRule.NONE_FAILED,
    )


_DOCS = {
    "plan": (
        "Reads both accounts, and says exactly what would be taken back, what stays, and why. Nothing is written. The "
        "log shows it with the documents before and after; the output holds it as JSON."
    ),
    "approve": (
        "Shows the plan and waits until somebody approves or rejects it under *Required actions*. Skipped with "
        "*approve* off, when only a plan is wanted, and when there is nothing to take back."
    ),
    "stop_rule": (
        "Deletes the replication rule and waits, without holding a worker, until OSS has removed it: minutes, up to "
        "half an hour. After an hour it fails."
    ),
    "restore_acceleration": (
        "Switches the destination's transfer acceleration off, where this product's rule switched it on and no other "
        "rule uses it."
    ),
    "remove_destination_grant": (
        "Takes the role out of the destination bucket's policy. The policy is deleted only when nothing else is in it."
    ),
    "remove_kms_key_grant": "Takes the role out of the key's policy. The key stays.",
    "remove_kms_role_grant": "Takes back the role's right to use the key.",
    "remove_source_grant": "Takes back the role's right to read the source bucket.",
    "look_again": (
        "Looks again at documents that others may have written at the same time, once nobody can hold an older copy."
    ),
    "remove_role": "Deletes the role, if this product made it and no other pair uses it.",
    "report": "Says per pair what was taken back, what stays, what is left to do by hand, and why anything failed.",
}
