"""The verification DAG as its file declares it."""

from __future__ import annotations

import runpy
import warnings
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[2] / "dags" / "oss_crr_verify.py"


def load() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return runpy.run_path(str(FILE))["dag"]


@pytest.fixture(scope="module")
def dag() -> Any:
    """Return the DAG; whatever Airflow warns of while it is read fails the test."""
    return load()


def test_documentation_explains_every_step(dag: Any) -> None:
    assert [name for name in dag.task_ids if f"`{name}`" not in dag.doc_md] == []
    assert [task.task_id for task in dag.tasks if not task.doc_md] == []


def test_every_parameter_has_a_default(dag: Any) -> None:
    dag.params.validate()
    assert {name: dag.params[name] for name in ("repair", "remove_extra", "canary", "compare")} == {
        "repair": "report",
        "remove_extra": False,
        "canary": True,
        "compare": True,
    }


def test_one_run_at_a_time_and_none_for_the_past(dag: Any) -> None:
    assert (dag.max_active_runs, dag.catchup) == (1, False)
    assert "backfill" not in {str(kind.value) for kind in dag.allowed_run_types}


@pytest.mark.parametrize(("given", "schedule"), [("30 */6 * * *", "30 */6 * * *"), ("", "0 * * * *")])
def test_schedule_can_be_changed(monkeypatch: pytest.MonkeyPatch, given: str, schedule: str) -> None:
    monkeypatch.setenv("OSS_CRR_VERIFY_SCHEDULE", given)
    assert load().timetable.timetable.expression == schedule
