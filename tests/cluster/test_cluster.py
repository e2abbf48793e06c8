"""A fleet on a Celery cluster: both workers work, and one that dies in the middle is made up for."""

from __future__ import annotations

import os
import time

import pytest

from devstack import sessions, tryout
from devstack.stack import Stack
from tests.cluster.conftest import DAG_ID, PAIRS, WORKERS
from tests.e2e.airflow import PATIENCE_SECONDS, Airflow, Run
from tests.e2e.cloud import LocalCloud
from tests.e2e.world import OBJECTS

pytestmark = pytest.mark.e2e

BATCH_SIZE = 3
#: The step that is interrupted, in the middle of a write whose outcome nobody learns.
STEP = "batch.create_rule"
#: So long that nobody can look at such a step too late.
RULE_SECONDS = 6

#: A run, and the batches whose step was interrupted.
Interrupted = tuple[Run, set[int]]


@pytest.fixture(scope="module")
def interrupted(cluster: Stack, airflow: Airflow, cloud: LocalCloud) -> Interrupted:
    """A run of the whole fleet whose second worker was killed while it wrote rules."""
    for side in [side for pair in PAIRS for side in pair.sides]:
        airflow.put_connection(side.connection_id, "alibaba_cloud", side.fields(cloud.url))
    slow = cloud.fault(product="oss", action="PutBucketReplication", delay_seconds=RULE_SECONDS)
    airflow.unpause(DAG_ID)
    run = airflow.start({"batch_size": BATCH_SIZE}, DAG_ID)
    lost = batches_at(STEP, WORKERS[1], cluster, airflow, run)
    cluster.kill(WORKERS[1])
    cluster.cloud_control("DELETE", f"faults/{slow}")
    return run, lost


def batches_at(step: str, worker: str, cluster: Stack, airflow: Airflow, run: Run) -> set[int]:
    """Wait until a worker runs a step, and return the batches it runs it for."""
    session = cluster.part(worker).pid
    path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        running = airflow.get(path, state="running", limit=100)["task_instances"]
        own = {process.pid for process in sessions.members([session])}
        found = {task["map_index"] for task in running if task["task_id"] == step and task["pid"] in own}
        if found:
            return found
        time.sleep(0.1)
    raise TimeoutError(f"{worker} never ran {step} of {run}")


def test_a_fleet_completes_although_a_worker_dies(interrupted: Interrupted) -> None:
    run, _ = interrupted
    rows = run.succeed().xcom("report")
    assert [row["name"] for row in rows] == [pair.source.bucket for pair in PAIRS]
    assert {(row["state"], row["objects"], row["cause"]) for row in rows} == {("complete", OBJECTS, None)}


def test_what_the_dead_worker_had_is_tried_again_by_the_other(airflow: Airflow, interrupted: Interrupted) -> None:
    run, lost = interrupted
    run.succeed()
    tasks = airflow.task_states(run.dag_id, run.run_id)
    assert lost <= {task.map_index for task in tasks if task.task_id == STEP and task.try_number == 2}


def test_every_pair_has_one_rule_and_one_grant(cloud: LocalCloud, interrupted: Interrupted) -> None:
    interrupted[0].succeed()
    for pair in PAIRS:
        assert len(cloud.bucket(pair.source)["rules"]) == 1
        assert len(cloud.bucket(pair.destination)["policy"]["Statement"]) == 1


def test_both_workers_worked(cluster: Stack, interrupted: Interrupted) -> None:
    for name in WORKERS:
        log = (cluster.settings.log_folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        assert "Executing workload in Celery" in log, name


def test_the_tryout_sets_its_pair_up(cluster: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {
        **os.environ,
        "AIRFLOW_URL": cluster.settings.airflow_url,
        "AIRFLOW_ADMIN_PASSWORD": cluster.keys.admin_password,
        "LOCALCLOUD_URL": cluster.settings.cloud_url,
    }
    assert tryout.main(environment) == 0, capsys.readouterr().err
    assert "demo-source is replicated to demo-destination" in capsys.readouterr().out
