"""The steps of a teardown: what they may do, what they skip, and how they wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from oss_crr.errors import ClosingTimeout, PermanentError
from oss_crr.operators import teardown
from oss_crr.operators.batch import BatchOperator
from oss_crr.operators.teardown import (
    ApproveTeardownOperator,
    LookAgainOperator,
    PlanTeardownOperator,
    RemoveOperator,
    StopRuleOperator,
)
from oss_crr.operators.teardown_report import TeardownReportOperator, teardown_rows, teardown_text
from oss_crr.outcome import Outcome
from oss_crr.pair import ResolvedPair
from oss_crr.resources.registry import RESOURCES
from oss_crr.teardown.text import plan_markdown
from tests.plugins.converging import run
from tests.plugins.fake_cloud import FakeCloud, make_resolved
from tests.plugins.operators.test_batches import FakeTaskInstance, context

PAIR = make_resolved()


@pytest.fixture
def cloud() -> FakeCloud:
    """Return a cloud in which the pair is set up."""
    cloud = FakeCloud()
    for name in ("role", "source_grant", "destination_grant", "rule"):
        assert [outcome.error for outcome in run(cloud, RESOURCES[name])] == [None]
    cloud.source.journal.actions.clear()
    cloud.destination.journal.actions.clear()
    return cloud


def execute(cloud: FakeCloud, operator: BatchOperator, xcoms: Mapping[str, Any], **params: Any) -> list[dict[str, Any]]:
    operator.__dict__["accounts"] = cloud.accounts
    task_context = {**context(FakeTaskInstance(xcoms), **params), "task_state_store": Store()}
    result: list[dict[str, Any]] = operator.execute(task_context)  # type: ignore[arg-type]
    return result


class Store:
    """Keeps when a task began to wait."""

    since: float | None = None

    def get(self, key: str) -> float | None:
        return self.since

    def set(self, key: str, value: float) -> None:
        self.since = value


def plan(cloud: FakeCloud, pair: ResolvedPair = PAIR, **params: Any) -> list[dict[str, Any]]:
    operator = PlanTeardownOperator(task_id="plan", pairs=[pair.pair.to_dict()])
    return execute(cloud, operator, {}, **params)


def remove(part: str = "source_grant") -> RemoveOperator:
    return RemoveOperator(task_id=f"remove_{part}", part=part, after=("stop_rule",))


# --- what a run may do -----------------------------------------------------------------------------------------------


def test_a_plan_only_reads(cloud: FakeCloud) -> None:
    cloud.forbid_writes()
    (outcome,) = plan(cloud)
    assert outcome["result"] == "planned"
    assert [name for name, judged in outcome["details"]["plan"].items() if judged["changes"]] == [
        "rule",
        "destination_grant",
        "source_grant",
        "role",
    ]


@pytest.mark.parametrize(
    ("xcoms", "params"),
    [
        ({}, {"plan_only": True}),
        ({"approve": [Outcome(PAIR.name, "approve", "rejected").to_dict()]}, {}),
    ],
)
def test_nothing_is_written_by_a_plan_or_after_a_rejection(
    cloud: FakeCloud, xcoms: dict[str, Any], params: dict[str, Any]
) -> None:
    known = {"plan": plan(cloud), **xcoms}
    cloud.forbid_writes()
    looking = LookAgainOperator(task_id="look_again", removed={"remove_source_grant": "source_grant"})
    for step in (StopRuleOperator(task_id="stop_rule"), remove(), remove("role"), looking):
        with pytest.raises(AirflowSkipException):
            execute(cloud, step, known, **params)


def test_a_part_that_the_plan_leaves_alone_is_skipped(cloud: FakeCloud) -> None:
    known = {"plan": plan(cloud)}
    known["plan"][0]["details"]["plan"]["source_grant"]["changes"] = []
    cloud.forbid_writes()
    with pytest.raises(AirflowSkipException, match="plan takes nothing"):
        execute(cloud, remove(), known)


def test_a_part_is_taken_back_once(cloud: FakeCloud) -> None:
    known = {"plan": plan(cloud)}
    (first,) = execute(cloud, remove(), known)
    assert (first["result"], cloud.ram.policies) == ("taken back", {})
    cloud.forbid_writes()
    (again,) = execute(cloud, remove(), known)
    assert (again["result"], again["error"]) == ("nothing there", None)


def test_the_documents_are_shown_before_they_are_written(cloud: FakeCloud) -> None:
    operator = remove("destination_grant")
    operator.render_template_fields(context(FakeTaskInstance({"plan": plan(cloud)})))
    (shown,) = operator.documents
    assert shown["pair"] == PAIR.name
    assert shown["destination_grant"][0]["before"]["Statement"]
    assert shown["destination_grant"][0]["after"] is None


# --- the approval ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("params", [{"plan_only": True}, {"approve": False}])
def test_no_approval_where_none_is_asked_for(cloud: FakeCloud, params: dict[str, Any]) -> None:
    with pytest.raises(AirflowSkipException, match="asks for no approval"):
        execute(cloud, ApproveTeardownOperator(task_id="approve"), {"plan": plan(cloud)}, **params)


def test_no_approval_where_nothing_is_taken_back() -> None:
    empty = FakeCloud()
    with pytest.raises(AirflowSkipException, match="nothing to take back"):
        execute(empty, ApproveTeardownOperator(task_id="approve"), {"plan": plan(empty)})


def test_the_plan_is_shown_for_approval(cloud: FakeCloud) -> None:
    operator = ApproveTeardownOperator(task_id="approve")
    operator.render_template_fields(context(FakeTaskInstance({"plan": plan(cloud)})))
    assert f"rule `{PAIR.pair.rule_id}`" in str(operator.body)
    assert "bucket policy of `dst`" in str(operator.body)


@pytest.mark.parametrize(("option", "result"), [("Approve", "approved"), ("Reject", "rejected")])
def test_an_answer_is_no_failure(cloud: FakeCloud, option: str, result: str) -> None:
    operator = ApproveTeardownOperator(task_id="approve")
    task_context = context(FakeTaskInstance({"plan": plan(cloud)}))
    (outcome,) = operator.execute_complete(task_context, {"chosen_options": [option]})
    assert (outcome["result"], outcome["error"]) == (result, None)


# --- waiting ---------------------------------------------------------------------------------------------------------


def test_a_closing_rule_is_waited_for_in_the_triggerer(cloud: FakeCloud) -> None:
    known = {"plan": plan(cloud)}
    with pytest.raises(TaskDeferred) as deferred:
        execute(cloud, StopRuleOperator(task_id="stop_rule"), known)
    assert deferred.value.trigger.goal == "gone"
    assert deferred.value.trigger.rules[0]["rule_id"] == PAIR.pair.rule_id
    assert [rule.status for rule in cloud.src.rules] == ["closing"]


def test_a_rule_that_is_gone_is_stopped(cloud: FakeCloud) -> None:
    known = {"plan": plan(cloud)}
    cloud.src.rules.clear()
    cloud.forbid_writes()
    (outcome,) = execute(cloud, StopRuleOperator(task_id="stop_rule"), known)
    assert (outcome["result"], outcome["error"]) == ("taken back", None)


def test_a_rule_that_never_goes_fails_loudly(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teardown, "waiting_since", lambda _: 0.0)
    with pytest.raises(ClosingTimeout, match="nothing else was taken back"):
        execute(cloud, StopRuleOperator(task_id="stop_rule"), {"plan": plan(cloud)})


class NoRefusal(FakeTaskInstance):
    """The first step left no refusal of its input."""

    def xcom_pull(self, task_ids: str, key: str = "return_value", map_indexes: int | None = None) -> Any:
        return None


# --- the report ------------------------------------------------------------------------------------------------------


def rows(cloud: FakeCloud, *steps: Outcome, crashed: tuple[str, ...] = ()) -> dict[str, Any]:
    outcomes: dict[str, Any] = {"plan": plan(cloud)}
    for step in steps:
        outcomes[step.step] = [step.to_dict()]
    (row,) = teardown_rows(outcomes, crashed)
    assert PAIR.name in teardown_text([row])
    return row


def test_the_states_of_a_pair(cloud: FakeCloud) -> None:
    stopped = Outcome(PAIR.name, "stop_rule", "taken back", ("the rule is gone",))
    assert rows(cloud)["state"] == "planned"
    assert rows(cloud, Outcome(PAIR.name, "approve", "rejected"))["state"] == "rejected"
    assert rows(cloud, Outcome(PAIR.name, "approve", "approved"), stopped)["state"] == "removed"
    assert rows(cloud, Outcome.failed(PAIR.name, "stop_rule", ClosingTimeout("why")))["cause"] == "why"
    assert rows(cloud, stopped, crashed=("remove_role",))["failed_step"] == "remove_role"
    assert rows(FakeCloud())["state"] == "nothing to do"


def test_the_report_says_what_stays_and_what_is_left_to_do(cloud: FakeCloud) -> None:
    details = {"kept": ["role stays"], "by_hand": ["detach that"]}
    row = rows(cloud, Outcome(PAIR.name, "stop_rule", "taken back", ("gone",), details))
    assert (row["taken"], row["kept"], row["by_hand"]) == (["gone"], ["role stays"], ["detach that"])
    text = teardown_text([row])
    assert "stays: role stays" in text
    assert "by hand: detach that" in text


def test_a_run_without_a_plan_says_where_to_look(cloud: FakeCloud) -> None:
    operator = TeardownReportOperator(task_id="report", after=("stop_rule",))
    operator.__dict__["accounts"] = cloud.accounts
    with pytest.raises(PermanentError, match="see why `resolve` or `plan` failed"):
        operator.execute(context(NoRefusal({})))


def test_a_pair_that_could_not_be_read_is_left_out_of_the_approval() -> None:
    failed = Outcome.failed("a → b", "plan", ClosingTimeout("because")).to_dict()
    assert "Left out: because" in plan_markdown([failed])
