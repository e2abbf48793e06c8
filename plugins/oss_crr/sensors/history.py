"""Wait until the historical data of a batch has been copied, without holding a worker slot."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException, TaskDeferralTimeout

from oss_crr.errors import Conflict, HistoryTimeout, OssCrrError, RuleVanished
from oss_crr.operators.batch import BatchOperator, run_parameter
from oss_crr.operators.later_look import REST, look_again, written
from oss_crr.operators.links import SourceBucketLink
from oss_crr.operators.waiting import defer_until, waiting_since
from oss_crr.outcome import Outcome, error_from
from oss_crr.pair import ResolvedPair
from oss_crr.poll import poll_rules
from oss_crr.progress import RuleProgress, WaitedRule, summary

if TYPE_CHECKING:
    from airflow.sdk import Context


class WaitForHistorySensor(BatchOperator, BaseSensorOperator):
    """Poke once on the worker, then wait in the triggerer; a retry finds finished work finished.

    :param rules_from: task id of the step that knows the rules' ids.
    :param poke_interval: seconds between two polls of a rule at most; the first ones follow more closely.
    :param timeout: how long to wait from the first poke on, over all retries.
    """

    operator_extra_links = (SourceBucketLink(),)
    ui_color = "#e6f1f2"

    def __init__(self, *, rules_from: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rules_from = rules_from

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Poke, and defer unless nothing is left to wait for.

        :raises AirflowSkipException: when the run does not want to wait, or has nothing to wait for.
        """
        if run_parameter(context, "plan_only", False) or not run_parameter(context, "wait_for_history", True):
            raise AirflowSkipException("nothing is waited for: plan_only is on, or wait_for_history is off")
        pairs = [pair for pair in self.survivors(context) if pair.pair.manages_source]
        if not pairs:
            raise AirflowSkipException("there is no rule to wait for")
        rules = self._rules(context, pairs)
        deadline = waiting_since(context) + self.timeout
        found = self._poke(rules)
        if self._goes_on(found, deadline) and self._looked_again(context):
            found = self._poke(rules)
        if self._goes_on(found, deadline):
            defer_until(self, rules, "complete", self.poke_interval, deadline)
        return self._finish(context, found)

    def _poke(self, rules: Sequence[WaitedRule]) -> list[RuleProgress]:
        found = poll_rules(rules, self.accounts.get)
        self.log.info(summary(found))
        return found

    @staticmethod
    def _goes_on(found: Sequence[RuleProgress], deadline: float) -> bool:
        return time.time() < deadline and not all(item.is_final("complete") for item in found)

    def _looked_again(self, context: Context) -> bool:
        """Look again at what the run granted: without a grant, the wait would have no end. True if there was a look.

        The report looks once more where a look failed, so that this is no reason to give up.
        """
        outcomes = look_again(self, context)
        failed = [outcome for outcome in outcomes if outcome.error]
        for outcome in failed:
            self.log.warning("%s: %s", outcome.pair, outcome.error and outcome.error["message"])
        if outcomes:
            context["task_state_store"].set(REST, not failed)
        return bool(outcomes)

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Judge what the trigger saw last."""
        self.survivors(context)
        return self._finish(context, [RuleProgress.from_dict(item) for item in event["progress"]])

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Say what happened when Airflow had to end the deferral itself."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except (TaskDeferralTimeout, AirflowSensorTimeout) as error:
            raise HistoryTimeout(
                f"no answer from the triggerer within {_text(self.timeout)}: check that a triggerer is running, "
                "then clear this task; replication itself goes on meanwhile"
            ) from error

    def _finish(self, context: Context, found: Sequence[RuleProgress]) -> list[dict[str, Any]]:
        started = waiting_since(context)
        rest = context["task_state_store"].get(REST) if written(self, context) else None
        return self.settle(context, [self._outcome(item, started, rest) for item in found])

    def _outcome(self, item: RuleProgress, started: float, rest: Any) -> Outcome:
        details = {
            **({} if rest is None else {REST: rest}),
            "history": item.history,
            "watermark": item.watermark,
            "lag_seconds": _seconds_since(item.watermark),
            "waited_seconds": round(time.time() - started, 1),
            "started_at": datetime.fromtimestamp(started, UTC).isoformat(),
        }
        if item.state == "complete":
            return Outcome(item.pair, self.step, "complete", details=details)
        return Outcome.failed(item.pair, self.step, self._error(item), details)

    def _error(self, item: RuleProgress) -> OssCrrError:
        if item.error:
            return error_from(item.error)
        if item.state == "vanished":
            return RuleVanished("the replication rule is gone: somebody removed it; run the setup again")
        if item.state == "closing":
            return RuleVanished("the replication rule is being removed by somebody; run the setup again afterwards")
        percent = "unknown progress" if item.history is None else f"{item.history:.0%} copied"
        return HistoryTimeout(
            f"history is not complete after {_text(self.timeout)} ({percent}); replication goes on: start again to "
            "wait longer, or check the role's rights if the progress does not move"
        )

    def _rules(self, context: Context, pairs: Sequence[ResolvedPair]) -> list[WaitedRule]:
        ids = {item["pair"]: item["details"].get("rule_id") for item in self.outcomes_of(context, self.rules_from)}
        missing = [pair.name for pair in pairs if not ids.get(pair.name)]
        if missing:
            raise Conflict(f"no rule id known for {', '.join(missing)}: clear `{self.rules_from}` and what follows")
        return [waited_rule(pair, ids[pair.name]) for pair in pairs]


def waited_rule(pair: ResolvedPair, rule_id: str) -> WaitedRule:
    """Return what a poll needs to know of a pair's rule."""
    return WaitedRule(
        pair=pair.name,
        conn_id=pair.pair.source_conn_id,
        region=pair.pair.source_region,
        bucket=pair.pair.source_bucket,
        rule_id=rule_id,
        has_history=pair.pair.replicate_historical_data,
    )


def _seconds_since(watermark: str | None) -> float | None:
    if watermark is None:
        return None
    return round(max(0.0, (datetime.now(UTC) - datetime.fromisoformat(watermark)).total_seconds()), 1)


def _text(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
