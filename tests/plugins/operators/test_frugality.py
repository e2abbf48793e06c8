"""How often a step asks Airflow's API server: each request counts when many tasks run on a small machine."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG

from oss_crr.operators.steps import CHECKS, ConvergeOperator, PreflightOperator
from tests.plugins.fake_cloud import FakeCloud, make_resolved

PAIR = make_resolved()


class CountingTaskInstance:
    """Counts how often each step's outcomes are asked for."""

    map_index = -1

    def __init__(self) -> None:
        self.pulls: Counter[str] = Counter()

    def xcom_pull(self, task_ids: str, map_indexes: int) -> list[dict[str, Any]] | None:
        self.pulls[task_ids] += 1
        details = {"resolved": PAIR.to_dict(), "plans": {}}
        return [{"pair": PAIR.name, "error": None, "details": details}] if task_ids == "preflight" else None


@pytest.fixture
def step() -> ConvergeOperator:
    with DAG("frugal", schedule=None):
        return ConvergeOperator(task_id="grant_source", resource="source_grant", after=("create_role",))


def _context(ti: CountingTaskInstance) -> Any:
    return {"ti": ti, "params": {"plan_only": True}, "dag_run": SimpleNamespace(conf={})}


def test_outcomes_of_other_steps_are_fetched_once_a_try(step: ConvergeOperator) -> None:
    ti = CountingTaskInstance()
    step.render_template_fields(_context(ti), step.get_template_env())
    assert [pair.name for pair in step.survivors(_context(ti))] == [PAIR.name]
    assert ti.pulls == {"preflight": 1, "create_role": 1}


def test_the_next_try_fetches_anew(step: ConvergeOperator) -> None:
    first, second = CountingTaskInstance(), CountingTaskInstance()
    for ti in (first, second):
        step.survivors(_context(ti))
    assert first.pulls == second.pulls == {"preflight": 1, "create_role": 1}


def test_a_step_links_to_what_it_configures(step: ConvergeOperator) -> None:
    assert [link.name for link in step.operator_extra_links] == ["RAM role"]


def test_checks_stay_out_of_what_later_steps_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(map_index=-1, xcom_push=lambda key, value: pushed.update({key: value}))
    with DAG("preflight", schedule=None):
        preflight = PreflightOperator(task_id="preflight", pairs=[PAIR.pair.to_dict()])
    monkeypatch.setitem(vars(preflight), "accounts", FakeCloud().accounts)
    (outcome,) = preflight.run_step(_context(ti))  # type: ignore[arg-type]
    assert outcome.ok
    assert "checks" not in outcome.details
    assert {check["status"] for check in pushed[CHECKS][PAIR.name]} == {"ok"}
