"""Two hundred pairs into one destination bucket by one fleet run, while single runs set up others: nothing is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.airflow import Airflow, Run
from tests.e2e.cloud import LocalCloud
from tests.e2e.conftest import InventoryFile
from tests.e2e.hub import DESTINATION, FLEET, SINGLE, SOURCE, fields

pytestmark = pytest.mark.e2e

FOREIGN = {
    "Effect": "Deny",
    "Action": ["oss:DeleteBucket"],
    "Principal": ["*"],
    "Resource": [f"acs:oss:*:{DESTINATION.uid}:{DESTINATION.bucket}"],
}


@pytest.fixture(scope="module")
def runs(airflow: Airflow, cloud: LocalCloud, inventory: InventoryFile) -> list[Run]:
    """The fleet's run, and single runs beside it; all have succeeded."""
    for side in (SOURCE, DESTINATION):
        airflow.put_connection(side.connection_id, "alibaba_cloud", side.fields(cloud.url))
    cloud.bucket_client(DESTINATION).put_bucket_policy(json.dumps({"Version": "1", "Statement": [FOREIGN]}))
    inventory.write({f"hub-{index:03}": fields(index) for index in range(FLEET)})
    airflow.unpause("oss_crr_fleet")
    # One run makes the bucket's asset known before the others: Airflow fails a task that makes the same one known at
    # the same moment as another (README, "Limits").
    first = airflow.start(fields(FLEET)).succeed()
    fleet = airflow.start({"pattern": "hub-*"}, "oss_crr_fleet")
    fleet.until("count_quotas", {"success"})
    single = [airflow.start(fields(FLEET + index)) for index in range(1, SINGLE)]
    return [run.succeed() for run in (fleet, first, *single)]


@pytest.fixture(scope="module")
def statements(runs: list[Run], cloud: LocalCloud) -> list[dict[str, Any]]:
    """What the destination bucket's policy says in the end."""
    found: list[dict[str, Any]] = cloud.bucket(DESTINATION)["policy"]["Statement"]
    return found


def test_every_pair_is_complete(runs: list[Run]) -> None:
    assert [row["state"] for row in runs[0].xcom("report")] == ["complete"] * FLEET


def test_not_one_grant_is_lost_and_they_are_folded(statements: list[dict[str, Any]]) -> None:
    principals = [principal for statement in statements if statement != FOREIGN for principal in statement["Principal"]]
    assert len(principals) == len(set(principals)) == FLEET + SINGLE
    assert len(statements) < 10
    assert len(json.dumps(statements)) < 16 * 1024


def test_what_somebody_else_had_written_is_there(statements: list[dict[str, Any]]) -> None:
    assert statements[0] == FOREIGN


def test_the_policy_is_written_once_for_the_whole_fleet(runs: list[Run], cloud: LocalCloud) -> None:
    """Twice where a single run's write has come between; it is read again then, and merged anew."""
    count = cloud.calls_of(DESTINATION.uid).writes()["PutBucketPolicy"]
    assert 1 + SINGLE + 1 <= count <= 2 * (1 + SINGLE) + 1
