"""The steps before, between and after the waiting: resolve, preflight, converge, verify."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from textwrap import indent
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import Asset, AssetAlias, BaseOperator
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped

from oss_crr.converge import Convergence
from oss_crr.errors import InputError, OssCrrError
from oss_crr.fleet.batches import batch_name
from oss_crr.idle import IDLE, FollowingSteps
from oss_crr.operators.batch import PREFLIGHT, REFUSAL, StepOperator, map_index, run_parameter, utc_now
from oss_crr.operators.links import DestinationBucketLink, PairLink, RoleLink, SourceBucketLink
from oss_crr.operators.retry import RETRY_POLICY
from oss_crr.outcome import Outcome
from oss_crr.pair import ResolvedPair, parse_pair
from oss_crr.parallel import in_parallel
from oss_crr.planning import PlannedResource
from oss_crr.preflight import table
from oss_crr.resources.base import Resource
from oss_crr.resources.registry import RESOURCES
from oss_crr.survey import survey
from oss_crr.verify import verify_pair

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context

    from oss_crr.inventory import Comparison

#: Parameters of a run that are not fields of a pair.
RUN_PARAMETERS = frozenset({"plan_only", "wait_for_history"})

#: XCom key under which preflight leaves its checks, by pair: more than half of all it has to say, and for people only.
CHECKS = "checks"

#: Events on this alias, and on the asset ``oss://<destination bucket>``, say that a destination is complete.
DESTINATION_COMPLETE = AssetAlias("oss_crr_destination_complete")


class ResolveFormOperator(BaseOperator):
    """Turn the trigger form's parameters into a batch of one pair; refuse what is wrong before any call."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(retry_policy=RETRY_POLICY, **kwargs)

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the batch.

        :raises InputError: naming every field that is unknown, missing or wrong.
        """
        # Airflow keeps parameters that the DAG never declared: without this, a misspelt one would be ignored.
        values = {**context["params"], **(context["dag_run"].conf or {})}
        try:
            batch = [parse_pair({key: value for key, value in values.items() if key not in RUN_PARAMETERS})]
        except InputError as error:
            context["ti"].xcom_push(key=REFUSAL, value=str(error))
            raise
        self.log.info("Pair: %s", batch[0])
        return [pair.to_dict() for pair in batch]


class PreflightOperator(StepOperator):
    """Read and check everything before the first write.

    The output holds, per pair, what the cloud told of the pair, and the differences of each resource; the checks are
    kept beside it, under :data:`CHECKS`.

    Steps that have nothing to do for the batch are skipped before they start, because starting a task takes longer than
    most steps do. What they would have said is in this step's output, see :mod:`oss_crr.idle`. Airflow skips only what
    it has expanded already, so in a mapped group one may start nevertheless: each must find that out by itself.

    :param pairs: the batch (templated).
    :param steps: the steps that follow; None for none.
    """

    template_fields: Sequence[str] = ("pairs",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"pairs": "json"}
    ui_color = "#e8f1fb"

    def __init__(self, *, pairs: Any, steps: FollowingSteps | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pairs = pairs
        self.steps = steps or FollowingSteps()

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Survey the batch.

        :raises DownstreamTasksSkipped: naming the steps that have nothing to do; the output is kept.
        """
        result = super().execute(context)
        idle = result[0]["details"][IDLE] if result else {}
        if idle:
            context["ti"].xcom_push(key="return_value", value=result)
            tasks = [(self.sibling(step), map_index(context)) for step in idle]
            raise DownstreamTasksSkipped(tasks=tasks)  # type: ignore[no-untyped-call]
        return result

    @property
    def batch_name(self) -> str:
        """Return what Airflow calls this batch among others."""
        return batch_name([parse_pair(pair).name for pair in self.pairs]) if isinstance(self.pairs, list) else ""

    def outcomes_of(self, context: Context, step: str) -> list[dict[str, Any]]:
        """Return nothing: this is the first step."""
        return []

    def run_step(self, context: Context) -> list[Outcome]:
        """Survey all pairs side by side."""
        resources = tuple(RESOURCES.values())
        surveys = survey(self.accounts, [parse_pair(pair) for pair in self.pairs], resources)
        plan_only = run_parameter(context, "plan_only", False)
        for found in surveys:
            self.log.info("%s\n%s", found.pair.name, table(found.checks))
            if plan_only:
                self.log.info("%s would change:\n%s", found.pair.name, _plan_text(found.plans) or "nothing")
        idle = {IDLE: self.steps.planned() if plan_only else self.steps.idle(surveys)}
        outcomes = [found.outcome(self.step, with_documents=plan_only) for found in surveys]
        context["ti"].xcom_push(key=CHECKS, value={outcome.pair: outcome.details["checks"] for outcome in outcomes})
        return [replace(outcome, details=_without_checks(outcome.details) | idle) for outcome in outcomes]

    def goes_on(self, context: Context, outcomes: Sequence[Outcome]) -> bool:
        """Tell whether a pair is left; every pair takes part in this step."""
        return any(outcome.ok for outcome in outcomes)


def _without_checks(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the details that later steps need: each of them fetches those of the whole batch."""
    return {key: value for key, value in details.items() if key != "checks"}


#: Where in the console to see what a step configures. Only what tells something: each link costs a request to
#: Airflow's API server when the task ends.
_LINKS: dict[str, tuple[PairLink, ...]] = {
    "role": (RoleLink(),),
    "source_grant": (RoleLink(),),
    "destination_grant": (DestinationBucketLink(),),
    "kms_role_grant": (RoleLink(),),
    "rule": (RoleLink(), DestinationBucketLink(), SourceBucketLink()),
}


class ConvergeOperator(StepOperator):
    """Bring one resource in order for a batch of pairs.

    :param resource: name of the resource, see :mod:`oss_crr.resources.registry`.
    """

    #: What is going to be written, per pair: shown in the "Rendered Template" tab before it is written.
    documents: list[Any]
    template_fields: Sequence[str] = ("documents",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"documents": "json"}
    ui_color = "#e6f4ea"

    def __init__(self, *, resource: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.resource = resource
        self.operator_extra_links = _LINKS.get(resource, ())
        self.documents = []

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Render the documents from the batch, which is known only now."""
        super().render_template_fields(context, jinja_env)
        self.documents = [
            _described(self._resource, pair) for pair in self.survivors(context) if self._resource.applies(pair)
        ]

    def run_step(self, context: Context) -> list[Outcome]:
        """Write what differs, and read it back.

        :raises AirflowSkipException: in a run that only plans, or when no pair needs the resource.
        """
        if run_parameter(context, "plan_only", False):
            raise AirflowSkipException("plan_only: nothing is written")
        pairs = [pair for pair in self.survivors(context) if self._resource.applies(pair)]
        if not pairs:
            raise AirflowSkipException("no pair of this batch asks for it")
        wrote_before = context["ti"].try_number > 1
        plans = self._plans(context)
        convergence = Convergence(self._resource, self.accounts, self.step, plans, utc_now(), wrote_before=wrote_before)
        return convergence.run(pairs)

    def _plans(self, context: Context) -> dict[str, PlannedResource]:
        """Return what preflight saw; nothing on a further try, before which somebody may have changed things."""
        if context["ti"].try_number > 1:
            return {}
        return {
            item["pair"]: PlannedResource.from_dict(item["details"]["plans"][self.resource])
            for item in self.outcomes_of(context, PREFLIGHT)
            if self.resource in item["details"]["plans"]
        }

    @property
    def _resource(self) -> Resource[Any]:
        return RESOURCES[self.resource]


class VerifyOperator(StepOperator):
    """Prove that every object that should be at the destination is there, and announce it as an asset event.

    :param waited: task id of the step that waited for the history.
    """

    operator_extra_links = (DestinationBucketLink(), SourceBucketLink())
    ui_color = "#e6f4ea"

    def __init__(self, *, waited: str, **kwargs: Any) -> None:
        super().__init__(outlets=[DESTINATION_COMPLETE], **kwargs)
        self.waited = waited

    def run_step(self, context: Context) -> list[Outcome]:
        """List both sides of all pairs, side by side."""
        waited = {item["pair"]: item["details"] for item in self.outcomes_of(context, self.waited)}
        pairs = [pair for pair in self.survivors(context) if pair.pair.manages_source]
        outcomes = in_parallel(lambda pair: self._verify(pair, waited.get(pair.name, {})), pairs)
        for outcome in outcomes:
            if outcome.result == "verified":
                self._announce(context, outcome)
        return outcomes

    def _verify(self, pair: ResolvedPair, waited: Mapping[str, Any]) -> Outcome:
        if not pair.pair.replicate_historical_data:
            # Nothing tells which of the source's objects are younger than the rule.
            return Outcome(pair.name, self.step, "not verified: history is not replicated")
        if not pair.pair.manages_destination:
            return Outcome(pair.name, self.step, "not verified: no connection to the destination")
        watermark = waited.get("watermark") or waited.get("started_at")
        try:
            counts = verify_pair(self.accounts, pair, datetime.fromisoformat(watermark) if watermark else None)
        except OssCrrError as error:
            return Outcome.failed(pair.name, self.step, error)
        return Outcome(pair.name, self.step, "verified", details=_verified(pair, counts))

    @staticmethod
    def _announce(context: Context, outcome: Outcome) -> None:
        bucket = outcome.details["destination_bucket"]
        asset = Asset(name=f"oss://{bucket}", uri=f"oss://{bucket}")
        context["outlet_events"][DESTINATION_COMPLETE].add(asset, extra={"pair": outcome.pair, **outcome.details})


def _verified(pair: ResolvedPair, counts: Comparison) -> dict[str, Any]:
    return {
        "source_bucket": pair.pair.source_bucket,
        "destination_bucket": pair.pair.destination_bucket,
        # Whoever listens can go on with the pair, whether it is in the inventory or not.
        "fields": pair.pair.to_dict(),
        "objects": counts.matched,
        **{key: value for key, value in counts.to_dict().items() if key not in ("matched", "named")},
    }


def _described(resource: Resource[Any], pair: ResolvedPair) -> dict[str, Any]:
    return {"pair": pair.name, resource.name: resource.desired(pair)}


def _plan_text(plans: Mapping[str, PlannedResource]) -> str:
    changes = [change for plan in plans.values() for change in plan.changes]
    return "\n".join(f"{change.kind:8} {change.summary}\n{indent(change.diff(), '  ')}" for change in changes)
