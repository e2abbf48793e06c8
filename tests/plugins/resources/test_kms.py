"""The key that replicas are encrypted with, and who may use it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from oss_crr.errors import AlreadyExists, Conflict, PolicyError, ServiceUnavailable
from oss_crr.pair import ResolvedPair
from oss_crr.resources.kms_key import DESCRIPTION, KmsKey, alias
from oss_crr.resources.kms_key_grant import KmsKeyGrant, grant
from oss_crr.resources.kms_role_grant import KmsRoleGrant
from tests.plugins.fake_cloud import SOURCE_UID, make_resolved
from tests.plugins.resources.fake_kms import INSTANCE, KEY_ARN, OWN_STATEMENT, FakeKms

KEY, KEY_GRANT, ROLE_GRANT = KmsKey(), KmsKeyGrant(), KmsRoleGrant()
WITHOUT = make_resolved()
NEW_KEY = make_resolved(replicate_kms_objects=True, kms_instance_id=INSTANCE)
GIVEN = make_resolved(replicate_kms_objects=True, kms_key_arn=KEY_ARN)


@pytest.fixture
def kms() -> FakeKms:
    """Return KMS with an instance that can share its keys."""
    made = FakeKms()
    made.add_instance()
    return made


def changes(kms: FakeKms, pair: ResolvedPair) -> list[tuple[str, str]]:
    return [(change.kind, change.summary) for change in KEY.changes(pair, KEY.observe(kms.accounts, pair))]


@pytest.mark.parametrize("resource", [KEY, KEY_GRANT, ROLE_GRANT])
def test_pair_without_kms_needs_none_of_it(resource: Any) -> None:
    assert not resource.applies(WITHOUT)
    assert resource.applies(NEW_KEY)
    assert resource.applies(GIVEN)


# --- the key ---------------------------------------------------------------------------------------------------------


def test_missing_key_is_created_under_its_alias(kms: FakeKms) -> None:
    assert changes(kms, NEW_KEY) == [
        ("create", f"no key with alias `alias/oss-crr-{INSTANCE}` in KMS instance `kst-1`")
    ]
    KEY.apply(kms.accounts, [NEW_KEY], KEY.observe(kms.accounts, NEW_KEY))
    assert kms.aliases == {alias(NEW_KEY): "key-1"}
    assert kms.keys["key-1"].description == DESCRIPTION
    observed = KEY.observe(kms.accounts, NEW_KEY)
    assert KEY.changes(NEW_KEY, observed) == ()
    assert (KEY.origin(NEW_KEY, observed), KEY.details(NEW_KEY, observed)) == ("in order", {"kms_key_arn": KEY_ARN})


def test_key_is_shared_by_all_pairs_of_an_instance() -> None:
    other = make_resolved(source_bucket="src-2", replicate_kms_objects=True, kms_instance_id=INSTANCE)
    assert (KEY.scope(NEW_KEY), alias(NEW_KEY)) == (KEY.scope(other), alias(other))


def test_given_key_is_adopted(kms: FakeKms) -> None:
    kms.add_key()
    observed = KEY.observe(kms.accounts, GIVEN)
    assert KEY.changes(GIVEN, observed) == ()
    assert (KEY.origin(GIVEN, observed), KEY.details(GIVEN, observed)) == ("adopted", {"kms_key_arn": KEY_ARN})
    assert kms.journal.actions == ["GetKey", "GetKmsInstance"]


def test_given_key_that_does_not_exist_blocks(kms: FakeKms) -> None:
    ((kind, summary),) = changes(kms, GIVEN)
    assert (kind, "does not exist in the destination account" in summary) == ("blocked", True)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"state": "Disabled"}, "key `key-1` is Disabled"),
        ({"state": "PendingDeletion"}, "key `key-1` is PendingDeletion"),
        ({"instance_id": None}, "is a default key, which cannot be shared"),
        ({"arn": KEY_ARN.replace("shanghai", "beijing")}, "is not in the destination region cn-shanghai"),
    ],
)
@pytest.mark.parametrize("pair", [GIVEN, NEW_KEY], ids=["given", "found by its alias"])
def test_key_that_cannot_be_used_blocks(kms: FakeKms, pair: ResolvedPair, change: dict[str, Any], problem: str) -> None:
    kms.add_key(**change)
    kms.aliases[alias(NEW_KEY)] = "key-1"
    ((kind, summary),) = changes(kms, pair)
    assert (kind, problem in summary) == ("blocked", True)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"status": "Uninitialized"}, "KMS instance `kst-1` is Uninitialized"),
        ({"access_quantity": 1}, "may share keys with 1 account(s)"),
    ],
)
def test_instance_that_cannot_share_keys_blocks(kms: FakeKms, change: dict[str, Any], problem: str) -> None:
    kms.add_instance(**change)
    ((kind, summary),) = changes(kms, NEW_KEY)
    assert (kind, problem in summary) == ("blocked", True)


def test_instance_that_does_not_exist_blocks(kms: FakeKms) -> None:
    kms.instances.clear()
    ((kind, summary),) = changes(kms, NEW_KEY)
    assert (kind, "correct kms_instance_id" in summary) == ("blocked", True)
    assert kms.journal.actions == ["GetKmsInstance"]


def test_instance_that_does_not_tell_its_quantity_is_trusted(kms: FakeKms) -> None:
    kms.add_instance(access_quantity=None)
    assert [kind for kind, _ in changes(kms, NEW_KEY)] == ["create"]


def test_race_for_the_alias_is_told_with_the_key_left_over(kms: FakeKms) -> None:
    observed = KEY.observe(kms.accounts, NEW_KEY)
    KEY.apply(kms.accounts, [NEW_KEY], observed)
    with pytest.raises(AlreadyExists, match="key `key-2` is not needed"):
        KEY.apply(kms.accounts, [NEW_KEY], observed)


def test_key_without_alias_is_named_and_not_made_again(kms: FakeKms) -> None:
    """A retry would make another key, and each costs money."""
    kms.journal.fail("CreateAlias", ServiceUnavailable("cut off"))
    with pytest.raises(Conflict, match=r"key `key-1` was created, but could not be given its alias: cut off\. Give"):
        KEY.apply(kms.accounts, [NEW_KEY], KEY.observe(kms.accounts, NEW_KEY))


def test_key_is_never_removed(kms: FakeKms) -> None:
    kms.add_key(description=DESCRIPTION)
    kms.journal.read_only = True
    KEY.remove(kms.accounts, [GIVEN], KEY.observe(kms.accounts, GIVEN))
    assert list(kms.keys) == ["key-1"]


# --- the key's policy ------------------------------------------------------------------------------------------------


@pytest.fixture
def with_key(kms: FakeKms) -> FakeKms:
    """Return KMS with a key that has the policy KMS gives it."""
    kms.add_key()
    kms.policies["key-1"] = json.dumps({"Version": "1", "Statement": [OWN_STATEMENT]})
    return kms


def keyed(pair: ResolvedPair) -> ResolvedPair:
    return replace(pair, kms_key_arn=KEY_ARN)


def statements(kms: FakeKms) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(kms.policies["key-1"])["Statement"]
    return found


def allow(kms: FakeKms, *pairs: ResolvedPair) -> None:
    KEY_GRANT.apply(kms.accounts, pairs, KEY_GRANT.observe(kms.accounts, pairs[0]))


def is_open(kms: FakeKms, pair: ResolvedPair) -> bool:
    return bool(KEY_GRANT.changes(pair, KEY_GRANT.observe(kms.accounts, pair)))


def test_role_is_added_to_the_keys_policy(with_key: FakeKms) -> None:
    pair = keyed(make_resolved(replicate_kms_objects=True, kms_key_arn=KEY_ARN, role_name="Shared-Role"))
    assert is_open(with_key, pair)
    allow(with_key, pair)
    own, ours = statements(with_key)
    assert own == OWN_STATEMENT
    assert ours["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert ours["Principal"] == {"RAM": [f"acs:ram::{SOURCE_UID}:role/Shared-Role"]}
    assert not is_open(with_key, pair)


def test_key_that_is_to_be_created_has_no_policy_yet(kms: FakeKms) -> None:
    observed = KEY_GRANT.observe(kms.accounts, NEW_KEY)
    (change,) = KEY_GRANT.changes(NEW_KEY, observed)
    assert (observed, change.kind) == (None, "update")
    assert "(the key that prepare_kms_key creates)" in change.summary
    assert kms.journal.actions == []


def test_derived_roles_share_a_statement(with_key: FakeKms) -> None:
    pairs = [
        keyed(make_resolved(source_bucket=name, replicate_kms_objects=True, kms_key_arn=KEY_ARN))
        for name in ("src-1", "src-2")
    ]
    allow(with_key, *pairs)
    assert with_key.journal.writes == ["SetKeyPolicy"]
    assert statements(with_key)[1]["Principal"] == {"RAM": [grant(pair)["Principal"]["RAM"][0] for pair in pairs]}


def test_foreign_statement_of_equal_rights_is_not_extended(with_key: FakeKms) -> None:
    theirs = {**grant(keyed(GIVEN)), "Principal": {"RAM": ["acs:ram::3:role/theirs"]}}
    with_key.policies["key-1"] = json.dumps({"Version": "1", "Statement": [OWN_STATEMENT, theirs]})
    allow(with_key, keyed(GIVEN))
    assert statements(with_key) == [OWN_STATEMENT, theirs, grant(keyed(GIVEN))]


def test_key_policy_that_would_grow_too_large_is_not_written(with_key: FakeKms) -> None:
    with_key.policies["key-1"] = json.dumps({"Version": "1", "Statement": [{**OWN_STATEMENT, "Sid": "x" * 33_000}]})
    with pytest.raises(PolicyError):
        allow(with_key, keyed(GIVEN))
    assert with_key.journal.writes == []


def test_removal_restores_the_keys_policy(with_key: FakeKms) -> None:
    allow(with_key, keyed(GIVEN))
    KEY_GRANT.remove(with_key.accounts, [keyed(GIVEN)], KEY_GRANT.observe(with_key.accounts, keyed(GIVEN)))
    assert statements(with_key) == [OWN_STATEMENT]
    with_key.journal.read_only = True
    KEY_GRANT.remove(with_key.accounts, [keyed(GIVEN)], KEY_GRANT.observe(with_key.accounts, keyed(GIVEN)))


# --- the role's own right --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("permissions", "system"),
    [
        ("minimal", None),
        ("AliyunKMSCryptoUserAccess", "AliyunKMSCryptoUserAccess"),
        ("AliyunKMSFullAccess", "AliyunKMSFullAccess"),
    ],
)
def test_role_gets_the_rights_that_were_asked_for(permissions: str, system: str | None) -> None:
    pair = make_resolved(replicate_kms_objects=True, kms_key_arn=KEY_ARN, kms_permissions=permissions)
    assert ROLE_GRANT.system_policy(pair) == system
    assert ROLE_GRANT.desired(pair)["role"] == pair.pair.role


def test_minimal_right_encrypts_with_the_key_alone() -> None:
    document = ROLE_GRANT.desired(keyed(GIVEN))["document"]
    encrypting = [item for item in document["Statement"] if "kms:GenerateDataKey" in item["Action"]]
    assert [item["Resource"] for item in encrypting] == [[KEY_ARN]]
    assert {action for item in document["Statement"] for action in item["Action"]} == {
        "kms:Decrypt",
        "kms:GenerateDataKey",
    }
