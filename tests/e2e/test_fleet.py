"""A fleet: several batches from an inventory, shared documents, one pair that is broken, and what comes after."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from devstack.api import TaskState
from devstack.stack import Stack
from tests.e2e.airflow import PATIENCE_SECONDS, Airflow, Run
from tests.e2e.cloud import Calls, LocalCloud
from tests.e2e.conftest import Fields, InventoryFile, NewPair
from tests.e2e.world import OBJECTS, Json, Pair

pytestmark = pytest.mark.e2e

DAG_ID = "oss_crr_fleet"
#: The first two share a bucket at the destination; the third is broken on purpose.
NAMES = ["logs-1", "logs-2", "logs-3", "media"]
BROKEN = "logs-3"


@pytest.fixture(scope="module")
def pairs(new_pair: NewPair) -> dict[str, Pair]:
    """A pair of accounts for each name."""
    return {name: new_pair() for name in NAMES}


@pytest.fixture(scope="module")
def fields(pairs: dict[str, Pair]) -> Fields:
    """What the inventory says of each pair."""
    named = {name: pair.conf() for name, pair in pairs.items()}
    for key in ("destination_bucket", "destination_conn_id"):
        named["logs-2"][key] = named["logs-1"][key]
    return named


@pytest.fixture(scope="module")
def run(airflow: Airflow, cloud: LocalCloud, inventory: InventoryFile, pairs: dict[str, Pair], fields: Fields) -> Run:
    """A run of the whole inventory, in batches of two; one destination's owner may not write the bucket's policy."""
    cloud.take_right(pairs[BROKEN].destination, "oss:PutBucketPolicy")
    inventory.write(fields)
    airflow.unpause(DAG_ID)
    return airflow.start({"batch_size": 2}, DAG_ID).fail()


@pytest.fixture(scope="module")
def before(run: Run, cloud: LocalCloud, pairs: dict[str, Pair]) -> dict[str, Calls]:
    """The calls that were made until the right was given back and the failed tasks were about to be cleared."""
    cloud.give_rights_back(pairs[BROKEN].destination)
    return {name: cloud.calls(pair) for name, pair in pairs.items()}


@pytest.fixture(scope="module")
def cleared(airflow: Airflow, run: Run, tasks: list[TaskState], before: dict[str, Calls]) -> Run:
    """The same run, after its failed tasks were cleared."""
    return run.clear_failed().succeed()


@pytest.fixture(scope="module")
def rows(run: Run) -> dict[str, dict[str, Any]]:
    """The failed run's report, by name."""
    return {row["name"]: row for row in run.xcom("report")}


@pytest.fixture(scope="module")
def tasks(airflow: Airflow, run: Run) -> list[TaskState]:
    """The failed run's tasks."""
    return airflow.task_states(run.dag_id, run.run_id)


def failed(tasks: list[TaskState]) -> list[tuple[str, int]]:
    return sorted((task.task_id, task.map_index) for task in tasks if task.state == "failed")


# --- one pair fails --------------------------------------------------------------------------------------------------


def test_the_report_is_right_in_every_row(rows: dict[str, dict[str, Any]], fields: Fields) -> None:
    assert list(rows) == NAMES
    for name, row in rows.items():
        assert row["pair"] == f"{fields[name]['source_bucket']} → {fields[name]['destination_bucket']}"
        assert (row["state"] == "failed") is (name == BROKEN)
    for name in set(NAMES) - {BROKEN}:
        row = rows[name]
        assert (row["state"], row["history"], row["objects"], row["failed_step"]) == ("complete", 1.0, OBJECTS, None)
        assert row["rule_id"].startswith("oss-crr-")
        assert 0 <= row["lag_seconds"] < 600
    assert rows[BROKEN]["failed_step"] == "grant_destination"
    assert "oss:PutBucketPolicy" in rows[BROKEN]["cause"]


def test_the_report_names_the_pair_that_failed(run: Run) -> None:
    assert "1 of 4 pairs failed" in run.error("report")
    assert f"{BROKEN}: grant_destination: " in run.error("report")


def test_the_log_shows_a_table(run: Run) -> None:
    log = run.log("report")
    assert f"3 of 4 pairs complete, 1 failed ({BROKEN})" in log
    assert [line.split()[0] for line in log.splitlines() if "→" in line][: len(NAMES)] == NAMES


def test_only_the_failed_pairs_own_tasks_fail(tasks: list[TaskState]) -> None:
    assert failed(tasks) == [("alone.grant_destination", 0), ("alone.report", 0), ("report", -1)]


def test_every_destination_that_is_complete_is_announced(run: Run, cleared: Run, fields: Fields) -> None:
    announced = sorted(event["extra"]["destination_bucket"] for event in cleared.events())
    assert announced == sorted(pair["destination_bucket"] for pair in fields.values())


def test_batches_are_called_by_their_pairs(airflow: Airflow, run: Run, tasks: list[TaskState]) -> None:
    names = airflow.map_names(run.dag_id, run.run_id)
    ran = {(task.task_id, task.map_index) for task in tasks if task.state in ("success", "failed")}
    expected = {"batch": ["logs-1 to logs-2 (2 pairs)", "logs-3 to media (2 pairs)"], "alone": ["logs-3"]}
    mapped = {key for key in ran if key[1] >= 0}
    assert {key: names[key] for key in mapped} == {key: expected[key[0].split(".")[0]][key[1]] for key in mapped}


def test_pairs_that_share_a_bucket_have_one_statement(run: Run, cloud: LocalCloud, pairs: dict[str, Pair]) -> None:
    (statement,) = cloud.bucket(pairs["logs-1"].destination)["policy"]["Statement"]
    assert len(statement["Principal"]) == 2
    assert cloud.calls(pairs["logs-1"]).writes()["PutBucketPolicy"] == 1


# --- and is repaired -------------------------------------------------------------------------------------------------


def test_clearing_the_failed_tasks_continues_with_what_is_missing(
    cleared: Run, cloud: LocalCloud, pairs: dict[str, Pair], before: dict[str, Calls]
) -> None:
    assert [row["state"] for row in cleared.xcom("report")] == ["complete"] * 4
    later = {name: cloud.calls(pair) - before[name] for name, pair in pairs.items()}
    assert all(calls.actions() == {} for name, calls in later.items() if name != BROKEN)
    assert later[BROKEN].writes() == {"PutBucketPolicy": 1, "PutBucketReplication": 1}


def test_a_second_run_writes_nothing(airflow: Airflow, cleared: Run, cloud: LocalCloud, pairs: dict[str, Pair]) -> None:
    earlier = {name: cloud.calls(pair) for name, pair in pairs.items()}
    second = airflow.start({"pattern": "*"}, DAG_ID).succeed()
    assert [row["state"] for row in second.xcom("report")] == ["complete"] * 4
    assert all((cloud.calls(pair) - earlier[name]).writes() == {} for name, pair in pairs.items())


def test_a_plan_of_some_pairs_names_what_is_in_order(airflow: Airflow, cleared: Run) -> None:
    run = airflow.start({"pairs": ["media", "logs-1"], "plan_only": True}, DAG_ID).succeed()
    rows = run.xcom("report")
    assert [(row["name"], row["state"], row["planned"]) for row in rows] == [
        ("logs-1", "planned", []),
        ("media", "planned", []),
    ]


# --- nothing to do ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conf", "problem"),
    [
        ({"pattern": "nothing-*"}, "pattern: 'nothing-*' matches none of the 4 pairs in the inventory"),
        ({"pairs": ["log-1"]}, "did you mean 'logs-1'?"),
        ({"patern": "*"}, "patern: unknown parameter; did you mean 'pattern'?"),
    ],
)
def test_an_empty_selection_is_refused(airflow: Airflow, cleared: Run, conf: dict[str, Any], problem: str) -> None:
    run = airflow.start(conf, DAG_ID).fail()
    assert problem in run.error("resolve")
    assert "nothing was done" in run.error("report")
    assert problem in run.error("report")
    assert {state for name, state in run.states().items() if name.startswith(("batch", "alone"))} <= {
        "upstream_failed",
        "skipped",
    }


def test_a_broken_inventory_is_shown_and_refused(
    airflow: Airflow, stack: Stack, cleared: Run, inventory: InventoryFile, fields: Fields
) -> None:
    def shown_when(condition: Callable[[Json], bool]) -> Json:
        return shown_dag(airflow, stack, condition)

    inventory.write_text("pairs:\n  - name: one\n    sorce_bucket: x\n")
    run = airflow.start({}, DAG_ID).fail()
    problem = f"{inventory.path}:3: one, sorce_bucket: unknown field; did you mean 'source_bucket'?"
    assert problem in run.error("resolve")

    details = shown_when(lambda dag: "cannot be used" in dag["doc_md"])
    assert problem in details["doc_md"]
    assert details["has_import_errors"] is False

    inventory.write(fields)
    shown_when(lambda dag: dag["params"]["pairs"]["schema"]["examples"] == NAMES)


def shown_dag(airflow: Airflow, stack: Stack, condition: Callable[[Json], bool]) -> Json:
    """Read the DAG until a condition holds; the DAG processor reads files every half a minute."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition(found := airflow.get(f"/dags/{DAG_ID}/details")):
        stack.check()
        if time.monotonic() > deadline:
            pytest.fail(f"last parsed {found['last_parsed_time']}. {stack.part('dag-processor').log_tail()}")
        time.sleep(1)
    return found
