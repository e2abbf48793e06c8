"""Each account belongs to another team: the source's run asks, the destination's run grants, the first one goes on."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest

from tests.e2e.airflow import Airflow, Run
from tests.e2e.cloud import LocalCloud
from tests.e2e.conftest import NewPair
from tests.e2e.world import Json, Pair

pytestmark = pytest.mark.e2e

HAND_OVER = "hand_over"


@dataclass(frozen=True)
class Case:
    """A pair whose destination belongs to somebody else, and the source team's run."""

    pair: Pair
    run: Run


@pytest.fixture(scope="module")
def cases(airflow: Airflow, new_pair: NewPair) -> dict[str, Case]:
    """Two runs that ask for the destination owner's grant."""
    found = {}
    for answer in ("Approve", "Reject"):
        pair = new_pair()
        conf = {**pair.conf(destination_uid=pair.destination.uid), "destination_conn_id": None}
        found[answer] = Case(pair, airflow.start(conf))
    return found


def asked(case: Case) -> str:
    """What the run asks the destination's owner for, as text."""
    case.run.until(HAND_OVER, {"awaiting_input", "success"})
    body: str = case.run.task_instance(HAND_OVER)["rendered_fields"]["body"]
    return body


def mirrored(case: Case) -> Json:
    """The parameters of the destination team's run, as the source team's run gives them."""
    conf: Json = json.loads(re.findall(r"```json\n(.*?)\n```", asked(case), re.DOTALL)[-1])
    return {**conf, "destination_conn_id": case.pair.destination.connection_id}


def test_the_destinations_owner_is_told_what_to_grant(cases: dict[str, Case], cloud: LocalCloud) -> None:
    case = cases["Approve"]

    assert case.pair.destination.bucket in asked(case)
    assert case.pair.destination.uid in asked(case)
    assert cloud.bucket(case.pair.destination)["policy"] is None


def test_both_runs_together_set_the_pair_up(cases: dict[str, Case], airflow: Airflow, cloud: LocalCloud) -> None:
    case = cases["Approve"]

    granted = airflow.start(mirrored(case)).succeed()
    case.run.answer(HAND_OVER, "Approve")
    report = case.run.succeed().report()

    assert granted.report()["steps"]["grant_destination"] == "created"
    assert report["steps"]["create_rule"] == "created"
    assert cloud.bucket(case.pair.destination)["objects"] == case.pair.objects


def test_a_declined_grant_is_reported(cases: dict[str, Case], cloud: LocalCloud) -> None:
    case = cases["Reject"]

    asked(case)
    case.run.answer(HAND_OVER, "Reject")
    case.run.fail()

    assert "declined" in case.run.error(HAND_OVER)
    assert f"{HAND_OVER}: the grant at the destination was declined" in case.run.error("report")
    assert cloud.bucket(case.pair.source)["rules"] == []
