"""A teardown in the real Airflow: the plan, the approval, the end, and what happens when it is broken off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from devstack.stack import Stack
from tests.e2e.airflow import Airflow, Run
from tests.e2e.cloud import Calls, LocalCloud
from tests.e2e.conftest import NewPair
from tests.e2e.world import Json, Pair
from tests.integration.teardown import meaning

pytestmark = pytest.mark.e2e

DAG_ID = "oss_crr_teardown"
APPROVE = "approve"
#: Steps that write where nothing else asks for more: no key, no acceleration.
WRITING = ("stop_rule", "remove_destination_grant", "remove_source_grant", "remove_role")
SKIPPED = ("restore_acceleration", "remove_kms_key_grant", "remove_kms_role_grant")
#: The fault holds a call for so long that the task is ended meanwhile.
HELD_SECONDS = 60.0


@dataclass(frozen=True)
class Case:
    """A pair that was set up, and how its accounts were before."""

    pair: Pair
    before: Any


@pytest.fixture(scope="module")
def cases(airflow: Airflow, cloud: LocalCloud, new_pair: NewPair) -> dict[str, Case]:
    """A pair for each kind of teardown, set up side by side."""
    airflow.unpause(DAG_ID)
    found, runs = {}, []
    for kind in ("planned", "approved", "rejected", "listed", "killed"):
        pair = new_pair()
        found[kind] = Case(pair, state_of(cloud, pair))
        runs.append(airflow.start(pair.conf(wait_for_history=False)))
    for run in runs:
        run.succeed()
    return found


@pytest.fixture(scope="module")
def approved(cases: dict[str, Case], airflow: Airflow) -> Run:
    """A teardown that waits for its approval."""
    run = airflow.start(cases["approved"].pair.conf(), DAG_ID)
    run.until(APPROVE, {"awaiting_input"})
    return run


def state_of(cloud: LocalCloud, pair: Pair) -> Any:
    """The meaning of everything in a pair's accounts."""
    state = cloud.state()
    accounts = {side.uid: state["accounts"][side.uid] for side in pair.sides}
    buckets = {side.bucket: state["buckets"][side.bucket] for side in pair.sides}
    return meaning({"accounts": accounts, "buckets": buckets})


def writes(cloud: LocalCloud, pair: Pair, before: Calls) -> Json:
    return (cloud.calls(pair) - before).writes()


# --- planning --------------------------------------------------------------------------------------------------------


def test_a_plan_names_everything_and_touches_nothing(
    cases: dict[str, Case], airflow: Airflow, cloud: LocalCloud
) -> None:
    pair = cases["planned"].pair
    before, calls = state_of(cloud, pair), cloud.calls(pair)
    run = airflow.start(pair.conf(plan_only=True), DAG_ID).succeed()
    report = run.report()
    assert (state_of(cloud, pair), writes(cloud, pair, calls)) == (before, {})
    assert report["state"] == "planned"
    assert {change["resource"] for change in report["planned"]} == {"rule", "destination_grant", "source_grant", "role"}
    assert {run.states()[task] for task in (*WRITING, *SKIPPED, APPROVE)} == {"skipped"}


def test_the_calls_of_a_plan_are_few(cases: dict[str, Case], airflow: Airflow, cloud: LocalCloud) -> None:
    pair = cases["planned"].pair
    calls = cloud.calls(pair)
    airflow.start(pair.conf(plan_only=True), DAG_ID).succeed()
    assert sum((cloud.calls(pair) - calls).actions().values()) <= 10


# --- approval --------------------------------------------------------------------------------------------------------


def test_the_approval_shows_the_plan(approved: Run, cases: dict[str, Case], cloud: LocalCloud) -> None:
    body = approved.task_instance(APPROVE)["rendered_fields"]["body"]
    assert cases["approved"].pair.destination.bucket in body
    assert "Is taken back" in body
    assert cloud.bucket(cases["approved"].pair.source)["rules"] != []


def test_after_the_approval_the_clouds_are_as_they_were(
    approved: Run, cases: dict[str, Case], cloud: LocalCloud
) -> None:
    approved.answer(APPROVE, "Approve")
    report = approved.succeed().report()
    assert state_of(cloud, cases["approved"].pair) == cases["approved"].before
    assert (report["state"], report["by_hand"]) == ("removed", [])
    assert {task: report["steps"][task] for task in WRITING} == dict.fromkeys(WRITING, "taken back")
    assert {task: approved.states()[task] for task in SKIPPED} == dict.fromkeys(SKIPPED, "skipped")
    assert set(approved.tries().values()) <= {0, 1}


def test_the_objects_stay(approved: Run, cases: dict[str, Case], cloud: LocalCloud) -> None:
    pair = cases["approved"].pair
    assert cloud.bucket(pair.source)["objects"] == pair.objects


def test_each_step_shows_its_document_before_and_after(approved: Run) -> None:
    fields = approved.task_instance("remove_destination_grant")["rendered_fields"]["documents"]
    assert "assumed-role" in str(fields)


def test_a_second_teardown_finds_nothing_and_writes_nothing(
    approved: Run, cases: dict[str, Case], airflow: Airflow, cloud: LocalCloud
) -> None:
    pair = cases["approved"].pair
    calls = cloud.calls(pair)
    second = airflow.start(pair.conf(), DAG_ID).succeed()
    assert second.report()["state"] == "nothing to do"
    assert second.states()[APPROVE] == "skipped"
    assert writes(cloud, pair, calls) == {}


def test_a_rejected_teardown_ends_and_touches_nothing(
    cases: dict[str, Case], airflow: Airflow, cloud: LocalCloud
) -> None:
    pair = cases["rejected"].pair
    run = airflow.start(pair.conf(), DAG_ID)
    run.until(APPROVE, {"awaiting_input"})
    before, calls = state_of(cloud, pair), cloud.calls(pair)
    run.answer(APPROVE, "Reject")
    assert run.succeed().report()["state"] == "rejected"
    assert (state_of(cloud, pair), writes(cloud, pair, calls)) == (before, {})


# --- without approval, from the inventory ----------------------------------------------------------------------------


def test_a_pair_of_the_inventory_is_torn_down_without_approval(
    stack: Stack, cases: dict[str, Case], airflow: Airflow, cloud: LocalCloud
) -> None:
    pair = cases["listed"].pair
    inventory = stack.settings.fleet_file
    text = inventory.read_text(encoding="utf-8")
    inventory.write_text(yaml.safe_dump({"pairs": [{"name": "listed", **pair.conf()}]}), encoding="utf-8")
    try:
        run = airflow.start({"pairs": ["listed"], "approve": False}, DAG_ID).succeed()
    finally:
        inventory.write_text(text, encoding="utf-8")
    assert (run.report()["pair"], run.report()["state"]) == ("listed", "removed")
    assert state_of(cloud, pair) == cases["listed"].before


@pytest.mark.parametrize(
    ("conf", "named"),
    [
        ({}, "source_bucket: is required"),
        ({"pairs": ["nobody"]}, "'nobody' is not in the inventory"),
        ({"pairs": ["x"], "source_bucket": "src"}, "source_bucket: give either this or pairs of the inventory"),
        ({"no_such_field": 1}, "unknown field"),
    ],
)
def test_unclear_input_is_refused_before_any_call(airflow: Airflow, conf: Json, named: str) -> None:
    run = airflow.start(conf, DAG_ID).fail()
    assert named in run.error("resolve") or "holds no pairs" in run.error("resolve")
    assert "refused the input" in run.error("report")


# --- broken off ------------------------------------------------------------------------------------------------------


def test_a_teardown_that_was_killed_goes_on_when_it_is_cleared(
    cases: dict[str, Case], airflow: Airflow, cloud: LocalCloud
) -> None:
    case = cases["killed"]
    fault = cloud.fault(
        product="ram", action="DetachPolicyFromRole", account=case.pair.source.uid, times=1, when="after",
        delay_seconds=HELD_SECONDS,
    )  # fmt: skip
    run = airflow.start(case.pair.conf(approve=False), DAG_ID)
    run.until("remove_source_grant", {"running"})
    while not cloud.hits(fault):
        run.until("remove_source_grant", {"running"})
    airflow.patch(f"/dags/{DAG_ID}/dagRuns/{run.run_id}/taskInstances/remove_source_grant", {"new_state": "failed"})
    assert run.fail().report()["state"] == "failed"
    report = run.clear_failed().succeed().report()
    assert report["state"] == "removed"
    assert state_of(cloud, case.pair) == case.before
