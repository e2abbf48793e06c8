"""Who may use a key: key policy or RAM policy at home, both of them from another account, and no deny anywhere."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.errors import RpcError
from tests.localcloud.kms.conftest import OTHER_UID, UID, allow, document, grant

ROLE = f"acs:ram::{OTHER_UID}:role/Crr-Role"
DENIED = (403, "Forbidden.NoPermission")
USE = ("kms:Decrypt", "kms:GenerateDataKey")


def set_policy(kms: Any, key: Any, *statements: dict[str, Any]) -> None:
    kms("SetKeyPolicy", KeyId=key.id, PolicyName="default", Policy=document(*statements))


def may(kms: Any, key: Any, action: str = "GenerateDataKey") -> bool:
    try:
        kms(action, KeyId=key.arn)
    except RpcError as error:
        if (error.status, error.code) != DENIED:
            raise
        return False
    return True


def test_own_user_needs_one_of_both(kms: Any) -> None:
    key = kms.create()
    by_ram = kms.as_user(allow("kms:GenerateDataKey", resource=f"acs:kms:*:{UID}:key/{key.id}"), name="ram")
    by_key, by_none = kms.as_user(name="key"), kms.as_user(name="none")
    set_policy(kms, key, grant(f"acs:ram::{UID}:user/key", *USE))
    assert may(by_ram, key)
    assert may(by_key, key)
    assert not may(by_none, key)
    assert not may(by_ram, kms.create()), "the RAM policy is for one key only"


def test_default_policy_alone_does_not_cover_users_unless_set_so(kms: Any) -> None:
    key, user = kms.create(), kms.as_user()
    assert may(kms, key)
    assert not may(user, key)
    kms.cloud.behaviour.key_policy_account_covers_users = True
    assert may(user, key)


@pytest.mark.parametrize("by_key", [False, True])
@pytest.mark.parametrize("by_ram", [False, True])
def test_foreign_role_needs_both(kms: Any, by_key: bool, by_ram: bool) -> None:
    key = kms.create()
    if by_key:
        set_policy(kms, key, grant(ROLE, *USE))
    role = kms.as_role(*[allow(*USE, resource=key.arn)] if by_ram else [])
    assert may(role, key) is (by_key and by_ram)


def test_foreign_key_is_found_by_its_arn_only(kms: Any) -> None:
    key = kms.create()
    set_policy(kms, key, grant(ROLE, *USE, "kms:DescribeKey"))
    role = kms.as_role(allow("kms:*"))
    assert role.refused("DescribeKey", KeyId=key.id) == (404, "Forbidden.KeyNotFound")
    assert role("DescribeKey", KeyId=key.arn)["KeyMetadata"]["Creator"] == UID


def test_role_name_is_compared_with_its_case(kms: Any) -> None:
    key = kms.create()
    set_policy(kms, key, grant(ROLE.lower(), *USE))
    assert not may(kms.as_role(allow("kms:*")), key)


def test_foreign_caller_can_be_a_user_of_a_key_but_no_administrator(kms: Any) -> None:
    key = kms.create()
    set_policy(kms, key, grant(ROLE, "kms:*"))
    role = kms.as_role(allow("kms:*"))
    assert may(role, key)
    assert role.refused("SetKeyPolicy", KeyId=key.arn, Policy=document(grant(ROLE, "kms:*"))) == DENIED
    assert role.refused("DisableKey", KeyId=key.arn) == DENIED


def test_deny_wins_on_either_side(kms: Any) -> None:
    key = kms.create()
    deny = {"Effect": "Deny", "Action": "kms:GenerateDataKey", "Resource": "*"}
    denied_by_ram = kms.as_user(deny, name="ram")
    allowed = kms.as_user(allow("kms:*"), name="allowed")
    everybody = grant(f"acs:ram::{UID}:user/*", *USE)
    set_policy(kms, key, everybody)
    assert not may(denied_by_ram, key)
    assert may(allowed, key)
    set_policy(kms, key, everybody, grant(f"acs:ram::{UID}:*", "kms:GenerateDataKey", effect="Deny"))
    assert not may(allowed, key)
    assert not may(kms, key), "an explicit deny binds the account too"
    assert may(kms, key, "DescribeKey")


def test_unknown_actions_are_ignored(kms: Any) -> None:
    key = kms.create()
    set_policy(kms, key, grant(ROLE, "kms:Teleport", "kms:Decrypt"))
    assert not may(kms.as_role(allow("kms:*")), key)


def test_key_policy_takes_effect_after_a_delay(kms: Any) -> None:
    kms.cloud.behaviour.policy_propagation_seconds = 60
    key, role = kms.create(), kms.as_role(allow(*USE))
    set_policy(kms, key, grant(ROLE, *USE))
    assert "Crr-Role" in kms("GetKeyPolicy", KeyId=key.id)["Policy"], "reads are up to date"
    kms.cloud.clock.advance(59)
    assert not may(role, key)
    kms.cloud.clock.advance(2)
    assert may(role, key)


def test_conditions(kms: Any) -> None:
    key = kms.create(Tags='[{"TagKey": "team", "TagValue": "blue"}]')
    user = f"acs:ram::{UID}:user/ann"
    ann = kms.as_user()
    set_policy(kms, key, grant(user, *USE, Condition={"StringEquals": {"kms:tag/team": "red"}}))
    assert not may(ann, key)
    set_policy(kms, key, grant(user, *USE, Condition={"StringEquals": {"kms:tag/team": "blue"}}))
    assert may(ann, key)


def test_container_rights_of_users(kms: Any) -> None:
    lister = kms.as_user(allow("kms:ListKeys", resource=f"acs:kms:*:{UID}:key"), name="lister")
    assert lister("ListKeys")["TotalCount"] == 0
    assert lister.refused("ListAliases") == lister.refused("CreateKey") == DENIED
    instances = kms.as_user(allow("kms:GetKmsInstance", resource=f"acs:kms:*:{UID}:keystore/kst-hzz1"), name="inst")
    assert instances("GetKmsInstance", KmsInstanceId="kst-hzz1")["KmsInstance"]["Status"] == "Connected"
    assert instances.refused("GetKmsInstance", KmsInstanceId="kst-bjj1") == DENIED


def test_alias_needs_a_right_on_the_alias_and_on_the_key(kms: Any) -> None:
    key = kms.create()
    on_alias = allow("kms:CreateAlias", resource=f"acs:kms:*:{UID}:alias/a")
    on_key = allow("kms:CreateAlias", resource=f"acs:kms:*:{UID}:key/{key.id}")
    for number, rights in enumerate(((on_alias,), (on_key,))):
        user = kms.as_user(*rights, name=f"half{number}")
        assert user.refused("CreateAlias", KeyId=key.id, AliasName="alias/a") == DENIED
    kms.as_user(on_alias, on_key, name="whole")("CreateAlias", KeyId=key.id, AliasName="alias/a")


def test_status_of_a_refusal_is_a_setting(kms: Any) -> None:
    kms.cloud.behaviour.kms_no_permission_status = 400
    assert kms.as_user().refused("ListKeys") == (400, "Forbidden.NoPermission")
