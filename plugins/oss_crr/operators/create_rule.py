"""The step that puts the replication rule; it may have to wait until a deleted rule is gone."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from oss_crr.converge import Convergence
from oss_crr.operators.batch import utc_now
from oss_crr.operators.later_look import HEALED, look_again
from oss_crr.operators.steps import ConvergeOperator
from oss_crr.operators.waiting import defer_until, waiting_since
from oss_crr.outcome import Outcome
from oss_crr.pair import ResolvedPair
from oss_crr.progress import WaitedRule
from oss_crr.sensors.history import waited_rule

if TYPE_CHECKING:
    from airflow.sdk import Context

#: The vendor says minutes; the Terraform provider waits half an hour.
CLOSING_TIMEOUT = timedelta(hours=1)
#: Types of errors behind which a grant may be missing.
_REFUSED_FOR_RIGHTS = ("PermissionDenied", "NotYetEffective")


class CreateRuleOperator(ConvergeOperator):
    """Put the rule; where a deleted one is in the way, wait in the triggerer until it is gone.

    :param poke_interval: seconds between two looks at a rule that is being removed.
    """

    def __init__(self, *, poke_interval: float = 10.0, **kwargs: Any) -> None:
        super().__init__(resource="rule", **kwargs)
        self.poke_interval = poke_interval

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Put the rules, and defer while deleted ones are in the way."""
        outcomes = self._healed(context, self.run_step(context))
        closing = self._closing(self.survivors(context), outcomes)
        deadline = waiting_since(context) + CLOSING_TIMEOUT.total_seconds() if closing else 0.0
        if closing and time.time() < deadline:
            self.log.info("Waiting until deleted rules are gone: %s", ", ".join(rule.rule_id for rule in closing))
            defer_until(self, closing, "gone", self.poke_interval, deadline)
        return self.settle(context, outcomes)

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Try again now that the deleted rules are gone, or the waiting time is over."""
        self.log.info("Waiting ended: %s", event["status"])
        return self.execute(context)

    def _healed(self, context: Context, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Put the rules again that were refused because another run took out a grant of this one."""
        refused = {item.pair for item in outcomes if item.error and item.error["type"] in _REFUSED_FOR_RIGHTS}
        healed = look_again(self, context, only=refused, wait=False) if refused else []
        names = {item.pair for item in healed if item.changes}
        if not names:
            return list(outcomes)
        convergence = Convergence(self._resource, self.accounts, self.step, {}, utc_now())
        put = convergence.run([pair for pair in self.survivors(context) if pair.name in names])
        second = {item.pair: replace(item, details={**item.details, HEALED: True}) for item in put}
        return [second.get(item.pair, item) for item in outcomes]

    @staticmethod
    def _closing(pairs: Sequence[ResolvedPair], outcomes: Sequence[Outcome]) -> list[WaitedRule]:
        by_name = {pair.name: pair for pair in pairs}
        return [
            waited_rule(by_name[outcome.pair], outcome.details["rule_id"])
            for outcome in outcomes
            if outcome.error and outcome.error["type"] == "RuleClosing"
        ]
