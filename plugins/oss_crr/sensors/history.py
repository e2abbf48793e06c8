"""Wait until the historical data of a batch has been copied, without holding a worker slot."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator, conf
from airflow.sdk.exceptions import AirflowSensorTimeout, AirflowSkipException, TaskDeferralTimeout

from oss_crr.errors import Conflict, HistoryTimeout, OssCrrError, RuleVanished
from oss_crr.operators.batch import BatchOperator
from oss_crr.operators.links import SourceBucketLink
from oss_crr.outcome import Outcome
from oss_crr.pair import ResolvedPair
from oss_crr.poll import poll_rules
from oss_crr.progress import RuleProgress, WaitedRule, summary
from oss_crr.triggers.history import HistoryTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

#: Key in the task's state store: when waiting began, so that a retry does not start the clock anew.
_STARTED = "waiting_since"
#: Beyond the deadline by this many seconds, Airflow itself ends the deferral: no triggerer was there to do it.
_GRACE_SECONDS = 120.0


class WaitForHistorySensor(BatchOperator, BaseSensorOperator):
    """Poke once on the worker, then wait in the triggerer; a retry finds finished work finished.

    :param rules_from: task id of the step that knows the rules' ids.
    :param poke_interval: seconds between two polls of a rule.
    :param timeout: how long to wait from the first poke on, over all retries.
    """

    operator_extra_links = (SourceBucketLink(),)
    ui_color = "#e6f1f2"

    def __init__(self, *, rules_from: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rules_from = rules_from

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Poke, and defer unless nothing is left to wait for.

        :raises AirflowSkipException: when the run does not want to wait.
        """
        if not context["params"].get("wait_for_history", True):
            raise AirflowSkipException("wait_for_history is off")
        pairs = self.survivors(context)
        started = self._started(context)
        rules = self._rules(context, pairs)
        found = poll_rules(rules, self.accounts.get)
        self.log.info(summary(found))
        if all(item.final for item in found):
            return self._finish(context, found, started)
        deadline = started + self.timeout
        if time.time() >= deadline:
            return self._finish(context, found, started)
        self.defer(
            trigger=HistoryTrigger([asdict(rule) for rule in rules], self.poke_interval, first_poll_after(), deadline),
            method_name="execute_complete",
            kwargs={"started": started},
            timeout=timedelta(seconds=deadline - time.time() + _GRACE_SECONDS),
        )
        raise AssertionError("defer() does not return")

    def execute_complete(self, context: Context, event: Mapping[str, Any], started: float) -> list[dict[str, Any]]:
        """Judge what the trigger saw last.

        :raises OssCrrError: when the trigger could not read the progress.
        """
        self.survivors(context)
        found = [RuleProgress.from_dict(item) for item in event["progress"]]
        if event["status"] == "error":
            raise OssCrrError(f"progress could not be read: {event['message']}")
        return self._finish(context, found, started)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Say what happened when Airflow had to end the deferral itself."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except (TaskDeferralTimeout, AirflowSensorTimeout) as error:
            raise HistoryTimeout(
                f"no answer from the triggerer within {_text(self.timeout)}: check that a triggerer is running, "
                "then clear this task; replication itself goes on meanwhile"
            ) from error

    def _finish(self, context: Context, found: Sequence[RuleProgress], started: float) -> list[dict[str, Any]]:
        waited = time.time() - started
        return self.settle(context, [self._outcome(item, started, waited) for item in found])

    def _outcome(self, item: RuleProgress, started: float, waited: float) -> Outcome:
        details = {
            "history": item.history,
            "watermark": item.watermark,
            "waited_seconds": round(waited, 1),
            "started_at": datetime.fromtimestamp(started, UTC).isoformat(),
        }
        if item.state == "complete":
            return Outcome(item.pair, self.task_id, "complete", details=details)
        return Outcome.failed(item.pair, self.task_id, self._error(item), details)

    def _error(self, item: RuleProgress) -> OssCrrError:
        if item.state == "vanished":
            return RuleVanished("the replication rule is gone: somebody removed it; run the setup again")
        if item.state == "closing":
            return RuleVanished("the replication rule is being removed by somebody; run the setup again afterwards")
        percent = "unknown progress" if item.history is None else f"{item.history:.0%} copied"
        return HistoryTimeout(
            f"history is not complete after {_text(self.timeout)} ({percent}); replication goes on: clear this task to "
            "wait longer, or check the role's rights if the progress does not move"
        )

    def _rules(self, context: Context, pairs: Sequence[ResolvedPair]) -> list[WaitedRule]:
        ids = {item["pair"]: item["details"].get("rule_id") for item in self.outcomes_of(context, self.rules_from)}
        missing = [pair.name for pair in pairs if not ids.get(pair.name)]
        if missing:
            raise Conflict(f"no rule id known for {', '.join(missing)}: clear `{self.rules_from}` and what follows")
        return [
            WaitedRule(
                pair=pair.name,
                conn_id=pair.pair.source_conn_id,
                region=pair.pair.source_region,
                bucket=pair.pair.source_bucket,
                rule_id=ids[pair.name],
                has_history=pair.pair.replicate_historical_data,
            )
            for pair in pairs
        ]

    @staticmethod
    def _started(context: Context) -> float:
        """Return when waiting began, in UNIX time, the same for every retry."""
        store = context["task_state_store"]
        known = store.get(_STARTED)
        if isinstance(known, float):
            return known
        now = time.time()
        store.set(_STARTED, now)
        return now


def first_poll_after() -> float:
    """Return how many seconds a trigger has to stay silent.

    The worker's supervisor notices the end of the deferring process only at its next wake-up. A trigger that fires
    before makes the scheduler take the late report for the resumed task's, and fail it (Airflow issue 66374).
    """
    return conf.getfloat("workers", "min_heartbeat_interval", fallback=5.0) + 1.0


def _text(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
