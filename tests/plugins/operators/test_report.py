"""What the last step says about each pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from oss_crr.errors import Conflict, PermanentError
from oss_crr.operators.batch import REFUSAL
from oss_crr.operators.report import ReportOperator, report_rows, report_text
from oss_crr.outcome import Outcome

STEPS = ("create_role", "grant_source", "grant_destination", "create_rule", "wait_for_history", "verify")
PLANS: dict[str, Any] = {
    "role": {"changes": [{"kind": "create", "summary": "role `r` does not exist"}]},
    "rule": {"changes": []},
}
PASSED: dict[str, Any] = {"plans": PLANS, "checks": [], "resolved": {}}


def outcome(step: str, result: str, pair: str = "a → b", **details: Any) -> dict[str, Any]:
    return Outcome(pair, step, result, details=details).to_dict()


def failure(step: str, message: str, pair: str = "a → b") -> dict[str, Any]:
    return Outcome.failed(pair, step, Conflict(message)).to_dict()


def complete_run() -> dict[str, list[dict[str, Any]]]:
    """Return the outcomes of a run in which all went well."""
    return {
        "preflight": [outcome("preflight", "passed", **PASSED)],
        "create_role": [outcome("create_role", "created")],
        "grant_source": [outcome("grant_source", "updated")],
        "grant_destination": [outcome("grant_destination", "in order")],
        "create_rule": [outcome("create_rule", "adopted", rule_id="r-1")],
        "wait_for_history": [
            outcome("wait_for_history", "complete", waited_seconds=12.3, history=1.0, lag_seconds=4.5)
        ],
        "verify": [outcome("verify", "verified", objects=1500, bytes=2_000_000)],
    }


def row_of(steps: Mapping[str, list[dict[str, Any]]], *crashed: str) -> dict[str, Any]:
    (row,) = report_rows(steps, crashed)
    return row


def test_complete_pair() -> None:
    assert row_of(complete_run()) == {
        "pair": "a → b",
        "state": "complete",
        "steps": {
            "preflight": "passed",
            "create_role": "created",
            "grant_source": "updated",
            "grant_destination": "in order",
            "create_rule": "adopted",
            "wait_for_history": "complete",
            "verify": "verified",
        },
        "rule_id": "r-1",
        "history": 1.0,
        "lag_seconds": 4.5,
        "objects": 1500,
        "bytes": 2_000_000,
        "waited_seconds": 12.3,
        "failed_step": None,
        "cause": None,
    }


def test_text_of_a_complete_pair() -> None:
    assert report_text(report_rows(complete_run())).splitlines() == [
        "a → b: complete",
        "  preflight          passed",
        "  create_role        created",
        "  grant_source       updated",
        "  grant_destination  in order",
        "  create_rule        adopted",
        "  wait_for_history   complete",
        "  verify             verified",
        "  rule id            r-1",
        "  verified           1,500 objects, 2,000,000 bytes",
        "  waited             12 s",
    ]


def test_pair_that_was_not_waited_for() -> None:
    steps = {**complete_run(), "wait_for_history": [], "verify": []}
    row = row_of(steps)
    assert (row["state"], row["rule_id"], row["objects"], row["waited_seconds"]) == ("set up", "r-1", None, None)
    assert "verified" not in report_text([row])


def test_pair_that_could_not_be_verified_is_not_called_complete() -> None:
    steps = {**complete_run(), "verify": [outcome("verify", "not verified: history is not replicated")]}
    assert row_of(steps)["state"] == "set up"


def test_planned_pair_names_what_would_be_written() -> None:
    row = row_of({"preflight": complete_run()["preflight"], **{step: [] for step in STEPS}})
    assert (row["state"], row["planned"]) == ("planned", PLANS["role"]["changes"])
    assert report_text([row]).splitlines()[-1] == "  would create       role `r` does not exist"


def test_plan_is_in_the_order_of_the_work() -> None:
    kinds = {name: {"changes": [{"kind": "create", "summary": name}]} for name in ("rule", "role", "source_grant")}
    row = row_of({"preflight": [outcome("preflight", "passed", plans=kinds)], **{step: [] for step in STEPS}})
    assert [change["summary"] for change in row["planned"]] == ["role", "source_grant", "rule"]


def test_pair_without_objects_says_so() -> None:
    steps = {**complete_run(), "verify": [outcome("verify", "verified", objects=0, bytes=0)]}
    assert "  verified           0 objects, 0 bytes" in report_text(report_rows(steps))


@pytest.mark.parametrize("step", ["preflight", *STEPS])
def test_failed_pair_names_step_and_cause(step: str) -> None:
    steps = complete_run()
    reached = [*list(steps)[: list(steps).index(step)]]
    row = row_of({**{name: steps[name] for name in reached}, step: [failure(step, "because")]})
    assert (row["state"], row["failed_step"], row["cause"]) == ("failed", step, "because")
    assert "planned" not in row
    assert report_text([row]).splitlines()[-1] == f"  cause              {step}: because"


def test_first_failure_is_the_cause() -> None:
    steps = {**complete_run(), "grant_source": [failure("grant_source", "1")], "create_rule": [failure("x", "2")]}
    assert row_of(steps)["cause"] == "1"


def test_pairs_are_told_apart() -> None:
    steps = {
        "preflight": [outcome("preflight", "passed", pair=pair, **PASSED) for pair in ("one", "two", "three")],
        "create_role": [outcome("create_role", "created", "one"), failure("create_role", "because", "two")],
        "create_rule": [outcome("create_rule", "created", "one", rule_id="r-1")],
    }
    rows = report_rows(steps)
    assert [(row["pair"], row["state"], row["rule_id"]) for row in rows] == [
        ("one", "set up", "r-1"),
        ("two", "failed", None),
        ("three", "planned", None),
    ]


def test_nothing_to_report() -> None:
    assert report_rows({"preflight": []}) == []


# --- tasks that crashed ----------------------------------------------------------------------------------------------


def test_crashed_step_fails_the_pairs_that_it_did_not_name() -> None:
    """Without this, a killed worker would end in a report of a plan, and in a successful run."""
    steps = {"preflight": complete_run()["preflight"], "create_role": []}
    row = row_of(steps, "create_role")
    assert (row["state"], row["failed_step"]) == ("failed", "create_role")
    assert row["cause"] == "its task failed without a word about this pair: see its log"
    assert "planned" not in row


def test_pairs_own_error_is_a_better_cause_than_the_crash() -> None:
    steps = {**complete_run(), "create_rule": [failure("create_rule", "because")]}
    assert row_of(steps, "create_rule")["cause"] == "because"


# --- the operator ----------------------------------------------------------------------------------------------------


class FakeTaskInstance:
    """Answers what the operator asks Airflow for."""

    dag_id, run_id, map_index = "dag", "run", -1

    def __init__(self, steps: Mapping[str, Any], states: Mapping[str, str], refusal: str | None = None) -> None:
        self._steps = steps
        self._states = states
        self._refusal = refusal
        self.pushed: dict[str, Any] = {}
        self.max_tries, self.try_number = 0, 1

    def xcom_pull(self, task_ids: str, key: str = "return_value", map_indexes: int | None = None) -> Any:
        if key == REFUSAL:
            return self._refusal if task_ids == "resolve" else None
        assert (key, map_indexes) == ("return_value", self.map_index)
        return self._steps.get(task_ids)

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value

    def get_task_states(
        self, dag_id: str, *, map_index: int, task_ids: list[str], run_ids: list[str]
    ) -> dict[str, dict[str, str]]:
        assert (dag_id, map_index, run_ids) == (self.dag_id, self.map_index, [self.run_id])
        return {self.run_id: dict(self._states)}


def run(ti: FakeTaskInstance) -> list[dict[str, Any]]:
    context: Any = {"ti": ti}
    return ReportOperator(task_id="report", after=STEPS).execute(context)


def test_operator_returns_one_outcome_a_pair() -> None:
    (result,) = run(FakeTaskInstance(complete_run(), dict.fromkeys(complete_run(), "success")))
    assert (result["pair"], result["step"], result["result"]) == ("a → b", "report", "complete")
    assert result["details"]["objects"] == 1500


def test_operator_fails_when_a_pair_failed() -> None:
    ti = FakeTaskInstance({**complete_run(), "verify": [failure("verify", "because")]}, {"verify": "failed"})
    with pytest.raises(PermanentError, match="verify: because"):
        run(ti)
    assert ti.pushed["return_value"][0]["details"]["failed_step"] == "verify"


def test_operator_fails_when_a_step_crashed() -> None:
    steps = {"preflight": complete_run()["preflight"]}
    ti = FakeTaskInstance(steps, {"preflight": "success", "create_role": "failed", "grant_source": "upstream_failed"})
    with pytest.raises(PermanentError, match="create_role: its task failed without a word"):
        run(ti)


def test_operator_of_a_mapped_batch_looks_at_its_own_tasks() -> None:
    ti = FakeTaskInstance(complete_run(), {"create_role_2": "success", "create_role_1": "failed"})
    ti.map_index = 2
    assert run(ti)[0]["result"] == "complete"
    ti = FakeTaskInstance(complete_run(), {"create_role_2": "failed"})
    ti.map_index = 2
    with pytest.raises(PermanentError, match="create_role: its task failed"):
        run(ti)


def test_operator_without_a_batch_says_where_to_look() -> None:
    with pytest.raises(PermanentError, match="see why `resolve` or `preflight` failed"):
        run(FakeTaskInstance({}, {}))


def test_operator_repeats_why_the_input_was_refused() -> None:
    with pytest.raises(PermanentError, match="`resolve` refused the input: source_bucket: is required"):
        run(FakeTaskInstance({}, {"resolve": "failed"}, refusal="source_bucket: is required"))
