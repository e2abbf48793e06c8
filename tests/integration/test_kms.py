"""Encrypted objects through the product: the encryption matrix, keys that fail and recover, keys that are shared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import oss2
import pytest

from localcloud.server import LocalCloudServer
from oss_crr.errors import AlreadyExists, InputError
from oss_crr.model import RuleSpec
from oss_crr.outcome import Outcome
from oss_crr.resources.kms_key import alias
from oss_crr.resources.registry import RESOURCES
from tests.integration.world import DESTINATION_UID, INSTANCE, KEY_ARN, PAIR, SOURCE_UID, World, kms_config

DESTINATION = PAIR["destination_bucket"]
GIVEN = {"replicate_kms_objects": True, "kms_key_arn": KEY_ARN}
MADE = {"replicate_kms_objects": True, "kms_instance_id": INSTANCE}

# --- the matrix of "CRR in specific scenarios" -----------------------------------------------------------------------

#: Algorithm and key of an object or of a bucket's default.
Encryption = tuple[str | None, str | None]
PLAIN, OSS, DEFAULT_KEY = (None, None), ("AES256", None), ("KMS", None)
SOURCE_KEY, BUCKET_KEY, RULE_KEY = ("KMS", "key-source"), ("KMS", "key-given"), ("KMS", KEY_ARN)
OBJECTS: dict[str, Encryption] = {"plain": PLAIN, "oss": OSS, "default-key": DEFAULT_KEY, "own-key": SOURCE_KEY}
DEFAULTS: dict[str, Encryption] = {"none": PLAIN, "oss": OSS, "default-key": DEFAULT_KEY, "own-key": BUCKET_KEY}
CELLS = [(content, default, switch) for content in OBJECTS for default in DEFAULTS for switch in (False, True)]


def expected(content: str, default: str, switch: bool) -> Encryption | None:
    """Return the encryption of the replica by the vendor's table, None for an object that is not copied."""
    if content == "own-key":
        return RULE_KEY if switch else None
    if content != "plain":
        return OBJECTS[content]
    return None if default == "own-key" and not switch else DEFAULTS[default]


def buckets_of(default: str, switch: bool) -> dict[str, str]:
    suffix = f"{default}-{'on' if switch else 'off'}"
    return {"source_bucket": f"src-{suffix}", "destination_bucket": f"dst-{suffix}"}


def headers_of(encryption: Encryption) -> dict[str, str]:
    names = ("x-oss-server-side-encryption", "x-oss-server-side-encryption-key-id")
    return {name: value for name, value in zip(names, encryption, strict=True) if value}


@pytest.fixture(scope="module")
def matrix() -> Iterator[World]:
    """Return a world in which a pair for each default and switch has been replicated, by the product where it may."""
    config = kms_config()
    pairs = [(default, switch) for default in DEFAULTS for switch in (False, True)]
    source, destination = config["accounts"]
    source["buckets"] = [
        {"name": buckets_of(*pair)["source_bucket"], "region": PAIR["source_region"]} for pair in pairs
    ]
    destination["buckets"] = [
        {"name": buckets_of(*pair)["destination_bucket"], "region": PAIR["destination_region"]} for pair in pairs
    ]
    with LocalCloudServer(config) as server:
        world = World(server)
        world.take_over()
        for default, switch in pairs:
            replicate(world, default, switch)
        yield world


def replicate(world: World, default: str, switch: bool) -> None:
    names = buckets_of(default, switch)
    for content, encryption in OBJECTS.items():
        world.bucket(names["source_bucket"]).put_object(content, b"data", headers=headers_of(encryption))
    fields: dict[str, Any] = {**names, **(GIVEN if switch else {})}
    blocked = default == "own-key" and not switch
    if not blocked:
        set_default(world, names["destination_bucket"], DEFAULTS[default])
    outcomes = world.set_up(**fields)
    assert [outcome.error for outcome in outcomes.values()] == [None] * len(outcomes)
    if blocked:
        # Preflight refuses this pair: see below. What OSS does with it shows when the default comes later.
        set_default(world, names["destination_bucket"], DEFAULTS[default])
    world.replicate()


def set_default(world: World, bucket: str, encryption: Encryption) -> None:
    if encryption != PLAIN:
        world.bucket(bucket).put_bucket_encryption(oss2.models.ServerSideEncryptionRule(*encryption))


@pytest.mark.parametrize(("content", "default", "switch"), CELLS)
def test_matrix(matrix: World, content: str, default: str, switch: bool) -> None:
    bucket = matrix.bucket(buckets_of(default, switch)["destination_bucket"])
    wanted = expected(content, default, switch)
    if wanted is None:
        assert not bucket.object_exists(content)
        return
    headers = bucket.head_object(content).headers
    shown = (headers.get("x-oss-server-side-encryption"), headers.get("x-oss-server-side-encryption-key-id"))
    assert shown == wanted
    assert bucket.get_object(content).read() == b"data"


def test_matrix_has_every_row() -> None:
    rows = {(content, expected(content, default, switch)) for content, default, switch in CELLS}
    assert len(CELLS) == 32
    assert rows == {
        *(("plain", wanted) for wanted in (PLAIN, OSS, DEFAULT_KEY, BUCKET_KEY, None)),
        ("oss", OSS),
        ("default-key", DEFAULT_KEY),
        *(("own-key", wanted) for wanted in (RULE_KEY, None)),
    }


@pytest.mark.parametrize("switch", [False, True])
def test_what_is_left_out_on_purpose_does_not_fail_the_verification(matrix: World, switch: bool) -> None:
    names = buckets_of("none", switch)
    outcomes = {"preflight": matrix.preflight(**names, **(GIVEN if switch else {})).outcome("preflight")}
    counts = matrix.verify(outcomes)
    assert counts.ok
    assert counts.matched == (4 if switch else 3)


def test_plain_objects_for_a_bucket_with_its_own_key_are_blocked_without_the_switch(matrix: World) -> None:
    names = buckets_of("own-key", switch=False)
    found = matrix.preflight(**names)
    (check,) = [check for check in found.checks if check.blocks]
    assert check.name == "destination encryption"
    assert "would silently copy no plain object" in check.found
    assert "replicate_kms_objects" in check.action


# --- one pair --------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(make_world: Any) -> World:
    """Return two empty buckets, and a key on each side; replication runs when it is told to."""
    made: World = make_world(kms_config())
    made.take_over()
    return made


def kms_of(world: World, side: str = "destination") -> Any:
    account = getattr(world.root, side)(world.pair())
    return account.kms(PAIR[f"{side}_region"])


def key_call(world: World, action: str, **params: str) -> None:
    """Make a call that the product has no use for, by the vendor's SDK."""
    kms_of(world)._client.call(action, "key", {"KeyId": "key-given", **params})


def set_up(world: World, **fields: Any) -> dict[str, Outcome]:
    outcomes = world.set_up(**fields)
    assert [outcome.error for outcome in outcomes.values()] == [None] * len(outcomes)
    return outcomes


def copied(world: World, key: str) -> bool:
    """Write an encrypted object and tell whether it arrives."""
    world.bucket().put_object(key, b"data", headers=headers_of(SOURCE_KEY))
    world.replicate()
    return key in world.object_keys()


def kms_checks(world: World, **fields: Any) -> list[str]:
    """Return what blocks the pair, and assert that nothing was written."""
    world.reset_calls()
    outcomes = world.set_up(**fields)
    assert world.calls()["writes"] == 0
    assert list(outcomes) == ["preflight"]
    return [check["found"] for check in outcomes["preflight"].details["checks"] if check["status"] == "blocks"]


# --- what happens to a key after the setup ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "repair"),
    [
        (("DisableKey", {}), ("EnableKey", {})),
        (("ScheduleKeyDeletion", {"PendingWindowInDays": "7"}), ("CancelKeyDeletion", {})),
    ],
)
def test_key_that_cannot_be_used_stops_the_copy_until_it_can_again(world: World, trouble: Any, repair: Any) -> None:
    set_up(world, **GIVEN)
    assert copied(world, "before")
    key_call(world, trouble[0], **trouble[1])
    assert not copied(world, "meanwhile")
    (problem,) = kms_checks(world, **GIVEN)
    assert "key `key-given` is" in problem
    assert "enable it" in problem
    key_call(world, repair[0], **repair[1])
    world.replicate()
    assert "meanwhile" in world.object_keys()


def test_grant_taken_out_of_the_key_policy_is_repaired_by_another_run(world: World) -> None:
    own = kms_of(world).get_key_policy("key-given")
    set_up(world, **GIVEN)
    kms_of(world).set_key_policy("key-given", own)
    assert not copied(world, "meanwhile")
    outcomes = set_up(world, **GIVEN)
    assert [step for step, outcome in outcomes.items() if outcome.result == "updated"] == ["grant_kms_key"]
    world.replicate()
    assert "meanwhile" in world.object_keys()


def test_right_of_the_role_taken_away_is_repaired_by_another_run(world: World) -> None:
    set_up(world, **GIVEN)
    role = world.pair().role
    world.root.source(world.pair()).ram.detach_policy(role, f"{role}-kms", "Custom")
    assert not copied(world, "meanwhile")
    outcomes = set_up(world, **GIVEN)
    changed = [step for step, outcome in outcomes.items() if outcome.result in ("created", "updated")]
    assert changed == ["grant_kms_role"]
    world.replicate()
    assert "meanwhile" in world.object_keys()


def test_foreign_statements_of_the_key_policy_stay_as_they_were(world: World) -> None:
    document = json.loads(kms_of(world).get_key_policy("key-given"))
    document["Statement"].append(
        {
            "Sid": "somebody else",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Principal": {"RAM": [f"acs:ram::{SOURCE_UID}:role/theirs"]},
            "Resource": ["*"],
        }
    )
    kms_of(world).set_key_policy("key-given", json.dumps(document))
    set_up(world, **GIVEN)
    after = json.loads(kms_of(world).get_key_policy("key-given"))["Statement"]
    assert after[:2] == document["Statement"]
    assert len(after) == 3


# --- the product's key -----------------------------------------------------------------------------------------------


def test_key_is_made_once_and_found_by_its_alias(world: World) -> None:
    first = set_up(world, **MADE)
    world.reset_calls()
    second = set_up(world, **MADE)
    assert world.calls()["writes"] == 0
    assert {outcome.result for outcome in second.values()} == {"passed", "in order"}
    assert second["prepare_kms_key"].details == first["prepare_kms_key"].details
    assert copied(world, "x")


def test_two_pairs_share_key_and_statement(make_world: Any) -> None:
    config = kms_config()
    config["accounts"][0]["buckets"].append({"name": "crr-source-2", "region": "cn-hangzhou"})
    config["accounts"][1]["buckets"].append({"name": "crr-destination-2", "region": "cn-beijing"})
    world: World = make_world(config)
    world.take_over()
    first = set_up(world, **MADE)
    second = set_up(world, source_bucket="crr-source-2", destination_bucket="crr-destination-2", **MADE)
    assert second["prepare_kms_key"].result == "in order"
    assert second["prepare_kms_key"].details == first["prepare_kms_key"].details
    assert second["grant_kms_key"].result == "updated"
    key = first["prepare_kms_key"].details["kms_key_arn"].rpartition("/")[2]
    statements = json.loads(kms_of(world).get_key_policy(key))["Statement"]
    assert [len(statement["Principal"]["RAM"]) for statement in statements] == [1, 2]
    for source, destination in (("crr-source", "crr-destination"), ("crr-source-2", "crr-destination-2")):
        world.bucket(source).put_object("x", b"data", headers=headers_of(SOURCE_KEY))
        world.replicate()
        assert world.object_keys(destination) == {"x"}


def test_race_for_the_alias_ends_with_one_key_in_use(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run makes its key between this one's CreateKey and CreateAlias."""
    found = world.preflight(**MADE)
    assert found.resolved is not None
    kms = kms_of(world)
    theirs = kms.create_key(INSTANCE, "Created by oss_crr: another run")
    mine = world.accounts.destination(world.pair()).kms("cn-beijing")
    create_key = mine.create_key

    def raced(*args: Any) -> Any:
        made = create_key(*args)
        kms.create_alias(alias(found.resolved), theirs.id)  # type: ignore[arg-type]
        return made

    monkeypatch.setattr(mine, "create_key", raced)
    outcome = world.converge("kms_key", found.resolved, found)
    assert outcome.error is None
    assert outcome.details == {"kms_key_arn": theirs.arn}


def test_alias_that_was_taken_is_told_with_the_key_left_over(world: World) -> None:
    found = world.preflight(**MADE).resolved
    assert found is not None
    kms_of(world).create_alias(alias(found), "key-given")
    resource = RESOURCES["kms_key"]
    with pytest.raises(AlreadyExists, match=r"was taken meanwhile; key `key-[a-z0-9]+` is not needed"):
        resource.apply(world.accounts, [found], resource.absent)


# --- keys and instances that cannot be used --------------------------------------------------------------------------


def test_key_in_another_region_is_refused_by_its_arn(world: World) -> None:
    with pytest.raises(InputError, match="the key is in cn-hangzhou; replicas need one in the destination region"):
        world.pair(replicate_kms_objects=True, kms_key_arn=KEY_ARN.replace("cn-beijing", "cn-hangzhou"))


def test_key_of_another_account_blocks(world: World) -> None:
    key = KEY_ARN.replace(DESTINATION_UID, SOURCE_UID)
    problems = kms_checks(world, replicate_kms_objects=True, kms_key_arn=key)
    assert problems == [f"key `{key}` belongs to account {SOURCE_UID}, the destination to {DESTINATION_UID}"]


def test_key_that_does_not_exist_blocks(world: World) -> None:
    problems = kms_checks(world, replicate_kms_objects=True, kms_key_arn=KEY_ARN.replace("key-given", "key-none"))
    assert any("does not exist in the destination account: correct kms_key_arn" in problem for problem in problems)


def test_default_key_blocks(world: World) -> None:
    rule = oss2.models.ServerSideEncryptionRule("KMS")
    world.bucket(DESTINATION).put_bucket_encryption(rule)
    world.bucket(DESTINATION).put_object("x", b"data")  # OSS makes its default key when it needs it.
    key = kms_of(world).describe_key("alias/acs/oss")
    assert key is not None
    problems = kms_checks(world, replicate_kms_objects=True, kms_key_arn=key.arn)
    assert f"key `{key.id}` is a default key, which cannot be shared: give one in a KMS instance" in problems


@pytest.mark.parametrize("fields", [GIVEN, MADE], ids=["given", "made"])
@pytest.mark.parametrize(
    ("setting", "value", "problem"),
    [
        ("status", "Disconnected", f"KMS instance `{INSTANCE}` is Disconnected: enable it and connect it"),
        ("access_management_quantity", 1, "raise its access management quantity to 2 or more"),
    ],
)
def test_instance_that_cannot_share_keys_blocks(
    world: World, fields: dict[str, Any], setting: str, value: Any, problem: str
) -> None:
    (instance,) = world.server.cloud.accounts[DESTINATION_UID].kms_instances
    setattr(instance, setting, value)
    (found,) = kms_checks(world, **fields)
    assert problem in found


def test_instance_that_does_not_exist_blocks(world: World) -> None:
    (problem,) = kms_checks(world, replicate_kms_objects=True, kms_instance_id="kst-none")
    assert "KMS instance `kst-none` does not exist in cn-beijing: correct kms_instance_id" in problem


def test_instance_without_room_for_another_account_is_named(world: World) -> None:
    """How many accounts an instance's keys are shared with is not told: it shows when the key policy is written."""
    document = json.loads(kms_of(world).get_key_policy("key-given"))
    theirs = {**document["Statement"][0], "Sid": "x", "Principal": {"RAM": ["acs:ram::3333333333333333:role/theirs"]}}
    theirs["Action"] = ["kms:Decrypt"]
    document["Statement"].append(theirs)
    kms_of(world).set_key_policy("key-given", json.dumps(document))
    outcomes = world.set_up(**GIVEN)
    failed = outcomes["grant_kms_key"].error
    assert failed is not None
    assert failed["type"] == "LimitReached"
    assert "Rejected.ShareQuotaExceedLimit" in failed["message"]
    (instance,) = world.server.cloud.accounts[DESTINATION_UID].kms_instances
    instance.access_management_quantity = 3
    set_up(world, **GIVEN)
    assert copied(world, "x")


def test_rule_without_a_key_is_refused_when_encrypted_objects_are_asked_for(world: World) -> None:
    """The key does not exist yet; what is certain to fail after it was made is refused before."""
    set_up(world)
    problems = kms_checks(world, **MADE)
    assert ["kms_key_arn is None, asked for" in problem for problem in problems] == [True]


def test_what_oss_does_with_plain_objects_without_the_switch(world: World) -> None:
    """The one row of the matrix that the product never sets up, straight by the API."""
    set_default(world, DESTINATION, BUCKET_KEY)
    found = world.preflight(**GIVEN)
    assert found.resolved is not None
    for resource in ("role", "source_grant", "destination_grant", "kms_key_grant", "kms_role_grant"):
        assert world.converge(resource, found.resolved).ok
    spec = RuleSpec("direct", DESTINATION, "cn-beijing", ("PUT",), (), True, "internal", world.pair().role)
    world.root.source(world.pair()).oss("cn-hangzhou").put_rule(PAIR["source_bucket"], spec)
    for content in ("plain", "oss"):
        world.bucket().put_object(content, b"data", headers=headers_of(OBJECTS[content]))
    world.replicate()
    assert world.object_keys() == {"oss"}
