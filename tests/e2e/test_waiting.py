"""Waiting for the history: in the triggerer, without a slot, and with a clear word when it ends badly."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.e2e.airflow import Airflow, Run
from tests.e2e.cloud import LocalCloud
from tests.e2e.conftest import NewPair
from tests.e2e.world import MANY_OBJECTS, Pair

pytestmark = pytest.mark.e2e

WAIT = "wait_for_history"


@dataclass(frozen=True)
class Case:
    """A run whose history takes a while."""

    pair: Pair
    run: Run


@pytest.fixture(scope="module")
def cases(airflow: Airflow, new_pair: NewPair) -> dict[str, Case]:
    """Runs that have to wait, side by side."""
    found = {}
    for name, dag_id in (("vanishing", "poll_often"), ("patient", "poll_often"), ("brief", "wait_briefly")):
        airflow.unpause(dag_id)
        pair = new_pair(objects=MANY_OBJECTS)
        found[name] = Case(pair, airflow.start(pair.conf(), dag_id))
    return found


@pytest.fixture(scope="module")
def vanished(cases: dict[str, Case], cloud: LocalCloud) -> Run:
    """A run whose rule somebody removed while it was waited for."""
    case = cases["vanishing"]
    case.run.until(WAIT, {"deferred"})
    (rule,) = cloud.bucket(case.pair.source)["rules"]
    cloud.bucket_client(case.pair.source).delete_bucket_replication(rule["id"])
    return case.run.fail()


def test_a_rule_that_somebody_removes_is_named(vanished: Run) -> None:
    error = vanished.error(WAIT)

    assert "RuleVanished" in error
    assert "run the setup again" in error
    assert vanished.tries()[WAIT] == 1
    assert f"{WAIT}: the replication rule is" in vanished.error("report")


def test_a_wait_holds_no_slot(cases: dict[str, Case], airflow: Airflow) -> None:
    cases["patient"].run.until(WAIT, {"deferred"})
    pool = airflow.get("/pools/default_pool")

    assert pool["deferred_slots"] >= 1
    assert pool["include_deferred"] is False


def test_progress_is_logged_until_the_history_is_complete(cases: dict[str, Case]) -> None:
    run = cases["patient"].run.succeed()

    assert "slowest" in run.log(WAIT)
    assert "1 of 1 pairs complete" in run.log(WAIT)
    assert run.tries()[WAIT] == 1
    assert (run.report()["objects"], run.report()["state"]) == (MANY_OBJECTS, "complete")
    assert run.report()["waited_seconds"] > 5


def test_a_history_that_takes_too_long_is_named(cases: dict[str, Case]) -> None:
    run = cases["brief"].run.fail()

    assert "HistoryTimeout: history is not complete after 0:00:06" in run.error(WAIT)
    assert "% copied" in run.error(WAIT)
    assert run.tries()[WAIT] == 1
    assert f"{WAIT}: history is not complete" in run.error("report")


def test_after_a_timeout_a_new_run_finishes_the_work(cases: dict[str, Case], airflow: Airflow) -> None:
    case = cases["brief"]
    case.run.fail()

    report = airflow.start(case.pair.conf(), "poll_often").succeed().report()

    assert (report["state"], report["objects"]) == ("complete", MANY_OBJECTS)
