"""The pipeline in a mapped task group: batches side by side, and a pair that fails stops nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.airflow import Airflow, Run
from tests.e2e.conftest import NewPair
from tests.e2e.world import OBJECTS, Pair

pytestmark = pytest.mark.e2e

DAG_ID = "mapped"
BATCHES = 3


@pytest.fixture(scope="module")
def pairs(new_pair: NewPair) -> list[Pair]:
    """One pair for each batch, and one that is going to fail in the first."""
    return [new_pair() for _ in range(BATCHES + 1)]


@pytest.fixture(scope="module")
def run(airflow: Airflow, pairs: list[Pair]) -> Run:
    """A run of three batches."""
    *good, bad = pairs
    batches = [[pair.conf()] for pair in good]
    batches[0].append(bad.conf(source_bucket="nobodys-bucket"))
    airflow.unpause(DAG_ID)
    return airflow.start({"batches": batches}, DAG_ID).fail()


def report(airflow: Airflow, run: Run, batch: int) -> list[Any]:
    """Return the report of a batch: state, verified objects, and step that failed, of each pair."""
    outcomes = airflow.xcom(run.dag_id, run.run_id, "batch.report", map_index=batch)
    fields = ("state", "objects", "failed_step")
    return [tuple(outcome["details"][field] for field in fields) for outcome in outcomes]


def test_every_batch_is_set_up_and_verified(airflow: Airflow, run: Run) -> None:
    complete = ("complete", OBJECTS, None)
    assert report(airflow, run, 0) == [complete, ("failed", None, "preflight")]
    assert report(airflow, run, 1) == report(airflow, run, 2) == [complete]


def test_only_the_report_of_the_failed_pair_fails(airflow: Airflow, run: Run) -> None:
    tasks = airflow.task_states(run.dag_id, run.run_id)
    assert [(task.task_id, task.map_index) for task in tasks if task.state == "failed"] == [("batch.report", 0)]


def test_every_destination_that_is_complete_is_announced(run: Run, pairs: list[Pair]) -> None:
    announced = sorted(event["extra"]["destination_bucket"] for event in run.events())
    assert announced == sorted(pair.destination.bucket for pair in pairs[:-1])
