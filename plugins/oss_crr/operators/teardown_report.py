"""The last step of a teardown: what was taken back, what stays, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from oss_crr.operators.report import ReportOperator, StepOutcomes, diff, failure
from oss_crr.operators.teardown import APPROVAL, PLAN, REJECTED
from oss_crr.outcome import Outcome
from oss_crr.summary import SUMMARY, summary_line
from oss_crr.teardown.text import changes, collected

if TYPE_CHECKING:
    from airflow.sdk import Context


class TeardownReportOperator(ReportOperator):
    """Name each pair with what was taken back and what stays, and with the cause where it failed.

    It runs whatever happened before, and fails when any pair failed.
    """

    described_by: ClassVar[str] = PLAN

    def run_step(self, context: Context) -> list[Outcome]:
        """Collect every step's outcomes into one outcome per pair."""
        steps = {step: self.outcomes_of(context, step) for step in (PLAN, *self.after)}
        rows = teardown_rows(steps, self.crashed(context))
        if not rows:
            raise self.nothing_done(context)
        self.log.info("Report\n%s", teardown_text(rows))
        context["ti"].xcom_push(key=SUMMARY, value=summary_line(rows))
        return [_outcome(row, self.step) for row in rows]


def teardown_rows(steps: StepOutcomes, crashed: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return one row per pair.

    :param steps: outcomes by step name, in the order of the steps; the plan's come first.
    :param crashed: steps whose task failed; a pair without an error of its own failed with the first of them.
    :returns: ``pair``, ``state`` (``removed``, ``nothing to do``, ``left``, ``planned``, ``rejected`` or ``failed``),
        ``steps`` (result by step), ``rule_id``, ``taken`` (a sentence each), ``kept`` and ``by_hand`` (what stays, and
        what to do about it), ``planned`` where nothing was done, ``cause`` and ``failed_step``.
    """
    return [_row(outcome, steps, crashed) for outcome in steps[PLAN]]


def _row(planned: Mapping[str, Any], steps: StepOutcomes, crashed: Sequence[str]) -> dict[str, Any]:
    name = planned["pair"]
    own = {step: item for step, outcomes in steps.items() for item in outcomes if item["pair"] == name}
    plan = planned["details"].get("plan", {})
    failed = failure(own, crashed)
    acted = {step: item for step, item in own.items() if step not in (PLAN, APPROVAL)}
    taken = [text for item in acted.values() for text in item["changes"]]
    later = {kind: [text for item in acted.values() for text in item["details"].get(kind, ())] for kind in _STAYS}
    row = {
        "pair": name,
        "state": _state(own, plan, bool(taken), failed),
        "steps": {step: item["result"] for step, item in own.items()},
        "rule_id": planned["details"].get("claim", {}).get("rule_id"),
        "taken": taken,
        **{kind: list(dict.fromkeys([*collected(plan, kind), *later[kind]])) for kind in _STAYS},
        "failed_step": failed[0] if failed else None,
        "cause": failed[1] if failed else None,
    }
    if row["state"] in ("planned", REJECTED):
        row["planned"] = [{**change, **diff(change)} for change in changes(plan)]
    return row


#: What a plan and a step say about what stays.
_STAYS = ("kept", "by_hand")


def _state(own: Mapping[str, Any], plan: Mapping[str, Any], taken: bool, failed: object) -> str:
    if failed:
        return "failed"
    if APPROVAL in own and own[APPROVAL]["result"] == REJECTED:
        return REJECTED
    if taken:
        return "removed"
    if changes(plan):
        return "planned" if set(own) <= {PLAN, APPROVAL} else "removed"
    return "left" if any(collected(plan, kind) for kind in _STAYS) else "nothing to do"


def teardown_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows as text for people."""
    return "\n".join(line for row in rows for line in _lines(row))


def _lines(row: Mapping[str, Any]) -> Iterable[str]:
    yield f"{row['pair']}: {row['state']}"
    yield from (f"  {step:24} {result}" for step, result in row["steps"].items())
    yield from (f"  taken back: {text}" for text in row["taken"])
    for change in row.get("planned", ()):
        yield f"  would {change['kind']:8} {change['summary']}"
        yield from (f"    {line}" for line in change.get("diff", "").splitlines())
    yield from (f"  stays: {text}" for text in row["kept"])
    yield from (f"  by hand: {text}" for text in row["by_hand"])
    if row["cause"]:
        yield f"  {'cause':24} {row['failed_step']}: {row['cause']}"


def _outcome(row: Mapping[str, Any], step: str) -> Outcome:
    error = None
    if row["cause"]:
        error = {"type": "PermanentError", "message": f"{row['failed_step']}: {row['cause']}", "retryable": False}
    return Outcome(row["pair"], step, row["state"], details=dict(row), error=error)
