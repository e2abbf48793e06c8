"""The last step of a verification: the table, and whether the run is a success."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, TriggerRule
from airflow.sdk.exceptions import AirflowSkipException

from oss_crr.errors import PermanentError, ReplicationBroken
from oss_crr.operators.batch import REFUSAL
from oss_crr.operators.retry import RETRIES, RETRY_DELAY, RETRY_POLICY
from oss_crr.summary import SUMMARY, summary_line
from oss_crr.verification.table import Row, broken_lines, summary, table

if TYPE_CHECKING:
    from airflow.sdk import Context


class VerificationReportOperator(BaseOperator):
    """Show every pair's result, and fail when a pair is broken.

    A run whose pairs only lag succeeds, with a warning in the log; so does one in which some pairs could not be read.
    When not a single pair could be read, it fails: somebody has to look.

    :param resolved: task id of the step that made the batches.
    :param judged: task id of the step that judged the results.
    :param announced: task id of the step that sent the asset events.
    """

    ui_color = "#fff4e5"

    def __init__(self, *, resolved: str, judged: str, announced: str, **kwargs: Any) -> None:
        super().__init__(
            trigger_rule=TriggerRule.ALL_DONE,
            retries=RETRIES,
            retry_delay=RETRY_DELAY,
            retry_policy=RETRY_POLICY,
            **kwargs,
        )
        self.resolved = resolved
        self.judged = judged
        self.announced = announced

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Log the table, and return its rows as JSON data: also when the task fails.

        :raises ReplicationBroken: a pair is broken, or none could be read.
        :raises AirflowSkipException: there was nothing to verify.
        """
        ti = context["ti"]
        rows = [row for chunk in ti.xcom_pull(task_ids=self.judged) or () for row in chunk]
        if not rows:
            raise self._nothing_done(context)
        text = table(rows)
        (self.log.info if rows_are_healthy(rows) else self.log.warning)("%s", text)
        ti.xcom_push(key="return_value", value=rows)
        ti.xcom_push(key=SUMMARY, value=summary_line(rows))
        raise_verdict(rows)
        self._raise_silent(context)
        return rows

    def _nothing_done(self, context: Context) -> Exception:
        ti = context["ti"]
        refusal = ti.xcom_pull(task_ids=self.resolved, key=REFUSAL)
        if refusal:
            return PermanentError(f"nothing was verified: `{self.resolved}` refused the input: {refusal}")
        states = self._states(context)
        failed = [task for task in (self.resolved, self.judged) if states.get(task) == "failed"]
        if failed:
            return PermanentError(f"there is no result: see why `{failed[0]}` failed, then clear it")
        return AirflowSkipException("there was nothing to verify")

    def _raise_silent(self, context: Context) -> None:
        """Fail when events were lost: whoever listens to them would take silence for health."""
        failed = [task for task, state in self._states(context, self.announced).items() if state == "failed"]
        if failed:
            raise PermanentError(f"the pairs are well, but events about them were not sent: see why {failed[0]} failed")

    def _states(self, context: Context, *tasks: str) -> dict[str, Any]:
        ti = context["ti"]
        names = list(tasks or (self.resolved, self.judged))
        states: dict[str, Any] = ti.get_task_states(ti.dag_id, task_ids=names, run_ids=[ti.run_id]).get(ti.run_id, {})
        return states


def rows_are_healthy(rows: Sequence[Row]) -> bool:
    """Tell whether there is nothing to warn of."""
    return all(row["health"] == "healthy" for row in rows)


def raise_verdict(rows: Sequence[Row]) -> None:
    """Fail when the run is no success.

    :raises ReplicationBroken: naming each broken pair, what is wrong with it and why.
    """
    broken = broken_lines(rows)
    if broken:
        raise ReplicationBroken("\n".join([summary(rows), *broken]))
    if all(row["health"] == "unknown" for row in rows):
        causes = [f"{row['pair']}: {item['cause']}" for row in rows for item in row["findings"][:1]]
        raise ReplicationBroken("\n".join(["no pair could be verified", *causes]))
