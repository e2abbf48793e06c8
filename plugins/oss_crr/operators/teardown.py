"""The steps of a teardown: resolve, plan, approve, take back, look again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from oss_crr.concurrency import Look
from oss_crr.errors import ClosingTimeout, InputError
from oss_crr.fleet.file import load_fleet
from oss_crr.fleet.selection import select
from oss_crr.operators.batch import REFUSAL, BatchOperator, StepOperator, run_parameter, run_value
from oss_crr.operators.hand_over import was_approved
from oss_crr.operators.links import DestinationBucketLink, PairLink, RoleLink, SourceBucketLink
from oss_crr.operators.retry import RETRY_POLICY
from oss_crr.operators.waiting import defer_until, waiting_since
from oss_crr.outcome import Outcome
from oss_crr.pair import BucketPair, parse_pair
from oss_crr.sensors.history import waited_rule
from oss_crr.teardown.claim import Claim
from oss_crr.teardown.parts import Part
from oss_crr.teardown.plan import plan_teardown
from oss_crr.teardown.registry import PARTS
from oss_crr.teardown.removal import Removal
from oss_crr.teardown.text import plan_markdown, plan_text

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context

PLAN = "plan"
APPROVAL = "approve"
REJECTED = "rejected"
#: Parameters of a run that are not fields of a pair; `wait_for_history` is one of the setup's, whose configuration
#: may be used again as it is.
RUN_PARAMETERS = frozenset({"pairs", "plan_only", "approve", "remove_adopted", "wait_for_history"})
#: More pairs than that are planned without whole documents, which weigh.
_MAX_DOCUMENTED = 20
#: The vendor says minutes; the Terraform provider waits half an hour.
CLOSING_TIMEOUT = timedelta(hours=1)


class ResolveTeardownOperator(BaseOperator):
    """Turn what the run names into a batch: pairs of the inventory, or one pair by its fields."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(retry_policy=RETRY_POLICY, **kwargs)

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the batch.

        :raises InputError: nothing is named, or what is named is wrong.
        """
        try:
            batch = self._pairs(context)
        except InputError as error:
            context["ti"].xcom_push(key=REFUSAL, value=str(error))
            raise
        self.log.info("Pairs: %s", ", ".join(pair.name for pair in batch))
        return [pair.to_dict() for pair in batch]

    def _pairs(self, context: Context) -> list[BucketPair]:
        # Airflow keeps parameters that the DAG never declared: without this, a misspelt one would be ignored.
        values = {**context["params"], **(context["dag_run"].conf or {})}
        given = {key: value for key, value in values.items() if key not in RUN_PARAMETERS}
        names = run_value(context, "pairs", None)
        if not names:
            return [parse_pair(given)]
        named = [field for field in _IDENTIFYING if given.get(field)]
        if named:
            raise InputError(*((field, "give either this or pairs of the inventory") for field in named))
        return [entry.pair for entry in select(load_fleet(), names, None)]


_IDENTIFYING = ("source_bucket", "source_region", "destination_bucket", "destination_region")


class TeardownOperator(StepOperator):
    """A step that works on what the plan says."""

    described_by: ClassVar[str] = PLAN

    def claims(self, context: Context) -> list[Claim]:
        """Return the claims of the pairs that passed every step before this one."""
        names = {pair.name for pair in self.survivors(context)}
        planned = self.outcomes_of(context, PLAN)
        return [Claim.from_dict(item["details"]["claim"]) for item in planned if item["pair"] in names]

    def changes_of(self, context: Context, part: str) -> dict[str, list[dict[str, Any]]]:
        """Return what the plan would take back of a part, by pair; only pairs of which something is."""
        plans = {item["pair"]: item["details"]["plan"] for item in self.outcomes_of(context, PLAN) if not item["error"]}
        changes = {name: plan[part]["changes"] for name, plan in plans.items() if part in plan}
        return {name: found for name, found in changes.items() if found}

    def is_allowed(self, context: Context) -> None:
        """Make sure that this run may write.

        :raises AirflowSkipException: it only plans, or somebody rejected it.
        """
        if run_parameter(context, "plan_only", False):
            raise AirflowSkipException("plan_only: nothing is taken back")
        if any(item["result"] == REJECTED for item in self.outcomes_of(context, APPROVAL)):
            raise AirflowSkipException("rejected: nothing is taken back")


class PlanTeardownOperator(TeardownOperator):
    """Read everything, and say exactly what would be taken back, what stays, and why; nothing is written.

    :param pairs: the batch (templated).
    """

    template_fields: Sequence[str] = ("pairs",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"pairs": "json"}
    ui_color = "#e8f1fb"

    def __init__(self, *, pairs: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pairs = pairs

    def outcomes_of(self, context: Context, step: str) -> list[dict[str, Any]]:
        """Return nothing: this is the first step."""
        return []

    def run_step(self, context: Context) -> list[Outcome]:
        """Plan all pairs side by side."""
        pairs = [parse_pair(pair) for pair in self.pairs]
        remove_adopted = run_parameter(context, "remove_adopted", False)
        planned = plan_teardown(self.accounts, pairs, remove_adopted=remove_adopted)
        outcomes = [found.outcome(self.step, with_documents=len(pairs) <= _MAX_DOCUMENTED) for found in planned]
        self.log.info("Plan\n%s", plan_text([outcome.to_dict() for outcome in outcomes]))
        return outcomes

    def goes_on(self, context: Context, outcomes: Sequence[Outcome]) -> bool:
        """Tell whether a pair is left; every pair takes part in this step."""
        return any(outcome.ok for outcome in outcomes)


class ApproveTeardownOperator(BatchOperator, ApprovalOperator):
    """Show the plan, and go on when somebody approves; it waits under "Required actions" and holds no worker."""

    described_by: ClassVar[str] = PLAN
    template_fields: Sequence[str] = ("subject", "body")
    ui_color = "#f3e8fd"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(subject="Take back what replication was granted?", body="", **kwargs)

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Render the plan, which is known only now."""
        super().render_template_fields(context, jinja_env)
        self.body = plan_markdown(self.outcomes_of(context, PLAN))

    def execute(self, context: Context) -> Any:
        """Ask for the approval, or skip.

        :raises AirflowSkipException: nothing is going to be taken back, or the run asks for no approval.
        """
        if run_parameter(context, "plan_only", False) or not run_parameter(context, "approve", True):
            raise AirflowSkipException("this run asks for no approval")
        if all(item["error"] or item["result"] != "planned" for item in self.outcomes_of(context, PLAN)):
            raise AirflowSkipException("there is nothing to take back")
        self.log.info("The plan that is to be approved:\n%s", self.body)
        return ApprovalOperator.execute(self, context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on; a plan that was rejected is no failure: nothing is done, as was asked."""
        result = "approved" if was_approved(event) else REJECTED
        self.log.info("The plan was %s", result)
        return self.settle(context, [Outcome(pair.name, self.step, result) for pair in self.survivors(context)])


#: Where in the console to see what a step takes back.
_LINKS: dict[str, tuple[PairLink, ...]] = {
    "rule": (SourceBucketLink(),),
    "acceleration": (DestinationBucketLink(),),
    "destination_grant": (DestinationBucketLink(),),
    "kms_role_grant": (RoleLink(),),
    "source_grant": (RoleLink(),),
}


class RemoveOperator(TeardownOperator):
    """Take one part back, as far as the plan says so and still nobody else needs it.

    :param part: name of the part, see :mod:`oss_crr.teardown.registry`.
    """

    #: What is going to be taken back, per pair, before and after: shown in the "Rendered Template" tab.
    documents: list[Any]
    template_fields: Sequence[str] = ("documents",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"documents": "json"}
    ui_color = "#fdecea"

    def __init__(self, *, part: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.part = part
        self.operator_extra_links = _LINKS.get(part, ())
        self.documents = []

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Render the documents from the plan, which is known only now."""
        super().render_template_fields(context, jinja_env)
        self.documents = [
            {"pair": name, self.part: [_document(change) for change in changes]}
            for name, changes in self.changes_of(context, self.part).items()
        ]

    def run_step(self, context: Context) -> list[Outcome]:
        """Take the part back, and read back what became of it.

        :raises AirflowSkipException: this run may not write, or the plan takes nothing of the part back.
        """
        self.is_allowed(context)
        planned = self.changes_of(context, self.part)
        claims = self.claims(context)
        concerned = [claim for claim in claims if claim.name in planned]
        if not concerned:
            raise AirflowSkipException("the plan takes nothing of that back")
        part: Part[Any] = PARTS[self.part]
        again = context["ti"].try_number > 1
        return Removal(part, self.accounts, self.step, claims, wrote_before=again).run(concerned)


def _document(change: Mapping[str, Any]) -> dict[str, Any]:
    return {key: change[key] for key in ("kind", "summary", "before", "after")}


class StopRuleOperator(RemoveOperator):
    """Delete the rule, and wait in the triggerer until it is gone.

    :param poke_interval: seconds between two looks at a rule that is being removed.
    """

    def __init__(self, *, poke_interval: float = 10.0, **kwargs: Any) -> None:
        super().__init__(part="rule", **kwargs)
        self.poke_interval = poke_interval

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Delete the rules, and defer until they are gone."""
        outcomes = self.run_step(context)
        closing = [item for item in outcomes if item.error and item.error["type"] == "RuleClosing"]
        deadline = waiting_since(context) + CLOSING_TIMEOUT.total_seconds() if closing else 0.0
        if closing and time.time() < deadline:
            pairs = {claim.name: claim.pair for claim in self.claims(context)}
            rules = [waited_rule(pairs[item.pair], item.details["rule_id"]) for item in closing]
            self.log.info("Waiting until deleted rules are gone: %s", ", ".join(rule.rule_id for rule in rules))
            defer_until(self, rules, "gone", self.poke_interval, deadline)
        return self.settle(context, [_too_late(item) if item in closing else _stopped(item) for item in outcomes])

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Look again now that the deleted rules are gone, or the waiting time is over."""
        self.log.info("Waiting ended: %s", event["status"])
        return self.execute(context)


def _stopped(outcome: Outcome) -> Outcome:
    """Return the outcome as that of the step: the plan saw a rule, and now it is gone, whichever try deleted it."""
    if outcome.result != "nothing there":
        return outcome
    return Outcome(outcome.pair, outcome.step, "taken back", ("the rule is gone",), outcome.details)


def _too_late(outcome: Outcome) -> Outcome:
    text = (
        f"rule `{outcome.details['rule_id']}` is still closing after {CLOSING_TIMEOUT}, and nothing else was taken "
        "back: see in the console what holds it up, and clear this task to wait longer"
    )
    return Outcome.failed(outcome.pair, outcome.step, ClosingTimeout(text), outcome.details)


class LookAgainOperator(TeardownOperator):
    """Look again at documents that others write, too: a writer with an older copy may have put back what was taken out.

    :param removed: steps that write such documents, and the part of each.
    """

    def __init__(self, *, removed: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.removed = dict(removed)

    def run_step(self, context: Context) -> list[Outcome]:
        """Look at what was written, until nobody can hold an older copy; no call if nothing was.

        :raises AirflowSkipException: this run may not write, or has written no such document.
        """
        self.is_allowed(context)
        claims = self.claims(context)
        outcomes: list[Outcome] = []
        for step, part in self.removed.items():
            found = {item["pair"]: Look.in_details(item["details"]) for item in self.outcomes_of(context, step)}
            looks = {name: look for name, look in found.items() if look}
            concerned = [claim for claim in claims if claim.name in looks]
            outcomes += Removal(PARTS[part], self.accounts, self.step, claims).look_again(concerned, looks)
        if not outcomes:
            raise AirflowSkipException("nothing was written that others write, too")
        return _one_each(outcomes)


def _one_each(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return one outcome for each pair: a failure, or one that had to take something out again, before others."""
    by_name: dict[str, Outcome] = {}
    for outcome in sorted(outcomes, key=lambda item: (item.ok, not item.changes)):
        by_name.setdefault(outcome.pair, outcome)
    return list(by_name.values())
