"""The switches of a run: only plan, do not wait."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.e2e.airflow import Airflow, Run
from tests.e2e.cloud import LocalCloud
from tests.e2e.conftest import NewPair
from tests.e2e.test_setup import WRITING
from tests.e2e.world import Pair

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Runs:
    """Runs with switches on.

    :param plan: plans for a pair with nothing configured.
    :param short: sets another pair up, and does not wait.
    """

    planned: Pair
    plan: Run
    shortened: Pair
    short: Run


@pytest.fixture(scope="module")
def runs(airflow: Airflow, new_pair: NewPair) -> Runs:
    """Start both runs side by side."""
    planned, shortened = new_pair(), new_pair()
    plan = airflow.start(planned.conf(plan_only=True))
    short = airflow.start(shortened.conf(wait_for_history=False))
    return Runs(planned, plan, shortened, short)


@pytest.fixture(scope="module")
def plan_when_done(runs: Runs, airflow: Airflow) -> Run:
    """A plan for the pair that is set up."""
    runs.short.succeed()
    return airflow.start(runs.shortened.conf(plan_only=True)).succeed()


def test_a_plan_writes_nothing(runs: Runs, cloud: LocalCloud) -> None:
    states = runs.plan.succeed().states()

    assert cloud.calls(runs.planned).writes() == {}
    assert {states[step] for step in (*WRITING, "wait_for_history", "verify")} == {"skipped"}


def test_a_plan_is_reported(runs: Runs) -> None:
    report = runs.plan.succeed().report()

    assert report["state"] == "planned"
    assert {change["kind"] for change in report["planned"]} == {"create"}
    assert list(dict.fromkeys(change["resource"] for change in report["planned"])) == [
        "role",
        "source_grant",
        "destination_grant",
        "rule",
    ]
    assert "would create" in runs.plan.log("report")


def test_a_plan_holds_the_documents(runs: Runs) -> None:
    plans = runs.plan.succeed().details("preflight")["plans"]
    after = {name: plan["changes"][0]["after"] for name, plan in plans.items()}

    assert "sts:AssumeRole" in str(after["role"])
    assert runs.planned.source.bucket in str(after["source_grant"])
    assert runs.planned.destination.bucket in str(after["destination_grant"])
    assert after["rule"]["destination_bucket"] == runs.planned.destination.bucket


def test_a_plan_for_a_finished_pair_is_empty(plan_when_done: Run) -> None:
    report = plan_when_done.report()

    assert (report["state"], report["planned"]) == ("planned", [])


def test_without_waiting_the_pair_is_set_up_and_not_verified(runs: Runs, cloud: LocalCloud) -> None:
    report = runs.short.succeed().report()

    assert report["state"] == "set up"
    assert report["rule_id"]
    assert report["objects"] is None
    assert runs.short.states()["wait_for_history"] == "skipped"
    assert runs.short.states()["verify"] == "skipped"
    assert runs.short.events() == []
    assert len(cloud.bucket(runs.shortened.source)["rules"]) == 1
