"""The last step: what happened to each pair, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import TriggerRule

from oss_crr.errors import PermanentError
from oss_crr.operators.batch import PREFLIGHT, REFUSAL, StepOperator, map_index
from oss_crr.operators.later_look import REST, look_again
from oss_crr.outcome import Outcome, combined_error
from oss_crr.resources.base import json_diff
from oss_crr.resources.registry import RESOURCES
from oss_crr.summary import SUMMARY, summary_line

if TYPE_CHECKING:
    from airflow.sdk import Context

#: Row of the report for grants that another writer took out, and that were granted again.
LATER_LOOK = "later look"
#: What the steps tell in their details and the report repeats.
_FROM_DETAILS = ("rule_id", "history", "lag_seconds", "objects", "bytes", "waited_seconds")

StepOutcomes = Mapping[str, Sequence[Mapping[str, Any]]]


class ReportOperator(StepOperator):
    """Name each pair with what was created, adopted or found in order, and with the cause where it failed.

    It runs whatever happened before, and fails when any pair failed.

    :param resolved: task id of the step that made the batch.
    """

    ui_color = "#fff4e5"

    def __init__(self, *, resolved: str = "resolve", **kwargs: Any) -> None:
        super().__init__(trigger_rule=TriggerRule.ALL_DONE, **kwargs)
        self.resolved = resolved

    def run_step(self, context: Context) -> list[Outcome]:
        """Collect every step's outcomes into one outcome per pair."""
        steps = {step: self.outcomes_of(context, step) for step in (PREFLIGHT, *self.after)}
        crashed = self.crashed(context)
        steps[LATER_LOOK] = self._look_again(context, steps, crashed)
        rows = report_rows(steps, crashed)
        if not rows:
            raise self.nothing_done(context)
        self.log.info("Report\n%s", report_text(rows))
        if self.task_id == self.step:
            # The report of a whole run, not of one of its batches.
            context["ti"].xcom_push(key=SUMMARY, value=summary_line(rows))
        return [_outcome(row, self.step) for row in rows]

    def _look_again(self, context: Context, steps: StepOutcomes, crashed: Sequence[str]) -> list[dict[str, Any]]:
        """Make sure that no other run has taken out what this one granted; return what had to be healed, or failed.

        :raises OssCrrError: a look failed, and trying again may help.
        """
        items = [item for outcomes in steps.values() for item in outcomes]
        rest = {item["pair"]: item["details"][REST] for item in items if REST in item["details"]}
        left = {item["pair"] for item in items if not rest.get(item["pair"])}
        trusted = not crashed and context["ti"].try_number == 1 and all(rest.values())
        outcomes = look_again(self, context, only=left, trust_first_look=trusted) if left else []
        failures = [outcome for outcome in outcomes if outcome.error]
        if failures and self._worth_a_retry(context, failures):
            raise combined_error(failures)
        return [outcome.to_dict() for outcome in outcomes if outcome.error or outcome.changes]

    def goes_on(self, context: Context, outcomes: Sequence[Outcome]) -> bool:
        """Tell whether the run is a success: only when no pair failed."""
        return all(outcome.ok for outcome in outcomes)

    def crashed(self, context: Context) -> list[str]:
        """Return the steps of this batch whose task failed.

        A task that is killed, or fails for a reason that is nobody's error here, leaves no outcome to tell it.
        """
        ti = context["ti"]
        index = map_index(context)
        tasks = {step: self.sibling(step) for step in (self.described_by, *self.after)}
        states = ti.get_task_states(ti.dag_id, map_index=index, task_ids=list(tasks.values()), run_ids=[ti.run_id])
        suffix = f"_{index}" if index >= 0 else ""
        return [step for step, task in tasks.items() if states.get(ti.run_id, {}).get(task + suffix) == "failed"]

    def nothing_done(self, context: Context) -> PermanentError:
        refusal = context["ti"].xcom_pull(task_ids=self.resolved, key=REFUSAL)
        if refusal:
            return PermanentError(f"nothing was done: `{self.resolved}` refused the input: {refusal}")
        return PermanentError(f"there is nothing to report: see why `{self.resolved}` or `{self.described_by}` failed")


def report_rows(steps: StepOutcomes, crashed: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return one row per pair.

    :param steps: outcomes by step name, in the order of the steps.
    :param crashed: steps whose task failed; a pair without an error of its own failed with the first of them.
    :returns: ``pair``, ``state`` (``complete``, ``set up``, ``planned`` or ``failed``), ``steps`` (result by step),
        ``rule_id``, ``history``, ``lag_seconds``, ``objects``, ``bytes``, ``waited_seconds``, ``cause`` and
        ``failed_step``.
    """
    names = dict.fromkeys(outcome["pair"] for outcomes in steps.values() for outcome in outcomes)
    return [_row(name, {step: _of_pair(outcomes, name) for step, outcomes in steps.items()}, crashed) for name in names]


def _row(name: str, steps: Mapping[str, Mapping[str, Any] | None], crashed: Sequence[str]) -> dict[str, Any]:
    ran = {step: outcome for step, outcome in steps.items() if outcome is not None}
    details = {key: value for outcome in ran.values() for key, value in outcome["details"].items()}
    failed = failure(ran, crashed)
    row = {
        "pair": name,
        "state": _state(ran, failed),
        "steps": {step: outcome["result"] for step, outcome in ran.items()},
        **{key: details.get(key) for key in _FROM_DETAILS},
        "failed_step": failed[0] if failed else None,
        "cause": failed[1] if failed else None,
    }
    if list(ran) == [PREFLIGHT] and not failed:
        row["planned"] = _planned(details["plans"])
    return row


def failure(ran: Mapping[str, Mapping[str, Any]], crashed: Sequence[str]) -> tuple[str, str] | None:
    """Return the step in which a pair failed, and why."""
    for outcome in ran.values():
        if outcome["error"]:
            return outcome["step"], outcome["error"]["message"]
    return (crashed[0], "its task failed without a word about this pair: see its log") if crashed else None


def _state(ran: Mapping[str, Mapping[str, Any]], failed: object) -> str:
    if failed:
        return "failed"
    if "verify" in ran and ran["verify"]["result"] == "verified":
        return "complete"
    return "planned" if list(ran) == [PREFLIGHT] else "set up"


def _planned(plans: Mapping[str, Any]) -> list[dict[str, Any]]:
    # In the order of the work: a database that keeps JSON in binary form has changed the order of the members.
    changes = [change for resource in RESOURCES if resource in plans for change in plans[resource]["changes"]]
    return [{**change, **diff(change)} for change in changes]


def diff(change: Mapping[str, Any]) -> dict[str, str]:
    found = json_diff(change.get("before"), change.get("after"))
    return {"diff": found} if found else {}


def _of_pair(outcomes: Iterable[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    return next((outcome for outcome in outcomes if outcome["pair"] == name), None)


def report_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows as text for people."""
    return "\n".join(line for row in rows for line in _lines(row))


def _lines(row: Mapping[str, Any]) -> Iterable[str]:
    yield f"{row['pair']}: {row['state']}"
    for step, result in row["steps"].items():
        yield f"  {step:18} {result}"
    if row["rule_id"]:
        yield f"  {'rule id':18} {row['rule_id']}"
    if row["objects"] is not None:
        yield f"  {'verified':18} {row['objects']:,} objects, {row['bytes']:,} bytes"
    if row["waited_seconds"] is not None:
        yield f"  {'waited':18} {row['waited_seconds']:.0f} s"
    for change in row.get("planned", ()):
        yield f"  would {change['kind']:12} {change['summary']}"
        yield from (f"    {line}" for line in change.get("diff", "").splitlines())
    if row["cause"]:
        yield f"  {'cause':18} {row['failed_step']}: {row['cause']}"


def _outcome(row: Mapping[str, Any], step: str) -> Outcome:
    error = None
    if row["cause"]:
        error = {"type": "PermanentError", "message": f"{row['failed_step']}: {row['cause']}", "retryable": False}
    return Outcome(row["pair"], step, row["state"], details=dict(row), error=error)
