"""Which steps have nothing to do for a batch, so that they need not start, and what they would have said. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from oss_crr.handover import needs_handover
from oss_crr.outcome import Outcome

if TYPE_CHECKING:
    from oss_crr.survey import Survey

#: Member of the details of what describes a batch: the steps that were skipped, each with the resource that is in
#: order, or empty.
IDLE = "idle"


@dataclass(frozen=True)
class FollowingSteps:
    """The steps after preflight.

    A step starts when those right before it are done, skipped ones included. So steps are skipped only together with
    all that lies between them and what waits for them.

    :param resources: resource of each step that brings one in order.
    :param optional: those of them that most pairs do not need.
    :param approvals: steps that wait for the owner of a destination without a connection.
    :param others: further steps.
    """

    resources: Mapping[str, str] = field(default_factory=dict)
    optional: Sequence[str] = ()
    approvals: Sequence[str] = ()
    others: Sequence[str] = ()

    def planned(self) -> dict[str, str]:
        """Return the steps that a run which only plans does not have: all."""
        return dict.fromkeys((*self.resources, *self.approvals, *self.others), "")

    def idle(self, surveys: Iterable[Survey]) -> dict[str, str]:
        """Return the steps that have nothing to do for the pairs that passed."""
        passed = [found for found in surveys if found.passed]
        approvals = any(found.resolved and needs_handover(found.resolved) for found in passed)
        changes = any(plan.changes for found in passed for plan in found.plans.values())
        idle = {} if approvals else dict.fromkeys(self.approvals, "")
        if not changes and not approvals:
            return {**self.resources, **idle}
        if not any(self.resources[step] in found.plans for found in passed for step in self.optional):
            idle |= dict.fromkeys(self.optional, "")
        return idle


def idle_outcomes(description: Sequence[Mapping[str, Any]], step: str) -> list[dict[str, Any]] | None:
    """Return what a step would have said that was skipped because it has nothing to do; None when it was not.

    :param description: outcomes of the step that describes the batch.
    """
    if not description or step not in description[0]["details"].get(IDLE, {}):
        return None
    outcomes = []
    for item in description:
        plan = item["details"]["plans"].get(item["details"][IDLE][step])
        if plan and not item["error"]:
            outcomes.append(Outcome(item["pair"], step, plan["origin"], details=plan["details"]).to_dict())
    return outcomes
