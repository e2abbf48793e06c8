"""The setup DAG as its file declares it."""

from __future__ import annotations

import runpy
import warnings
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[2] / "dags" / "oss_crr_setup.py"


@pytest.fixture(scope="module")
def dag() -> Any:
    """Return the DAG; whatever Airflow warns of while it is read fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return runpy.run_path(str(FILE))["dag"]


def test_documentation_explains_every_step(dag: Any) -> None:
    assert [name for name in dag.task_ids if f"`{name}`" not in dag.doc_md] == []


def test_runs_that_wait_keep_no_other_run_from_starting(dag: Any) -> None:
    """Histories take days to be copied, and Airflow starts the seventeenth run only when another one has ended."""
    assert dag.max_active_runs >= 100
