"""The steps of a verification of one batch, and their order."""

from __future__ import annotations

from typing import Any

from airflow.sdk import TriggerRule, chain

from oss_crr.operators.verify_batch import CheckedCanaryOperator, CheckedCleanUpOperator, CheckedCompareOperator
from oss_crr.operators.verify_check import CheckOperator
from oss_crr.operators.verify_repair import RepairOperator


def verification_pipeline(batch: Any) -> None:
    """Add the steps for one batch to the current task group, which is mapped over many batches.

    The repair comes before the test object and the comparison, so that these prove what it has achieved.

    :param batch: an item that :class:`oss_crr.operators.verify_resolve.ResolveVerificationOperator` returns.
    """
    check = CheckOperator(task_id="check", batch=batch, doc_md=_DOCS["check"])
    repair = RepairOperator(task_id="repair", doc_md=_DOCS["repair"])
    # What a repair could not do for one pair is no reason to look at the others less closely.
    canary = CheckedCanaryOperator(task_id="canary", doc_md=_DOCS["canary"], trigger_rule=TriggerRule.ALL_DONE)
    compare = CheckedCompareOperator(
        task_id="compare",
        max_objects="{{ params.max_objects }}",
        doc_md=_DOCS["compare"],
        trigger_rule=TriggerRule.ALL_DONE,
    )
    # A teardown runs whatever became of the test objects, and has no say in whether the run is a success.
    clean_up = CheckedCleanUpOperator(task_id="clean_up", doc_md=_DOCS["clean_up"]).as_teardown()
    chain(check, repair, [canary, compare])
    chain(canary, clean_up)


_DOCS = {
    "check": (
        "Reads what is configured for each pair, and how far replication has come; writes nothing. Each difference is "
        "logged with its cause. A pair that cannot be read is *unknown*, and stops no other."
    ),
    "repair": (
        "Only when asked for: writes what drifted, in the order of the set-up, and nothing else; then checks these "
        "pairs again. In mode *plan*, the log shows what would be written. Waits without a worker while a rule is "
        "removed."
    ),
    "canary": (
        "Writes a small object at the source, waits without a worker until it arrives, compares, overwrites, and "
        "deletes it. Only for pairs whose rule is at work."
    ),
    "compare": "Lists both sides and compares the objects, as many as the run may; the next run goes on from there.",
    "clean_up": "Removes the test objects on both sides, whatever happened before.",
}
