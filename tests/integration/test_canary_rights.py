"""The policies for test objects are enough for every canary, and each right in them is needed by one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from localcloud.server import LocalCloudServer
from oss_crr.verification.canary_cleanup import clean_all
from oss_crr.verification.canary_keys import nest
from oss_crr.verification.canary_run import Flight
from tests.integration.canaries import Sky, kinds
from tests.integration.world import caller_policy, world_config

#: Whether the buckets are versioned where a right is needed.
NEEDED = {
    "source": {
        "oss:GetBucketWorm": False,
        "oss:PutObject": False,
        "oss:DeleteObject": False,
        "oss:ListObjectVersions": True,
        "oss:DeleteObjectVersion": True,
    },
    "destination": {"oss:DeleteObject": False, "oss:ListObjectVersions": True, "oss:DeleteObjectVersion": True},
}
CASES = [(side, action, versioned) for side, actions in NEEDED.items() for action, versioned in actions.items()]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    """Return one cloud for all tests; each begins anew in it."""
    with LocalCloudServer(world_config(objects=1)) as server:
        yield server


@pytest.fixture
def make_sky(server: LocalCloudServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], Sky]:
    """Return a function that sets up a pair in a fresh cloud."""
    server.runtime.reset()
    return lambda versioned: Sky(server, monkeypatch, versioned=versioned)


def take_away(sky: Sky, side: str, action: str) -> None:
    """Take one of the rights for test objects from the user of a side."""
    policy = caller_policy(side, "-canary")
    for statement in policy["Statement"]:
        statement["Action"] = [item for item in statement["Action"] if item != action]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Action"]]
    account = getattr(sky.world.root, side)(sky.world.pair())
    account.ram.create_policy_version(f"{side}-user-2", json.dumps(policy))


def troubles(sky: Sky, flight: Flight) -> list[str]:
    """Return what a flight and the removal afterwards could not do."""
    (cleaned,) = clean_all(sky.world.accounts, [(sky.target, nest(sky.entry, "this Airflow"))])
    return [*(finding.cause for finding in flight.findings), *map(str, cleaned.errors)]


@pytest.mark.parametrize("side", ["source", "destination"])
def test_every_documented_right_has_a_case(side: str) -> None:
    documented = [action for statement in caller_policy(side, "-canary")["Statement"] for action in statement["Action"]]
    assert sorted(documented) == sorted(NEEDED[side])


@pytest.mark.parametrize("versioned", [False, True])
def test_documented_rights_are_enough(make_sky: Callable[[bool], Sky], versioned: bool) -> None:
    sky = make_sky(versioned)
    assert troubles(sky, sky.fly()) == []


@pytest.mark.parametrize(("side", "action", "versioned"), CASES, ids=[f"{side}-{action}" for side, action, _ in CASES])
def test_missing_right_is_named_and_the_pair_is_unknown(
    make_sky: Callable[[bool], Sky], side: str, action: str, versioned: bool
) -> None:
    sky = make_sky(versioned)
    take_away(sky, side, action)
    flight = sky.fly()
    assert any(action in trouble for trouble in troubles(sky, flight)), troubles(sky, flight)
    assert {severity for _, severity in kinds(flight)} <= {"unknown"}


def test_without_any_of_the_rights_nothing_is_written(make_sky: Callable[[bool], Sky]) -> None:
    sky = make_sky(False)
    for side, actions in NEEDED.items():
        account = getattr(sky.world.root, side)(sky.world.pair())
        nothing = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:GetBucketAcl", "Resource": "*"}]}
        account.ram.create_policy_version(f"{side}-user-2", json.dumps(nothing))
        assert actions
    assert kinds(sky.fly()) == [("refused", "unknown")]
    assert not any(sky.left().values())


def test_rights_reach_no_other_objects(make_sky: Callable[[bool], Sky]) -> None:
    """Not even the user that may write test objects can touch what the buckets are for."""
    sky = make_sky(False)
    oss = sky.world.accounts.source(sky.entry.pair).oss(sky.entry.pair.source_region)
    for key in ("data", "oss-crr-canary", "my-oss-crr-canary/data"):
        with pytest.raises(Exception, match="may not call oss:PutObject"):
            oss.put_object(sky.entry.pair.source_bucket, key, b"x")
