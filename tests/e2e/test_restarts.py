"""Parts of Airflow end in the middle of a run and come back: the run goes on, and nothing is written twice."""

from __future__ import annotations

import pytest

from devstack.stack import Stack
from tests.e2e.airflow import Airflow, Run
from tests.e2e.cloud import LocalCloud
from tests.e2e.conftest import NewPair
from tests.e2e.world import MANY_OBJECTS, OBJECTS, Pair

pytestmark = pytest.mark.e2e


def set_up_once(run: Run, pair: Pair, cloud: LocalCloud, objects: int) -> None:
    """Make sure that a run succeeds, and wrote everything at most once."""
    report = run.succeed().report()

    assert (report["state"], report["objects"]) == ("complete", objects)
    assert set(cloud.calls(pair).writes().values()) == {1}, cloud.calls(pair).writes()


def test_a_wait_survives_a_restart_of_the_triggerer(
    stack: Stack, airflow: Airflow, cloud: LocalCloud, new_pair: NewPair
) -> None:
    pair = new_pair(objects=MANY_OBJECTS)
    airflow.unpause("poll_often")
    run = airflow.start(pair.conf(), "poll_often")
    run.until("wait_for_history", {"deferred"})

    stack.restart("triggerer")

    assert run.states()["wait_for_history"] == "deferred"
    set_up_once(run, pair, cloud, MANY_OBJECTS)
    assert run.tries()["wait_for_history"] == 1


@pytest.mark.parametrize("task_id", ["preflight", "grant_destination"])
def test_a_run_survives_a_restart_of_the_scheduler(
    stack: Stack, airflow: Airflow, cloud: LocalCloud, new_pair: NewPair, task_id: str
) -> None:
    pair = new_pair()
    run = airflow.start(pair.conf())
    run.until(task_id, {"running", "success"})

    stack.restart("scheduler")

    set_up_once(run, pair, cloud, OBJECTS)
