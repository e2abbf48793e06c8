"""Throttling, server errors and cut connections: repeated by the client, and by Airflow when that is not enough."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.e2e.airflow import Airflow, Run
from tests.e2e.cloud import LocalCloud
from tests.e2e.conftest import NewPair
from tests.e2e.world import OBJECTS, Pair

pytestmark = pytest.mark.e2e

READS = {
    "GetCallerIdentity": "sts",
    "GetBucketInfo": "oss",
    "GetBucketReplicationLocation": "oss",
    "GetRole": "ram",
    "GetBucketPolicy": "oss",
    "GetBucketReplication": "oss",
    "GetBucketReplicationProgress": "oss",
    "ListObjectsV2": "oss",
}
WRITES = {
    "CreateRole": "ram",
    "CreatePolicy": "ram",
    "AttachPolicyToRole": "ram",
    "PutBucketPolicy": "oss",
    "PutBucketReplication": "oss",
}
#: Where the calls are made that are not made in the source account, or there too.
AT_THE_DESTINATION = frozenset({"GetBucketPolicy", "PutBucketPolicy"})
#: More often than the client tries, but not so often that a second try of the task fails too.
BEYOND_THE_CLIENT = 6


#: Faults by API name, see ``localcloud.faults.Fault``.
Faults = dict[str, dict[str, object]]


@dataclass(frozen=True)
class Case:
    """A run under faults.

    :param faults: the faults' ids by API name.
    """

    pair: Pair
    run: Run
    faults: dict[str, int]


def each(actions: dict[str, str], **fault: object) -> Faults:
    """The same fault, once for each of some APIs.

    :param actions: product by API name.
    """
    return {action: {"product": product, "action": action, "times": 1, **fault} for action, product in actions.items()}


KINDS: dict[str, Faults] = {
    # Not the write of a shared document, which is merged anew when it could not be sent in time.
    "lasting": each({"AttachPolicyToRole": "ram"}, status=503, times=BEYOND_THE_CLIENT),
    "unavailable and throttled": each(READS, status=503) | each(WRITES, status=429, code="Throttling.User"),
    "cut": each(READS | WRITES, cut=True),
    "failed after the effect": each(WRITES, status=500, when="after"),
    "cut after the effect": each(WRITES, cut=True, when="after"),
}
PASSING = [kind for kind in KINDS if kind != "lasting"]


@pytest.fixture(scope="module")
def cases(airflow: Airflow, cloud: LocalCloud, new_pair: NewPair) -> dict[str, Case]:
    """Runs under all kinds of faults, side by side."""
    found = {}
    for kind, faults in KINDS.items():
        pair = new_pair()
        ids = {action: cloud.fault(account=caller(pair, action), **fault) for action, fault in faults.items()}
        found[kind] = Case(pair, airflow.start(pair.conf()), ids)
    return found


def caller(pair: Pair, action: str) -> str:
    """The account whose call of an API is hit."""
    return (pair.destination if action in AT_THE_DESTINATION else pair.source).uid


def test_airflow_retries_what_outlasts_the_client(cases: dict[str, Case], cloud: LocalCloud) -> None:
    case = cases["lasting"]
    waiting = case.run.until("grant_source", {"up_for_retry"})
    case.run.succeed()

    assert waiting.try_number == 1
    assert case.run.tries()["grant_source"] == 2
    assert cloud.hits(case.faults["AttachPolicyToRole"]) == BEYOND_THE_CLIENT


@pytest.mark.parametrize("kind", PASSING)
def test_the_client_outlasts_passing_faults(cases: dict[str, Case], cloud: LocalCloud, kind: str) -> None:
    case = cases[kind]
    report = case.run.succeed().report()

    assert {action: cloud.hits(fault) for action, fault in case.faults.items()} == dict.fromkeys(case.faults, 1)
    assert set(case.run.tries().values()) == {1}
    assert (report["state"], report["objects"]) == ("complete", OBJECTS)


@pytest.mark.parametrize("kind", PASSING)
def test_nothing_is_there_twice(cases: dict[str, Case], cloud: LocalCloud, kind: str) -> None:
    case = cases[kind]
    case.run.succeed()
    account = cloud.state()["accounts"][case.pair.source.uid]

    assert len(account["roles"]) == 1
    assert len(cloud.bucket(case.pair.source)["rules"]) == 1
    assert len(cloud.bucket(case.pair.destination)["policy"]["Statement"]) == 1
