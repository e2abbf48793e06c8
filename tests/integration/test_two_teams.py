"""Accounts of two teams: each runs its own side, and hands over what the other one has to do."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from oss_crr.errors import InputError
from oss_crr.handover import document, mirror_conf
from oss_crr.outcome import Outcome
from oss_crr.pair import ResolvedPair
from oss_crr.resources.registry import RESOURCES
from oss_crr.resources.rule import ReplicationRule
from tests.integration.world import (
    DESTINATION_UID,
    INSTANCE,
    KEY_ARN,
    PAIR,
    SOURCE_UID,
    World,
    kms_config,
)

DESTINATION = PAIR["destination_bucket"]
SOURCE_ONLY = {"destination_conn_id": None, "destination_uid": DESTINATION_UID}
GIVEN = {"replicate_kms_objects": True, "kms_key_arn": KEY_ARN}
KMS_HEADERS = {"x-oss-server-side-encryption": "KMS", "x-oss-server-side-encryption-key-id": "key-source"}


@pytest.fixture
def world(make_world: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world with KMS, in which nobody waits for rights to have effect."""
    monkeypatch.setitem(RESOURCES, "rule", ReplicationRule(probe_pauses=()))
    made: World = make_world(kms_config(objects=3))
    made.take_over()
    return made


def callers(world: World) -> set[str]:
    """Return the accounts that called since the last reset."""
    return {call["account"] for call in world.calls()["calls"]}


def resolved(world: World, **fields: Any) -> ResolvedPair:
    found = world.preflight(**SOURCE_ONLY, **fields).resolved
    assert found is not None
    return found


def json_blocks(text: str) -> list[Any]:
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)]


def bucket_policy(world: World) -> Any:
    return world.state()["buckets"][DESTINATION]["policy"]


def assert_ok(outcomes: dict[str, Outcome]) -> None:
    assert [outcome.error for outcome in outcomes.values()] == [None] * len(outcomes)


# --- the source's owner ----------------------------------------------------------------------------------------------


def test_preflight_of_the_source_alone_reads_nothing_of_the_destination(world: World) -> None:
    world.reset_calls()
    found = world.preflight(**SOURCE_ONLY)
    assert found.outcome("preflight").ok
    assert callers(world) == {SOURCE_UID}
    assert world.calls()["writes"] == 0
    assert set(found.plans) == {"role", "source_grant", "rule"}
    (warning,) = [check for check in found.checks if check.status == "warning"]
    assert warning.name == "destination identity"
    assert "the destination's owner takes care of that account" in warning.found
    # What was not read is not said to be in order.
    read_there = {"destination denials", "destination rule slots", "destination retention", "destination owner"}
    assert not read_there & {check.name for check in found.checks}


def test_source_alone_makes_its_side_and_is_told_what_may_be_missing(world: World) -> None:
    world.reset_calls()
    outcomes = world.set_up(**SOURCE_ONLY)
    assert {step: outcome.result for step, outcome in outcomes.items()} == {
        "preflight": "passed",
        "create_role": "created",
        "grant_source": "created",
        "create_rule": "failed",
    }
    assert callers(world) == {SOURCE_UID}
    error = outcomes["create_rule"].error
    assert error is not None
    assert f"account {DESTINATION_UID} has not granted what it has to" in error["message"]
    assert f"policy of bucket `{DESTINATION}`" in error["message"]
    assert "hand_over" in error["message"]
    assert bucket_policy(world) is None


@pytest.mark.parametrize("policy", ["add_change", "add_delete_change"])
def test_document_holds_exactly_the_statement_the_commands_and_the_configuration(world: World, policy: str) -> None:
    pair = resolved(world, replication_policy=policy)
    text = document([pair])
    statement, conf = json_blocks(text)
    deletes = ["oss:ReplicateDelete"] if policy == "add_delete_change" else []
    assert statement == {
        "Effect": "Allow",
        "Action": ["oss:ReplicateList", "oss:ReplicateGet", "oss:ReplicatePut", *deletes],
        "Principal": [f"arn:sts::{SOURCE_UID}:assumed-role/{pair.pair.role}/*"],
        "Resource": [f"acs:oss:*:{DESTINATION_UID}:{DESTINATION}", f"acs:oss:*:{DESTINATION_UID}:{DESTINATION}/*"],
    }
    assert conf == mirror_conf(pair)
    assert f"put-bucket-policy --bucket {DESTINATION} --region cn-beijing" in text
    assert "SetKeyPolicy" not in text


def test_document_with_kms_holds_the_keys_statement(world: World) -> None:
    pair = resolved(world, **GIVEN)
    text = document([pair])
    _, statement, conf = json_blocks(text)
    assert statement == {
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Principal": {"RAM": [f"acs:ram::{SOURCE_UID}:role/{pair.pair.role}"]},
        "Resource": ["*"],
    }
    assert (conf["replicate_kms_objects"], conf["kms_key_arn"]) == (True, KEY_ARN)
    assert "aliyun kms SetKeyPolicy --region cn-beijing --KeyId key-given --PolicyName default" in text


def test_key_cannot_be_made_in_an_account_without_connection() -> None:
    with pytest.raises(InputError, match="kms_instance_id: needs destination_conn_id"):
        World.pair(**SOURCE_ONLY, replicate_kms_objects=True, kms_instance_id=INSTANCE)


# --- both, one after the other ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields", [{}, {"replication_policy": "add_delete_change"}, GIVEN], ids=["-", "deletes", "kms"]
)
@pytest.mark.parametrize("role", ["", "oss-crr-Theirs"])
def test_run_with_the_mirror_configuration_grants_exactly_what_was_asked_for(
    world: World, fields: dict[str, Any], role: str
) -> None:
    """The source's owner runs, hands over; the destination's owner runs; the source's owner goes on."""
    fields = {**fields, "role_name": role}
    first = world.set_up(**SOURCE_ONLY, **fields)
    assert [step for step, outcome in first.items() if not outcome.ok] == ["create_rule"]
    handed_over = json_blocks(document([resolved(world, **fields)]))
    statements, conf = handed_over[:-1], handed_over[-1]

    world.reset_calls()
    second = world.set_up(**conf)
    assert_ok(second)
    assert callers(world) == {DESTINATION_UID}
    kms_steps = ["prepare_kms_key", "grant_kms_key"] if "kms_key_arn" in fields else []
    assert list(second) == ["preflight", "grant_destination", *kms_steps]
    assert bucket_policy(world) == {"Version": "1", "Statement": [statements[0]]}
    if kms_steps:
        kms = world.root.destination(world.pair()).kms("cn-beijing")
        assert json.loads(kms.get_key_policy("key-given"))["Statement"][1:] == [statements[1]]

    third = world.set_up(**SOURCE_ONLY, **fields)
    assert_ok(third)
    assert third["create_rule"].result == "created"
    world.bucket().put_object("secret", b"data", headers=KMS_HEADERS)
    world.replicate()
    assert len(world.object_keys()) == (4 if kms_steps else 3)


@pytest.mark.parametrize("owner", ["source", "destination"])
def test_second_run_of_either_owner_writes_nothing(world: World, owner: str) -> None:
    world.set_up(**SOURCE_ONLY)
    conf = mirror_conf(resolved(world))
    world.set_up(**conf)
    world.set_up(**SOURCE_ONLY)
    world.reset_calls()
    outcomes = world.set_up(**(SOURCE_ONLY if owner == "source" else conf))
    assert_ok(outcomes)
    assert world.calls()["writes"] == 0


def test_versioned_buckets_let_delete_markers_travel(world: World) -> None:
    for name in (PAIR["source_bucket"], DESTINATION):
        world.server.cloud.buckets[name].versioning = "Enabled"
    pair = resolved(world)
    (statement, _) = json_blocks(document([pair]))
    assert "oss:ReplicateDelete" in statement["Action"]
    assert_ok(world.set_up(**mirror_conf(pair)))
    assert bucket_policy(world)["Statement"] == [statement]


# --- the destination's owner -----------------------------------------------------------------------------------------


def test_destination_alone_is_checked_like_any_other(world: World) -> None:
    conf = {"source_conn_id": None, "source_uid": SOURCE_UID, "role_name": "their-role"}
    found = world.preflight(**conf)
    assert found.outcome("preflight").ok
    assert set(found.plans) == {"destination_grant"}
    names = {check.name for check in found.checks}
    assert {"destination denials", "destination retention", "bucket policy size"} <= names
    assert not {"source denials", "source rule slots", "ram quotas"} & names
    blocked = world.preflight(**conf, destination_region="cn-shenzhen").outcome("preflight")
    assert not blocked.ok


# --- the guard -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [{}, SOURCE_ONLY], ids=["both connections", "source alone"])
@pytest.mark.parametrize(("allowed", "ok"), [(DESTINATION_UID, True), ("3333333333333333", False)])
def test_data_leaves_only_for_accounts_that_the_connection_allows(
    world: World, fields: dict[str, Any], allowed: str, ok: bool
) -> None:
    guarded = World(world.server, settings={"oss_source": {"allowed_destination_uids": frozenset({allowed})}})
    outcome = guarded.preflight(**fields).outcome("preflight")
    assert outcome.ok is ok
    (check,) = [check for check in outcome.details["checks"] if check["name"] == "allowed destination"]
    assert check["status"] == ("ok" if ok else "blocks")
    assert ("allowed_destination_uids" in check["action"]) is not ok
