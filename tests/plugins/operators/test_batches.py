"""What happens to a batch when some of its pairs fail, a step is tried again, or the steps are in a task group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, TaskGroup
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped

from oss_crr.errors import Conflict, PermanentError, TransientError
from oss_crr.idle import IDLE, FollowingSteps
from oss_crr.operators.batch import StepOperator, run_parameter
from oss_crr.operators.report import ReportOperator
from oss_crr.operators.steps import ConvergeOperator, PreflightOperator
from oss_crr.outcome import Outcome
from oss_crr.pair import ResolvedPair
from oss_crr.sensors.history import WaitForHistorySensor
from tests.plugins.fake_cloud import FakeCloud, make_resolved

ONE = make_resolved()
OTHER = make_resolved(source_bucket="src-other")


@dataclass
class FakeTaskInstance:
    """Answers what the steps ask Airflow for."""

    xcoms: Mapping[str, Any]
    try_number: int = 1
    max_tries: int = 0
    map_index: int = -1
    dag_id: str = "dag"
    run_id: str = "run"
    states: Mapping[str, str] = field(default_factory=dict)
    pushed: dict[str, Any] = field(default_factory=dict)

    def xcom_pull(self, task_ids: str, key: str = "return_value", map_indexes: int | None = None) -> Any:
        assert map_indexes == self.map_index
        return self.xcoms.get(task_ids)

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value

    def get_task_states(self, dag_id: str, *, task_ids: Sequence[str], **_: Any) -> dict[str, dict[str, str]]:
        asked = {f"{task}_{self.map_index}" for task in task_ids}  # so Airflow writes mapped tasks in its answer
        return {self.run_id: {task: state for task, state in self.states.items() if task in asked}}


class Partial(StepOperator):
    """A step that has something to do for one pair only, and fails for it."""

    error: PermanentError | TransientError = Conflict("because")

    def run_step(self, context: Any) -> list[Outcome]:
        return [Outcome.failed(ONE.name, self.step, self.error)]


def passed(*pairs: ResolvedPair, **plans: Any) -> list[dict[str, Any]]:
    """Return what preflight leaves for pairs without problems."""
    details = [{"resolved": pair.to_dict(), "plans": plans, "checks": []} for pair in pairs]
    return [
        Outcome(pair.name, "preflight", "passed", details=found).to_dict()
        for pair, found in zip(pairs, details, strict=True)
    ]


def context(ti: FakeTaskInstance, conf: Mapping[str, Any] | None = None, **params: Any) -> Any:
    return {"ti": ti, "params": params, "dag_run": SimpleNamespace(conf=conf)}


# --- pairs that fail -------------------------------------------------------------------------------------------------


def test_pair_that_a_step_does_not_concern_goes_on() -> None:
    ti = FakeTaskInstance({"preflight": passed(ONE, OTHER)})
    (outcome,) = Partial(task_id="grant_kms_key").execute(context(ti))
    assert outcome["error"]["message"] == "because"


def test_step_fails_when_its_failures_leave_no_pair() -> None:
    ti = FakeTaskInstance({"preflight": passed(ONE)})
    with pytest.raises(Conflict, match="because"):
        Partial(task_id="grant_kms_key").execute(context(ti))
    assert [outcome["pair"] for outcome in ti.pushed["return_value"]] == [ONE.name]


def test_step_is_tried_again_for_one_pair_while_that_may_help() -> None:
    step = Partial(task_id="grant_kms_key")
    step.error = TransientError("later")
    ti = FakeTaskInstance({"preflight": passed(ONE, OTHER)}, max_tries=1)
    with pytest.raises(TransientError, match="later"):
        step.execute(context(ti))
    ti.try_number = 2
    assert step.execute(context(ti))[0]["error"]["message"] == "later"


def test_tolerant_step_leaves_its_failures_to_a_later_task() -> None:
    ti = FakeTaskInstance({"preflight": passed(ONE)})
    (outcome,) = Partial(task_id="grant_kms_key", tolerant=True).execute(context(ti))
    assert outcome["error"]["message"] == "because"
    failed = Outcome.failed(ONE.name, "create_role", Conflict("because")).to_dict()
    ti = FakeTaskInstance({"preflight": passed(ONE), "create_role": [failed]})
    (row,) = ReportOperator(task_id="report", after=["create_role"], tolerant=True).execute(context(ti))
    assert row["result"] == "failed"


def test_tolerant_step_is_tried_again_while_that_may_help() -> None:
    step = Partial(task_id="grant_kms_key", tolerant=True)
    step.error = TransientError("later")
    ti = FakeTaskInstance({"preflight": passed(ONE, OTHER)}, max_tries=1)
    with pytest.raises(TransientError, match="later"):
        step.execute(context(ti))


def test_report_fails_when_one_of_several_pairs_failed() -> None:
    failed = Outcome.failed(ONE.name, "create_role", Conflict("because")).to_dict()
    created = Outcome(OTHER.name, "create_role", "created").to_dict()
    ti = FakeTaskInstance({"preflight": passed(ONE, OTHER), "create_role": [failed, created]})
    with pytest.raises(PermanentError, match="create_role: because"):
        ReportOperator(task_id="report", after=["create_role"]).execute(context(ti))
    assert [outcome["result"] for outcome in ti.pushed["return_value"]] == ["failed", "set up"]


# --- what preflight saw ----------------------------------------------------------------------------------------------


def converge(cloud: FakeCloud, ti: FakeTaskInstance) -> str:
    step = ConvergeOperator(task_id="grant_destination", resource="destination_grant")
    step.__dict__["accounts"] = cloud.accounts
    (outcome,) = step.execute(context(ti))
    return str(outcome["result"])


@pytest.mark.parametrize(("try_number", "result"), [(1, "in order"), (2, "created")])
def test_further_try_does_not_believe_what_preflight_saw(cloud: FakeCloud, try_number: int, result: str) -> None:
    """Somebody takes the grant away after preflight, the rule is refused, and the user clears the grant's task."""
    plan = {"changes": [], "origin": "in order", "observed_at": datetime.now(UTC).isoformat(), "details": {}}
    ti = FakeTaskInstance({"preflight": passed(ONE, destination_grant=plan)}, try_number=try_number)
    assert converge(cloud, ti) == result
    assert (cloud.dst.policy is None) == (result == "in order")


# --- switches of the run ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conf", "params", "expected"),
    [
        ({"plan_only": True}, {"plan_only": False}, True),
        ({"plan_only": False}, {"plan_only": True}, False),
        ({}, {"plan_only": True}, True),
        (None, {"plan_only": True}, True),
        (None, {}, False),
    ],
)
def test_configuration_of_the_run_wins(conf: Any, params: Any, expected: bool) -> None:
    found = run_parameter(context(FakeTaskInstance({}), conf, **params), "plan_only", False)
    assert found is expected


# --- steps that have nothing to do -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("plan_only", "skipped"), [(False, ["approve"]), (True, ["create_role", "approve", "verify"])])
def test_preflight_skips_the_steps_of_its_batch_that_have_nothing_to_do(
    cloud: FakeCloud, plan_only: bool, skipped: list[str]
) -> None:
    steps = FollowingSteps(resources={"create_role": "role"}, approvals=["approve"], others=["verify"])
    with DAG(dag_id="dag", schedule=None), TaskGroup("batch"):
        preflight = PreflightOperator(task_id="preflight", pairs=[ONE.pair.to_dict()], steps=steps)
    preflight.__dict__["accounts"] = cloud.accounts
    ti = FakeTaskInstance({}, map_index=3)
    with pytest.raises(DownstreamTasksSkipped) as raised:
        preflight.execute(context(ti, plan_only=plan_only))
    assert raised.value.tasks == [(f"batch.{step}", 3) for step in skipped]
    assert [outcome["result"] for outcome in ti.pushed["return_value"]] == ["passed"]


@pytest.mark.parametrize("params", [{"plan_only": True}, {"wait_for_history": False}])
def test_nothing_is_waited_for_that_was_not_asked_for(params: dict[str, Any]) -> None:
    """Airflow may start a step of a mapped group that preflight meant to skip."""
    sensor = WaitForHistorySensor(task_id="wait_for_history", rules_from="create_rule")
    with pytest.raises(AirflowSkipException):
        sensor.execute(context(FakeTaskInstance({"preflight": passed(ONE)}), **params))


def test_there_is_nothing_to_wait_for_without_a_rule() -> None:
    sensor = WaitForHistorySensor(task_id="wait_for_history", rules_from="create_rule", after=["create_rule"])
    failed = Outcome.failed(ONE.name, "create_rule", Conflict("because")).to_dict()
    with pytest.raises(AirflowSkipException, match="no rule"):
        sensor.execute(context(FakeTaskInstance({"preflight": passed(ONE), "create_rule": [failed]})))


def test_steps_ask_a_skipped_step_nothing() -> None:
    (outcome,) = passed(ONE, role={"changes": [], "origin": "adopted", "details": {}})
    outcome["details"][IDLE] = {"create_role": "role", "hand_over": ""}
    ti = FakeTaskInstance({"preflight": [outcome]})
    step = Partial(task_id="grant_kms_key", after=["create_role", "hand_over"])
    assert [item["result"] for item in step.outcomes_of(context(ti), "create_role")] == ["adopted"]
    assert step.outcomes_of(context(ti), "hand_over") == []


# --- names of batches ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "called"), [([], ""), (["one"], "one"), (["one", "two", "three"], "one to three (3 pairs)")]
)
def test_a_batch_is_called_by_its_pairs(names: list[str], called: str) -> None:
    pairs = [make_resolved(label=name, source_bucket=f"src-{name}") for name in names]
    step = Partial(task_id="grant_kms_key")
    ti = FakeTaskInstance({"preflight": passed(*pairs)}, map_index=0)
    step.render_template_fields(context(ti))
    assert step.batch_name == called
    assert PreflightOperator(task_id="preflight", pairs=[pair.pair.to_dict() for pair in pairs]).batch_name == called


# --- task groups -----------------------------------------------------------------------------------------------------


def grouped(group: str = "pairs", **kwargs: Any) -> Any:
    with DAG(dag_id="dag", schedule=None), TaskGroup(group):
        return ReportOperator(task_id="report", after=["create_role"], **kwargs)


def test_steps_find_each_other_in_a_mapped_task_group() -> None:
    created = [Outcome(ONE.name, "create_role", "created").to_dict()]
    ti = FakeTaskInstance({"pairs.preflight": passed(ONE), "pairs.create_role": created}, map_index=3)
    (outcome,) = grouped().execute(context(ti))
    assert outcome["step"] == "report"
    assert outcome["details"]["steps"] == {"preflight": "passed", "create_role": "created"}


def test_crashed_step_of_a_mapped_task_group_is_named() -> None:
    ti = FakeTaskInstance({"pairs.preflight": passed(ONE)}, map_index=3, states={"pairs.create_role_3": "failed"})
    with pytest.raises(PermanentError, match="create_role: its task failed"):
        grouped().execute(context(ti))
