"""OSS answers a bare 403 to the rule: the run finds out why, or waits a bounded while for rights to have effect."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from oss_crr.pair import ResolvedPair
from oss_crr.resources.registry import RESOURCES
from oss_crr.resources.rule import ReplicationRule
from tests.integration.world import DESTINATION_UID, KEY_ARN, SOURCE_UID, World, kms_config

GIVEN = {"replicate_kms_objects": True, "kms_key_arn": KEY_ARN}
GRANTS = ("role", "source_grant", "destination_grant", "kms_key", "kms_key_grant", "kms_role_grant")
#: Long, so that the test's own duration makes no difference.
PAUSES = (100.0, 200.0, 400.0)


@pytest.fixture
def world(make_world: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world whose service looks at the key when a rule is put, and in which waiting moves the clock only."""
    made: World = make_world(kms_config())
    made.server.cloud.behaviour.replication_checks_kms_key = True
    made.server.cloud.behaviour.clock_skew_seconds = 1_000_000
    rule = ReplicationRule(probe_pauses=PAUSES, sleep=made.server.cloud.clock.advance)
    monkeypatch.setitem(RESOURCES, "rule", rule)
    return made


def granted(world: World) -> ResolvedPair:
    """Grant everything that the rule needs, by the product."""
    pair = world.preflight(**GIVEN).resolved
    assert pair is not None
    for resource in GRANTS:
        assert world.converge(resource, pair).ok
    return pair


def puts(world: World) -> int:
    """Return how often the rule was put since the last reset."""
    return sum(call["count"] for call in world.calls()["calls"] if call["action"] == "PutBucketReplication")


# --- each cause ------------------------------------------------------------------------------------------------------


def key_disabled(world: World, pair: ResolvedPair) -> None:
    world.server.cloud.accounts[DESTINATION_UID].kms.keys["key-given"].state = "Disabled"


def key_policy_without_the_role(world: World, pair: ResolvedPair) -> None:
    kms = world.root.destination(pair.pair).kms("cn-beijing")
    document = json.loads(kms.get_key_policy("key-given"))
    kms.set_key_policy("key-given", json.dumps({**document, "Statement": document["Statement"][:1]}))


def key_policy_narrowed(world: World, pair: ResolvedPair) -> None:
    kms = world.root.destination(pair.pair).kms("cn-beijing")
    kms.set_key_policy("key-given", kms.get_key_policy("key-given").replace('"kms:Decrypt",', ""))


def no_right_to_use_the_key(world: World, pair: ResolvedPair) -> None:
    world.root.source(pair.pair).ram.detach_policy(pair.pair.role, f"{pair.pair.role}-kms", "Custom")


def right_to_another_key(world: World, pair: ResolvedPair) -> None:
    ram = world.root.source(pair.pair).ram
    policy = ram.get_policy(f"{pair.pair.role}-kms", "Custom")
    assert policy is not None
    ram.create_policy_version(policy.name, policy.document.replace("key-given", "key-another"))


def trust_in_another_service(world: World, pair: ResolvedPair) -> None:
    cloud = world.server.cloud
    role = cloud.accounts[SOURCE_UID].ram.roles[pair.pair.role]
    role.trust_policy.set(role.trust_policy.current.replace("oss.aliyuncs", "ecs.aliyuncs"), cloud.clock.now(), 0.0)


def key_policy_that_denies(world: World, pair: ResolvedPair) -> None:
    kms = world.root.destination(pair.pair).kms("cn-beijing")
    document = json.loads(kms.get_key_policy("key-given"))
    denial = {**document["Statement"][1], "Effect": "Deny", "Action": ["kms:GenerateDataKey"]}
    kms.set_key_policy("key-given", json.dumps({**document, "Statement": [*document["Statement"], denial]}))


CAUSES = [
    (key_disabled, "key `key-given` is Disabled"),
    (key_policy_without_the_role, "the policy of key `{key}` does not let role `{role}` use it"),
    (key_policy_narrowed, "the policy of key `{key}` does not let role `{role}` use it"),
    (key_policy_that_denies, "key policy of `{key}` denies kms:GenerateDataKey to the role"),
    (no_right_to_use_the_key, "policy `{role}-kms` is not attached to role `{role}`"),
    (right_to_another_key, "policy `{role}-kms` does not let the role use key `{key}`"),
    (trust_in_another_service, "its trust policy does not let oss.aliyuncs.com assume it"),
]


@pytest.mark.parametrize(("sabotage", "cause"), CAUSES, ids=[sabotage.__name__ for sabotage, _ in CAUSES])
def test_cause_is_named_at_once(world: World, sabotage: Callable[..., None], cause: str) -> None:
    pair = granted(world)
    sabotage(world, pair)
    world.reset_calls()
    error = world.converge("rule", pair).error
    assert error is not None
    assert error["type"] == "PermissionDenied"
    assert cause.format(role=pair.pair.role, key=KEY_ARN) in error["message"]
    assert puts(world) == 1


def test_all_causes_are_named_together(world: World) -> None:
    pair = granted(world)
    for sabotage, _ in CAUSES[:2]:
        sabotage(world, pair)
    world.root.destination(pair.pair).oss("cn-beijing").delete_bucket_policy(pair.pair.destination_bucket)
    error = world.converge("rule", pair).error
    assert error is not None
    for part in ("key `key-given` is Disabled", "the policy of key", "bucket policy of `crr-destination`"):
        assert part in error["message"]


# --- rights that are on their way ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("delay", "tries"), [(0, 1), (90, 2), (290, 3), (690, 4)])
def test_rights_that_take_a_while_are_waited_for(world: World, delay: int, tries: int) -> None:
    world.server.cloud.behaviour.policy_propagation_seconds = delay
    pair = granted(world)
    world.reset_calls()
    outcome = world.converge("rule", pair)
    assert (outcome.error, outcome.result) == (None, "created")
    assert puts(world) == tries


def test_waiting_is_bounded_and_worth_a_retry_of_the_task(world: World) -> None:
    behaviour = world.server.cloud.behaviour
    behaviour.policy_propagation_seconds = 5000
    pair = granted(world)
    world.reset_calls()
    outcome = world.converge("rule", pair)
    assert outcome.error is not None
    assert (outcome.error["type"], outcome.retryable) == ("NotYetEffective", True)
    assert "the rights are not effective yet" in outcome.error["message"]
    assert puts(world) == len(PAUSES) + 1
    world.server.cloud.clock.advance(5000)
    assert world.converge("rule", pair).result == "created"


def test_missing_right_of_the_caller_is_not_waited_for(make_world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    config = kms_config()
    (statement,) = [
        item
        for item in config["accounts"][0]["users"][0]["policies"][0]["Statement"]
        if "oss:PutBucketReplication" in item["Action"]
    ]
    statement["Action"].remove("oss:PutBucketReplication")
    world: World = make_world(config)
    pair = granted(world)
    world.reset_calls()
    error = world.converge("rule", pair).error
    assert error is not None
    assert error["type"] == "PermissionDenied"
    assert "oss:PutBucketReplication" in error["message"]
    assert puts(world) == 1
