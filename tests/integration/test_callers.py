"""The policies for the callers' RAM users are enough for every kind of run, and each right in them is needed by one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import oss2
import pytest

from localcloud.server import LocalCloudServer
from oss_crr.errors import OssCrrError
from oss_crr.fleet.quota_reading import read_quota_facts, resolve_accounts
from oss_crr.outcome import Outcome
from oss_crr.pair import BucketPair
from oss_crr.verification.drift import find_drift
from oss_crr.verification.repair import repair
from tests.integration.teardown import tear_down
from tests.integration.world import INSTANCE, PAIR, World, caller_policy, kms_config

Messages = list[str]
SOURCE, DESTINATION = PAIR["source_bucket"], PAIR["destination_bucket"]
OVERSEAS = "crr-overseas"
TRUST_ANYBODY = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"Service": ["oss.aliyuncs.com", "ecs.aliyuncs.com"]},
}
KMS_HEADERS = {"x-oss-server-side-encryption": "KMS", "x-oss-server-side-encryption-key-id": "key-source"}


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    """Return one cloud for all tests; each begins anew in it."""
    config = kms_config(objects=2)
    config["accounts"][0]["buckets"].append({"name": "crr-source-2", "region": "cn-hangzhou"})
    config["accounts"][1]["buckets"].append({"name": "crr-destination-2", "region": "cn-beijing"})
    config["accounts"][1]["buckets"].append({"name": OVERSEAS, "region": "ap-southeast-1"})
    with LocalCloudServer(config) as server:
        yield server


@pytest.fixture
def world(server: LocalCloudServer) -> World:
    """Return a fresh world in which replication runs when it is told to."""
    server.runtime.reset()
    world = World(server)
    world.take_over()
    return world


def take_away(world: World, side: str, action: str) -> None:
    """Take one right from the user of a side."""
    policy = caller_policy(side)
    for statement in policy["Statement"]:
        statement["Action"] = [item for item in statement["Action"] if item != action]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Action"]]
    account = getattr(world.root, side)(world.pair())
    account.ram.create_policy_version(f"{side}-user-1", json.dumps(policy))


def messages(outcomes: dict[str, Outcome]) -> Messages:
    """Return why steps failed, and what preflight could not check."""
    checks = outcomes["preflight"].details["checks"]
    errors = [outcome.error["message"] for outcome in outcomes.values() if outcome.error]
    return [*errors, *(check["found"] for check in checks if check["found"].startswith("not checked"))]


# --- the kinds of runs -----------------------------------------------------------------------------------------------


def setup(world: World) -> Messages:
    return messages(world.set_up())


def with_deletes(world: World) -> Messages:
    return messages(world.set_up(replication_policy="add_delete_change"))


def shared_role(world: World) -> Messages:
    second = {"source_bucket": "crr-source-2", "destination_bucket": "crr-destination-2"}
    first = world.set_up(role_name="oss-crr-shared")
    return messages(first) + messages(world.set_up(role_name="oss-crr-shared", **second))


def rtc_later(world: World) -> Messages:
    return messages(world.set_up()) + messages(world.set_up(rtc=True))


def replaced(world: World) -> Messages:
    """Set up, then ask for another rule: the first write is the deletion."""
    first = messages(world.set_up())
    found = world.preflight(prefixes=["a/"], on_rule_mismatch="replace")
    assert found.resolved is not None
    error = world.converge("rule", found.resolved, found).error
    assert error is not None
    return first if error["type"] == "RuleClosing" else [*first, error["message"]]


def waited(world: World) -> Messages:
    outcomes = world.set_up()
    world.replicate()
    progress = world.wait(outcomes, seconds=0)
    return messages(outcomes) + ([progress.error["message"]] if progress.error else [])


def verified(world: World) -> Messages:
    """Verify with an object that is not replicated, and one whose ETag differs: both need a closer look."""
    world.bucket().put_object("secret", b"data", headers=KMS_HEADERS)
    outcomes = world.set_up()
    world.replicate()
    destination = world.bucket(DESTINATION)
    key = next(iter(world.object_keys()))
    upload = destination.init_multipart_upload(key).upload_id
    content = destination.get_object(key).read()
    part = destination.upload_part(key, upload, 1, content)
    parts = [oss2.models.PartInfo(1, part.etag, size=len(content), part_crc=part.crc)]
    destination.complete_multipart_upload(key, upload, parts)
    try:
        world.verify(outcomes)
    except OssCrrError as error:
        return [*messages(outcomes), str(error)]
    return messages(outcomes)


def repaired(world: World) -> Messages:
    """Set up, widen the role behind the product's back, and have that repaired."""
    set_up = messages(world.set_up())
    pair = world.pair()
    ram = world.root.source(pair).ram
    ram.update_role_trust(pair.role, json.dumps({"Version": "1", "Statement": [TRUST_ANYBODY]}))
    ram.attach_policy(pair.role, "AliyunOSSFullAccess", "System")
    return [*set_up, *repair_messages(world, pair)]


def accelerated_again(world: World) -> Messages:
    """Set up a pair that needs transfer acceleration, and switch that off by force."""
    fields = {"destination_bucket": OVERSEAS, "destination_region": "ap-southeast-1"}
    set_up = messages(world.set_up(**fields))
    world.server.cloud.buckets[OVERSEAS].acceleration = False
    return [*set_up, *repair_messages(world, world.pair(**fields))]


def repair_messages(world: World, pair: BucketPair) -> Messages:
    """Repair a pair, and return why that failed."""
    outcomes = repair(world.accounts, find_drift(world.accounts, [pair]), remove_extra=True)
    return [step["error"]["message"] for outcome in outcomes for step in outcome.details["steps"] if step["error"]]


def counted(world: World) -> Messages:
    """Count a fleet with more roles than an account may have; only its names are asked for."""
    names = [f"crr-{number:04}" for number in range(1001)]
    pairs = [world.pair(label=name, source_bucket=name, destination_bucket=f"{name}-copy") for name in names]
    return list(read_quota_facts(world.accounts, resolve_accounts(world.accounts, pairs)).notes)


def torn_down(world: World) -> Messages:
    """Set up, and take everything back again."""
    return messages(world.set_up()) + tear_down(world, world.pair()).errors()


def shared_role_torn_down(world: World) -> Messages:
    """Take back one of two pairs that share a role and its policies, which somebody edited: RAM keeps old versions."""
    second = {"source_bucket": "crr-source-2", "destination_bucket": "crr-destination-2"}
    set_up = shared_role(world)
    torn = tear_down(world, world.pair(role_name="oss-crr-shared"))
    return set_up + torn.errors() + tear_down(world, world.pair(role_name="oss-crr-shared", **second)).errors()


def accelerated_torn_down(world: World) -> Messages:
    fields = {"destination_bucket": OVERSEAS, "destination_region": "ap-southeast-1"}
    return messages(world.set_up(**fields)) + tear_down(world, world.pair(**fields)).errors()


def new_key(world: World) -> Messages:
    return messages(world.set_up(replicate_kms_objects=True, kms_instance_id=INSTANCE))


def caller_is_checked(world: World) -> Messages:
    """The vendor's page lists a right without saying whose: a service that asks the caller for it is possible."""
    world.server.cloud.behaviour.caller_needs_replicate_get = True
    return messages(world.set_up())


Run = Callable[[World], Messages]
RUNS: tuple[Run, ...] = (
    setup,
    with_deletes,
    shared_role,
    rtc_later,
    replaced,
    waited,
    verified,
    new_key,
    repaired,
    accelerated_again,
    counted,
    torn_down,
    shared_role_torn_down,
    accelerated_torn_down,
    caller_is_checked,
)
#: A run that needs the right, for every right.
NEEDED: dict[str, dict[str, Run]] = {
    "source": {
        "ram:CreateRole": setup,
        "ram:CreatePolicy": setup,
        "ram:ListRoles": counted,
        "ram:ListPolicies": counted,
        "ram:GetRole": setup,
        "ram:GetPolicy": setup,
        "ram:UpdateRole": repaired,
        "ram:DetachPolicyFromRole": repaired,
        "ram:CreatePolicyVersion": shared_role,
        "ram:ListPolicyVersions": shared_role_torn_down,
        "ram:DeletePolicyVersion": shared_role_torn_down,
        "ram:DeletePolicy": torn_down,
        "ram:DeleteRole": torn_down,
        "ram:ListPoliciesForRole": setup,
        "ram:AttachPolicyToRole": setup,
        "ram:GetAccountSummary": setup,
        "oss:ListBuckets": shared_role_torn_down,
        "oss:GetBucketInfo": setup,
        "oss:GetBucketPolicy": setup,
        "oss:GetBucketLifecycle": with_deletes,
        "oss:GetBucketReplication": setup,
        "oss:GetBucketReplicationLocation": setup,
        "oss:GetBucketReplicationProgress": waited,
        "oss:PutBucketReplication": setup,
        "oss:DeleteBucketReplication": replaced,
        "oss:PutBucketRtc": rtc_later,
        "oss:ReplicateGet": caller_is_checked,
        "oss:ListObjects": verified,
        "oss:GetObject": verified,
    },
    "destination": {
        "oss:GetBucketInfo": setup,
        "oss:GetBucketPolicy": setup,
        "oss:GetBucketReplication": setup,
        "oss:GetBucketWorm": setup,
        "oss:PutBucketPolicy": setup,
        "oss:DeleteBucketPolicy": torn_down,
        "oss:PutBucketTransferAcceleration": accelerated_again,
        "oss:ListObjects": verified,
        "oss:GetObject": verified,
        "kms:GetKmsInstance": new_key,
        "kms:DescribeKey": new_key,
        "kms:CreateKey": new_key,
        "kms:CreateAlias": new_key,
        "kms:GetKeyPolicy": new_key,
        "kms:SetKeyPolicy": new_key,
    },
}
CASES = [(side, action, run) for side, actions in NEEDED.items() for action, run in actions.items()]


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.__name__)
def test_documented_rights_are_enough(world: World, run: Run) -> None:
    assert run(world) == []


@pytest.mark.parametrize("side", ["source", "destination"])
def test_every_documented_right_has_a_run_that_needs_it(side: str) -> None:
    documented = [action for statement in caller_policy(side)["Statement"] for action in statement["Action"]]
    assert sorted(documented) == sorted(NEEDED[side])


@pytest.mark.parametrize(("side", "action", "run"), CASES, ids=[f"{side}-{action}" for side, action, _ in CASES])
def test_missing_right_is_named_and_a_run_with_it_finishes_the_work(
    world: World, side: str, action: str, run: Run
) -> None:
    take_away(world, side, action)
    found = run(world)
    assert any(action in message for message in found), f"{action} is not named in {found}"
    fields: dict[str, Any] = {"replicate_kms_objects": True, "kms_instance_id": INSTANCE} if run is new_key else {}
    if run in (setup, caller_is_checked, new_key):
        finished = World(world.server, "root").set_up(**fields)
        assert [outcome.error for outcome in finished.values()] == [None] * len(finished)
