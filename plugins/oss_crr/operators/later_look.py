"""The later look at documents that a run wrote and that others write, too; :mod:`oss_crr.concurrency` says why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from oss_crr.concurrency import Look
from oss_crr.converge import Convergence
from oss_crr.operators.batch import BatchOperator, utc_now
from oss_crr.outcome import Outcome
from oss_crr.resources.registry import RESOURCES

if TYPE_CHECKING:
    from airflow.sdk import Context

#: Steps that write documents of several writers, and the resource of each.
GRANTING_STEPS = {
    "grant_source": "source_grant",
    "grant_destination": "destination_grant",
    "grant_kms_key": "kms_key_grant",
    "grant_kms_role": "kms_role_grant",
}
#: Step that may grant again what was taken out, when a rule is refused because of that.
RULE_STEP = "create_rule"
#: Members of an outcome's details: the step granted again what was taken out; the documents were seen to rest, or
#: (False) should have been.
HEALED = "grants_healed"
REST = "grants_rest"


def look_again(
    operator: BatchOperator,
    context: Context,
    *,
    only: Collection[str] | None = None,
    wait: bool = True,
    trust_first_look: bool = True,
) -> list[Outcome]:
    """Look again at what this run wrote, and heal what others took out; no call if it wrote nothing.

    :param only: names of pairs; None for all that passed so far.
    :param wait: look when nobody can hold an older copy any more, and until each document rests: then it is certain
        that nothing is lost. Else just once.
    :param trust_first_look: whether a document may count as resting when it is what it was when it was written; not
        when this run may have written it since.
    :returns: the outcomes of the steps that had written.
    """
    healed = any(item["details"].get(HEALED) for item in operator.outcomes_of(context, RULE_STEP)) if wait else False
    trusted = trust_first_look and not healed
    outcomes: list[Outcome] = []
    for step, looks in written(operator, context).items():
        pairs = [
            pair for pair in operator.survivors(context) if pair.name in looks and (only is None or pair.name in only)
        ]
        known = looks if trusted else {name: look.forgetting() for name, look in looks.items()}
        convergence = Convergence(RESOURCES[GRANTING_STEPS[step]], operator.accounts, step, {}, utc_now())
        outcomes += convergence.look_again(pairs, known, wait=wait)
    for outcome in outcomes:
        if outcome.changes:
            operator.log.warning("%s: %s was taken out by somebody else; granted again", outcome.pair, outcome.step)
    return outcomes


def written(operator: BatchOperator, context: Context) -> dict[str, dict[str, Look]]:
    """Return when this run saw last what its steps had written, by step and pair; empty when they wrote nothing.

    Only documents count that others may write, too.
    """
    found = {step: _looks(operator.outcomes_of(context, step)) for step in GRANTING_STEPS}
    return {step: looks for step, looks in found.items() if looks}


def _looks(outcomes: Iterable[Mapping[str, Any]]) -> dict[str, Look]:
    found = {item["pair"]: Look.in_details(item["details"]) for item in outcomes}
    return {name: look for name, look in found.items() if look}
