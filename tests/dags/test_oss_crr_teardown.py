"""The teardown's DAG as its file declares it."""

from __future__ import annotations

import runpy
import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from oss_crr.operators.teardown import RUN_PARAMETERS
from oss_crr.pair import BucketPair

FILE = Path(__file__).parents[2] / "dags" / "oss_crr_teardown.py"


@pytest.fixture(scope="module")
def dag() -> Any:
    """Return the DAG; whatever Airflow warns of while it is read fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return runpy.run_path(str(FILE))["dag"]


def test_documentation_explains_every_step(dag: Any) -> None:
    assert [name for name in dag.task_ids if f"`{name}`" not in dag.doc_md] == []
    assert [task.task_id for task in dag.tasks if not task.doc_md] == []


def test_the_form_has_no_unknown_field_and_needs_none(dag: Any) -> None:
    dag.params.validate()
    assert set(dag.params) <= RUN_PARAMETERS | {field.name for field in fields(BucketPair)}


def test_an_approval_is_asked_for_and_nothing_adopted_is_deleted_unless_the_run_says_so(dag: Any) -> None:
    assert (dag.params["approve"], dag.params["remove_adopted"], dag.params["plan_only"]) == (True, False, False)


def test_a_role_goes_after_everything_that_it_has_and_a_key_is_never_removed(dag: Any) -> None:
    before = {task.task_id for task in dag.get_task("remove_role").get_flat_relatives(upstream=True)}
    assert {name for name in dag.task_ids if name.startswith("remove_")} <= before | {"remove_role"}
    assert "remove_kms_key" not in dag.task_ids
