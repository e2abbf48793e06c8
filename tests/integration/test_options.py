"""Each field of a pair has its effect on the local cloud, and wrong values are refused before any call."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import oss2
import pytest

from oss_crr.errors import InputError
from oss_crr.outcome import Outcome
from oss_crr.pair import BucketPair
from oss_crr.resources.source_grant import SourceGrant
from tests.integration.world import (
    DESTINATION_UID,
    INSTANCE,
    KEY_ARN,
    PAIR,
    SOURCE_KEY_ARN,
    SOURCE_UID,
    World,
    kms_config,
    world_config,
)

SOURCE, DESTINATION = PAIR["source_bucket"], PAIR["destination_bucket"]
#: The local cloud's name of the policy that the source's user has.
#: Two documents are pasted for the source's user: what every run needs, and what test objects need.
CALLERS_POLICIES = ["source-user-1", "source-user-2"]
KMS_HEADERS = {"x-oss-server-side-encryption": "KMS", "x-oss-server-side-encryption-key-id": "key-source"}


@pytest.fixture
def world(make_world: Any) -> World:
    """Return two empty buckets, and a key on each side; replication runs when it is told to."""
    made: World = make_world(kms_config())
    made.take_over()
    return made


def set_up(world: World, **options: Any) -> dict[str, Outcome]:
    """Set the pair up and assert that every step went well."""
    outcomes = world.set_up(**options)
    errors = {step: outcome.error for step, outcome in outcomes.items() if outcome.error}
    assert errors == {}
    assert "create_rule" in outcomes
    return outcomes


def rule_of(world: World) -> Any:
    """Return the one rule of the source bucket as the local cloud keeps it."""
    (rule,) = world.server.cloud.buckets[SOURCE].rules.values()
    return rule


def role_policies(world: World, role: str) -> list[str]:
    """Return what is attached to the role, as ``type:name``."""
    found: list[str] = world.state()["accounts"][SOURCE_UID]["roles"][role]["policies"]
    return found


def write(world: World, *keys: str, **headers: str) -> None:
    for key in keys:
        world.bucket().put_object(key, b"data", headers=headers)


def versioned(world: World) -> None:
    for name in (SOURCE, DESTINATION):
        world.bucket(name).put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))


# --- what is copied --------------------------------------------------------------------------------------------------


def test_prefixes(world: World) -> None:
    write(world, "logs/old", "img/old", "other/old")
    set_up(world, prefixes=["logs/", "img/"])
    write(world, "logs/new", "img/new", "other/new", "log")
    world.replicate()
    assert world.object_keys() == {"logs/old", "img/old", "logs/new", "img/new"}


def test_ten_prefixes(world: World) -> None:
    prefixes = [f"part-{number}/" for number in range(10)]
    set_up(world, prefixes=prefixes)
    write(world, *(f"{prefix}x" for prefix in prefixes), "part-10/x")
    world.replicate()
    assert world.object_keys() == {f"{prefix}x" for prefix in prefixes}


def test_no_prefixes_means_the_whole_bucket(world: World) -> None:
    write(world, "a", "b/c")
    set_up(world)
    world.replicate()
    assert world.object_keys() == {"a", "b/c"}


@pytest.mark.parametrize(("history", "arrived"), [(True, {"old", "new"}), (False, {"new"})])
def test_replicate_historical_data(world: World, history: bool, arrived: set[str]) -> None:
    write(world, "old")
    set_up(world, replicate_historical_data=history)
    write(world, "new")
    world.replicate()
    assert world.object_keys() == arrived


@pytest.mark.parametrize(("policy", "left"), [("add_change", {"x"}), ("add_delete_change", set())])
def test_replication_policy_of_plain_buckets(world: World, policy: str, left: set[str]) -> None:
    write(world, "x")
    set_up(world, replication_policy=policy)
    world.replicate()
    assert world.object_keys() == {"x"}
    world.bucket().delete_object("x")
    world.replicate()
    assert world.object_keys() == left


@pytest.mark.parametrize("policy", ["add_change", "add_delete_change"])
def test_delete_markers_travel_under_both_policies(world: World, policy: str) -> None:
    versioned(world)
    write(world, "x")
    set_up(world, replication_policy=policy)
    world.replicate()
    world.bucket().delete_object("x")
    world.replicate()
    assert world.object_keys() == set()
    assert len(world.bucket(DESTINATION).list_object_versions().versions) == 1


@pytest.mark.parametrize(("policy", "versions"), [("add_change", 2), ("add_delete_change", 1)])
def test_replication_policy_decides_about_deleted_versions(world: World, policy: str, versions: int) -> None:
    versioned(world)
    first = world.bucket().put_object("x", b"1").versionid
    write(world, "x")
    set_up(world, replication_policy=policy)
    world.replicate()
    world.bucket().delete_object("x", params={"versionId": first})
    world.replicate()
    assert len(world.bucket(DESTINATION).list_object_versions().versions) == versions


# --- the role --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "given-role", "Role.With-Capitals"])
def test_role_name(world: World, name: str) -> None:
    # The documented rights of the caller cover derived names; for others the README tells to add them.
    rooted = World(world.server, "root")
    set_up(rooted, role_name=name)
    found = rooted.preflight(role_name=name)
    assert found.resolved is not None
    role = name or world.pair().role
    assert rule_of(world).sync_role == role
    assert role_policies(world, role) == [f"Custom:{SourceGrant().policy_name(found.resolved)}"]
    (statement,) = world.state()["buckets"][DESTINATION]["policy"]["Statement"]
    assert statement["Principal"] == [f"arn:sts::{SOURCE_UID}:assumed-role/{role.lower()}/*"]
    write(world, "x")
    world.replicate()
    assert world.object_keys() == {"x"}


def test_role_that_exists_is_adopted_with_its_trust_policy_untouched(world: World) -> None:
    rooted = World(world.server, "root")
    trust = (
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        '"Principal":{"Service":["oss.aliyuncs.com","ecs.aliyuncs.com"]}}]}'
    )
    rooted.accounts.source(world.pair()).ram.create_role("theirs", trust, "somebody else's")
    outcomes = set_up(rooted, role_name="theirs")
    assert outcomes["create_role"].result == "adopted"
    assert world.server.cloud.accounts[SOURCE_UID].ram.roles["theirs"].trust_policy.current == trust
    write(world, "x")
    world.replicate()
    assert world.object_keys() == {"x"}


def test_role_shared_by_two_pairs_has_one_policy_for_both_buckets(make_world: Any) -> None:
    config = kms_config()
    config["accounts"][0]["buckets"].append({"name": "crr-source-2", "region": "cn-hangzhou"})
    config["accounts"][1]["buckets"].append({"name": "crr-destination-2", "region": "cn-beijing"})
    world: World = make_world(config, "root")
    world.take_over()
    second = {"source_bucket": "crr-source-2", "destination_bucket": "crr-destination-2"}
    set_up(world, role_name="shared")
    outcomes = set_up(world, role_name="shared", **second)
    assert outcomes["grant_source"].result == "updated"
    policies = world.state()["accounts"][SOURCE_UID]["policies"]
    assert [name for name in policies if name not in CALLERS_POLICIES] == ["shared-source-read"]
    (statement,) = policies["shared-source-read"]["document"]["Statement"]
    assert [arn.rpartition(":")[2] for arn in statement["Resource"]] == [
        *("crr-source", "crr-source/*"),
        *("crr-source-2", "crr-source-2/*"),
    ]
    for source in ("crr-source", "crr-source-2"):
        world.bucket(source).put_object("x", b"data")
    world.replicate()
    assert (world.object_keys(DESTINATION), world.object_keys("crr-destination-2")) == ({"x"}, {"x"})


def test_full_access_to_oss_by_name(world: World) -> None:
    rooted = World(world.server, "root")
    outcomes = set_up(rooted, role_permissions="AliyunOSSFullAccess")
    assert role_policies(world, world.pair().role) == ["System:AliyunOSSFullAccess"]
    assert list(world.state()["accounts"][SOURCE_UID]["policies"]) == CALLERS_POLICIES
    (warning,) = [check for check in outcomes["preflight"].details["checks"] if check["name"] == "role_permissions"]
    assert warning["status"] == "warning"
    assert "far more than replication needs" in warning["found"]
    write(world, "x")
    world.replicate()
    assert world.object_keys() == {"x"}


# --- how it is copied ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "transfer_type", "accelerated"),
    [
        ("cn-beijing", "auto", False),
        ("cn-beijing", "internal", False),
        ("ap-southeast-1", "auto", True),
        ("ap-southeast-1", "oss_acc", True),
    ],
)
def test_transfer_type(make_world: Any, region: str, transfer_type: str, accelerated: bool) -> None:
    config = world_config(objects=1)
    config["accounts"][1]["buckets"][0]["region"] = region
    world: World = make_world(config)
    world.take_over()
    set_up(world, destination_region=region, transfer_type=transfer_type)
    assert rule_of(world).transfer_type == ("oss_acc" if accelerated else "internal")
    assert bool(world.state()["buckets"][DESTINATION]["acceleration"]) is accelerated
    world.replicate()
    assert len(world.object_keys()) == 1
    world.reset_calls()
    assert set_up(world, destination_region=region, transfer_type=transfer_type)["create_rule"].result == "in order"
    assert world.calls()["writes"] == 0


def test_rtc_from_the_beginning(world: World) -> None:
    set_up(world, rtc=True)
    assert rule_of(world).rtc == "enabled"
    world.reset_calls()
    assert set_up(world, rtc=True)["create_rule"].result == "in order"
    assert world.calls()["writes"] == 0


def test_rtc_is_switched_on_and_off_on_the_rule_that_is_there(world: World) -> None:
    first = set_up(world)["create_rule"].details["rule_id"]
    for wanted in (True, False):
        world.reset_calls()
        outcome = set_up(world, rtc=wanted)["create_rule"]
        assert (outcome.result, outcome.details["rule_id"]) == ("updated", first)
        assert world.calls()["writes"] == 1
        assert rule_of(world).rtc == ("enabled" if wanted else "disabled")


# --- KMS -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("permissions", ["minimal", "AliyunKMSCryptoUserAccess", "AliyunKMSFullAccess"])
def test_kms_permissions(world: World, permissions: str) -> None:
    rooted = World(world.server, "root")
    set_up(rooted, replicate_kms_objects=True, kms_key_arn=KEY_ARN, kms_permissions=permissions)
    role = world.pair().role
    granted = f"Custom:{role}-kms" if permissions == "minimal" else f"System:{permissions}"
    assert role_policies(world, role) == sorted([f"Custom:{role}-source-read", granted])
    write(world, "secret", **KMS_HEADERS)
    world.replicate()
    head = world.bucket(DESTINATION).head_object("secret")
    assert head.headers["x-oss-server-side-encryption-key-id"] == KEY_ARN


def test_kms_key_made_in_an_instance(world: World) -> None:
    outcomes = set_up(world, replicate_kms_objects=True, kms_instance_id=INSTANCE)
    arn = outcomes["prepare_kms_key"].details["kms_key_arn"]
    assert (outcomes["prepare_kms_key"].result, rule_of(world).kms_key_id) == ("created", arn)
    assert arn.startswith(f"acs:kms:cn-beijing:{DESTINATION_UID}:key/")
    write(world, "secret", **KMS_HEADERS)
    world.replicate()
    assert world.bucket(DESTINATION).head_object("secret").headers["x-oss-server-side-encryption-key-id"] == arn


def test_kms_objects_are_left_out_unless_asked_for(world: World) -> None:
    outcomes = set_up(world)
    assert set(outcomes) == {"preflight", "create_role", "grant_source", "grant_destination", "create_rule"}
    write(world, "secret", **KMS_HEADERS)
    write(world, "plain")
    world.replicate()
    assert world.object_keys() == {"plain"}


# --- a rule that differs ---------------------------------------------------------------------------------------------


def test_rule_mismatch_fails(world: World) -> None:
    set_up(world)
    before = world.state()
    refused = world.set_up(prefixes=["a/"])
    assert list(refused) == ["preflight"]
    assert refused["preflight"].error is not None
    assert "prefixes is [], asked for ['a/']" in refused["preflight"].error["message"]
    assert world.state() == before


def test_rule_mismatch_replaces(world: World) -> None:
    """The rule is deleted, is in the way while it closes, and is then created again with the new fields."""
    world.server.cloud.behaviour.rule_close_seconds = 60
    write(world, "a/old", "old")
    set_up(world)
    fields = {"prefixes": ["a/"], "on_rule_mismatch": "replace"}
    found = world.preflight(**fields)
    (warning,) = [check for check in found.checks if check.name == "rule"]
    assert warning.status == "warning"
    assert "it is deleted and created again" in warning.found
    assert found.resolved is not None
    assert world.object_keys() == set()

    deleting = world.converge("rule", found.resolved, found)
    assert deleting.error is not None
    assert (deleting.error["type"], deleting.retryable) == ("RuleClosing", True)
    assert deleting.details == {"rule_id": world.pair().rule_id}
    world.replicate()
    waiting = world.converge("rule", found.resolved)
    assert waiting.error is not None
    assert waiting.error["type"] == "RuleClosing"

    world.control("POST", "clock", json={"advance_seconds": 61})
    world.replicate()
    created = world.converge("rule", found.resolved)
    assert (created.error, created.result) == (None, "created")
    assert rule_of(world).prefixes == ("a/",)
    world.replicate()
    assert world.object_keys() == {"a/old"}


def test_replacing_says_that_the_history_is_copied_again(world: World) -> None:
    set_up(world)
    found = world.preflight(replication_policy="add_delete_change", on_rule_mismatch="replace")
    (warning,) = [check for check in found.checks if check.name == "rule"]
    assert "history" in warning.text
    without = world.preflight(replicate_historical_data=False, on_rule_mismatch="replace")
    (warning,) = [check for check in without.checks if check.name == "rule"]
    assert "history is copied again" not in warning.text


# --- connections and accounts ----------------------------------------------------------------------------------------


def test_connections_are_used_for_their_own_side(world: World) -> None:
    seen: set[str] = set()
    get = world.accounts.get

    def noted(conn_id: str) -> Any:
        seen.add(conn_id)
        return get(conn_id)

    world.accounts.get = noted
    world.reset_calls()
    set_up(world, source_conn_id="source", destination_conn_id="destination")
    assert seen == {"source", "destination"}
    writers = {(call["product"], call["account"]) for call in world.calls()["calls"] if call["access"] == "write"}
    assert writers == {("ram", SOURCE_UID), ("oss", SOURCE_UID), ("oss", DESTINATION_UID)}


def test_account_uids_that_are_right_change_nothing(world: World) -> None:
    outcomes = set_up(world, source_uid=SOURCE_UID, destination_uid=int(DESTINATION_UID))
    assert outcomes["create_rule"].result == "created"


# --- values that are refused -----------------------------------------------------------------------------------------

KMS_ON = {"replicate_kms_objects": True, "kms_key_arn": KEY_ARN}
#: Fields as a user may write them, and the field that has to be named.
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"source_bucket": "Upper"}, "source_bucket"),
    ({"source_bucket": ""}, "source_bucket"),
    ({"destination_bucket": "with_underscore"}, "destination_bucket"),
    ({"destination_bucket": SOURCE}, "destination_bucket"),
    ({"source_region": "oss-cn-hangzhou"}, "source_region"),
    ({"destination_region": "nowhere-1"}, "destination_region"),
    ({"destination_region": "cn-hangzhou"}, "destination_region"),
    ({"source_conn_id": 5}, "source_conn_id"),
    ({"source_conn_id": "oss_destination"}, "destination_conn_id"),
    ({"source_conn_id": None, "destination_conn_id": None}, "source_conn_id"),
    ({"source_conn_id": None, "source_uid": SOURCE_UID}, "role_name"),
    ({"source_conn_id": None, "role_name": "r"}, "source_uid"),
    ({"destination_conn_id": None}, "destination_uid"),
    ({"source_uid": "root"}, "source_uid"),
    ({"destination_uid": "12"}, "destination_uid"),
    ({"prefixes": "logs/"}, "prefixes"),
    ({"prefixes": [f"{number:02}/" for number in range(11)]}, "prefixes"),
    ({"prefixes": ["logs/*"]}, "prefixes"),
    ({"prefixes": [f"{SOURCE}/logs/"]}, "prefixes"),
    ({"prefixes": ["a/", "a/b/"]}, "prefixes"),
    ({"prefixes": ["x" * 1024]}, "prefixes"),
    ({"replication_policy": "all"}, "replication_policy"),
    ({"replicate_historical_data": "yes"}, "replicate_historical_data"),
    ({"label": 5}, "label"),
    ({"role_name": "with_underscore"}, "role_name"),
    ({"role_name": "r" * 65}, "role_name"),
    ({"role_name": f"acs:ram::{SOURCE_UID}:role/r"}, "role_name"),
    ({"role_permissions": "AdministratorAccess"}, "role_permissions"),
    ({"replicate_kms_objects": 1}, "replicate_kms_objects"),
    ({"replicate_kms_objects": True}, "kms_key_arn"),
    ({**KMS_ON, "kms_instance_id": INSTANCE}, "kms_key_arn"),
    ({"kms_key_arn": KEY_ARN}, "kms_key_arn"),
    ({**KMS_ON, "kms_key_arn": "key-given"}, "kms_key_arn"),
    ({**KMS_ON, "kms_key_arn": KEY_ARN.replace("key/", "alias/")}, "kms_key_arn"),
    ({**KMS_ON, "kms_key_arn": SOURCE_KEY_ARN}, "kms_key_arn"),
    ({"kms_instance_id": INSTANCE}, "kms_instance_id"),
    ({"replicate_kms_objects": True, "kms_instance_id": 7}, "kms_instance_id"),
    (
        {
            "replicate_kms_objects": True,
            "kms_instance_id": INSTANCE,
            "destination_conn_id": None,
            "destination_uid": DESTINATION_UID,
        },
        "kms_instance_id",
    ),
    ({"kms_permissions": "AliyunKMSFullAccess"}, "kms_permissions"),
    ({**KMS_ON, "kms_permissions": "all"}, "kms_permissions"),
    ({"transfer_type": "fast"}, "transfer_type"),
    ({"transfer_type": "oss_acc"}, "transfer_type"),
    ({"destination_region": "us-west-1", "transfer_type": "internal"}, "transfer_type"),
    ({"rtc": "on"}, "rtc"),
    ({"destination_region": "cn-chengdu", "rtc": True}, "rtc"),
    ({"destination_region": "cn-hongkong", "rtc": True}, "rtc"),
    ({"on_rule_mismatch": "ignore"}, "on_rule_mismatch"),
    ({"destination_prefix": "x/"}, "destination_prefix"),
]


@pytest.mark.parametrize(("values", "named"), REFUSED, ids=[f"{n}-{field}" for n, (_, field) in enumerate(REFUSED)])
def test_refused_value_is_named(values: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError) as caught:
        World.pair(**values)
    assert {field for field, _ in caught.value.problems} == {named}


def test_every_field_has_a_value_that_is_refused() -> None:
    known = {field.name for field in fields(BucketPair)}
    assert {named for _, named in REFUSED} & known == known
