"""What all steps have in common: pairs in, one outcome per pair out, failures judged for the whole batch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from oss_crr.fleet.batches import batch_name
from oss_crr.idle import idle_outcomes
from oss_crr.operators.retry import RETRIES, RETRY_DELAY, RETRY_POLICY
from oss_crr.outcome import Outcome, combined_error, failed_pairs
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.resources.base import Accounts

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context

#: Task id of the step whose output describes the batch, where pairs are set up.
PREFLIGHT = "preflight"
#: XCom key under which the first step leaves why it refused the input, for the report.
REFUSAL = "refusal"


class BatchOperator(BaseOperator):
    """A step that works on a batch of pairs.

    Pairs that failed in an earlier step have dropped out. A step fails when no pair survives it, or while trying again
    may help one that failed; its outcomes are kept as XCom in both cases, so that the report can name every cause.

    :param after: task ids of earlier steps whose failures drop a pair.
    :param tolerant: do not fail even when no pair survives, because a later task takes care of pairs that failed.
    """

    #: Task id of the step whose output describes the batch.
    described_by: ClassVar[str] = PREFLIGHT

    def __init__(self, *, after: Sequence[str] = (), tolerant: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("retries", RETRIES)
        kwargs.setdefault("retry_delay", RETRY_DELAY)
        kwargs.setdefault("retry_policy", RETRY_POLICY)
        super().__init__(**kwargs)
        self.after = tuple(after)
        self.tolerant = tolerant
        #: What the console links lead to.
        self.first_pair: BucketPair | None = None
        #: Outcomes of other steps by step, and the task instance that they were fetched for.
        self._fetched: dict[str, list[dict[str, Any]]] = {}
        self._fetched_for: object = None

    @property
    def batch_name(self) -> str:
        """Return what Airflow calls this batch among others; empty while its pairs are not known."""
        return batch_name([outcome["pair"] for outcome in self._fetched.get(self.described_by, ())])

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Fetch the batch of a mapped task before its name is shown; every step needs it anyway."""
        super().render_template_fields(context, jinja_env)
        if map_index(context) >= 0:
            self.outcomes_of(context, self.described_by)

    @property
    def step(self) -> str:
        """Return the step's name: the task's id without the task group's."""
        return self.task_id.rpartition(".")[2]

    def sibling(self, step: str) -> str:
        """Return the task id of another step of the pipeline, which is in the same task group if in any."""
        group, dot, _ = self.task_id.rpartition(".")
        return f"{group}{dot}{step}"

    def settle(self, context: Context, outcomes: list[Outcome]) -> list[dict[str, Any]]:
        """Log the outcomes, keep them, and fail if the batch is to fail."""
        for outcome in outcomes:
            self._log_outcome(outcome)
        result = [outcome.to_dict() for outcome in outcomes]
        failures = [outcome for outcome in outcomes if not outcome.ok]
        if failures and (self._worth_a_retry(context, failures) or self._is_over(context, outcomes)):
            context["ti"].xcom_push(key="return_value", value=result)
            raise combined_error(failures)
        return result

    def goes_on(self, context: Context, outcomes: Sequence[Outcome]) -> bool:
        """Tell whether a pair is left for the steps that follow: also one that this step had nothing to do for."""
        failed = {outcome.pair for outcome in outcomes if not outcome.ok}
        return any(pair.name not in failed for pair in self.survivors(context))

    @cached_property
    def accounts(self) -> Accounts:
        """Return the accounts behind the pairs' connections; clients are shared within the task."""
        from oss_crr.hooks.account import AccountPool

        return Accounts(AccountPool().get)

    def survivors(self, context: Context) -> list[ResolvedPair]:
        """Return the pairs that passed the step that describes the batch, and every step before this one."""
        steps = [self.outcomes_of(context, step) for step in (self.described_by, *self.after)]
        dropped = failed_pairs(steps)
        resolved = [ResolvedPair.from_dict(item["details"]["resolved"]) for item in steps[0] if not item["error"]]
        self.first_pair = resolved[0].pair if resolved else None
        keys = {
            item["pair"]: item["details"]["kms_key_arn"]
            for step in steps[1:]
            for item in step
            if item["details"].get("kms_key_arn")
        }
        return [pair.with_key(keys.get(pair.name)) for pair in resolved if pair.name not in dropped]

    def outcomes_of(self, context: Context, step: str) -> list[dict[str, Any]]:
        """Return the outcomes of another step for the same batch; empty when it did not run.

        Each step's are fetched once a try, because fetching is a request to Airflow's API server: rendering and running
        a step ask for the same ones several times.
        """
        ti = context["ti"]
        if self._fetched_for is not ti:
            self._fetched_for, self._fetched = ti, {}
        if step not in self._fetched:
            known = None if step == self.described_by else self._of_idle(context, step)
            self._fetched[step] = self._pull(context, step) if known is None else known
        return self._fetched[step]

    def _of_idle(self, context: Context, step: str) -> list[dict[str, Any]] | None:
        return idle_outcomes(self.outcomes_of(context, self.described_by), step)

    def _pull(self, context: Context, step: str) -> list[dict[str, Any]]:
        return context["ti"].xcom_pull(task_ids=self.sibling(step), map_indexes=map_index(context)) or []

    def _is_over(self, context: Context, outcomes: Sequence[Outcome]) -> bool:
        return not self.tolerant and not self.goes_on(context, outcomes)

    def _worth_a_retry(self, context: Context, failures: Sequence[Outcome]) -> bool:
        ti = context["ti"]
        return any(outcome.retryable for outcome in failures) and ti.try_number <= (ti.max_tries or 0)

    def _log_outcome(self, outcome: Outcome) -> None:
        if outcome.error:
            self.log.error("%s: %s: %s", outcome.pair, outcome.error["type"], outcome.error["message"])
            return
        self.log.info("%s: %s", outcome.pair, outcome.result)
        for change in outcome.changes:
            self.log.info("%s: wrote because %s", outcome.pair, change)


class StepOperator(BatchOperator):
    """A batch step that does all its work in one go."""

    @abstractmethod
    def run_step(self, context: Context) -> list[Outcome]:
        """Do the step's work and return one outcome per pair."""

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Run the step.

        :returns: the outcomes as JSON data.
        :raises OssCrrError: when no pair survived, or a failed one is worth a retry.
        """
        return self.settle(context, self.run_step(context))


def map_index(context: Context) -> int:
    """Return which of the batches of a mapped task group this is; -1 outside of one."""
    index: int | None = context["ti"].map_index
    return -1 if index is None else index


def run_parameter(context: Context, name: str, default: bool) -> bool:
    """Return a switch of the run, see :func:`run_value`."""
    return bool(run_value(context, name, default))


def run_value(context: Context, name: str, default: Any) -> Any:
    """Return a parameter of the run: from its configuration, else from the DAG's parameters.

    Airflow can be told not to let the one override the other (``[core] dag_run_conf_overrides_params``); a run that was
    asked only to plan must not write because of that.
    """
    dag_run = context.get("dag_run")
    given = (dag_run.conf if dag_run else None) or {}
    return given.get(name, context["params"].get(name, default))


def utc_now() -> datetime:
    """Return the time, timezone-aware."""
    return datetime.now(UTC)
