"""Which keys replication may use: for a role, and for an account that replicates without one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.kms.backend.account import KmsAccount
from localcloud.kms.backend.keys import NewKey, create_key
from localcloud.kms.model import Key, KmsInstance
from localcloud.oss.replication.keys import KeyUse
from localcloud.oss.replication.kms_keys import PolicyKeys
from localcloud.oss.replication.rights import find_role

SOURCE_UID, DESTINATION_UID = "1111111111111111", "2222222222222222"
ROLE = f"acs:ram::{SOURCE_UID}:role/Crr-Role"


def make_key(world: Any, uid: str, region: str, policy: str | None = None) -> Key:
    instance = KmsInstance(f"kst-{uid}-{len(world.cloud.accounts[uid].kms_instances)}", region)
    world.cloud.accounts[uid].kms_instances.append(instance)
    return create_key(KmsAccount.of(world.cloud, uid), NewKey(instance.id, policy=policy))


def shared(*actions: str, effect: str = "Allow") -> str:
    statement = {"Effect": effect, "Action": list(actions), "Principal": {"RAM": [ROLE]}, "Resource": ["*"]}
    return json.dumps({"Version": "1", "Statement": [statement]})


def may_write(world: Any, key: str, role: str | None = "Crr-Role") -> bool:
    found = find_role(world.cloud, SOURCE_UID, role) if role else None
    use = KeyUse("kms:GenerateDataKey", key, DESTINATION_UID, "cn-beijing")
    return PolicyKeys().allows(world.cloud, found, use)


def may_read(world: Any, key: str, role: str | None = "Crr-Role") -> bool:
    found = find_role(world.cloud, SOURCE_UID, role) if role else None
    return PolicyKeys().allows(world.cloud, found, KeyUse("kms:Decrypt", key, SOURCE_UID, "cn-hangzhou"))


def let_role(world: Any, *actions: str) -> None:
    world.grant_source(more=({"Effect": "Allow", "Action": list(actions), "Resource": ["acs:kms:*:*:key/*"]},))


@pytest.mark.parametrize("named", ["id", "arn"])
def test_replica_key_needs_both_rights_on_both_sides(world: Any, named: str) -> None:
    key = make_key(world, DESTINATION_UID, "cn-beijing", shared("kms:Decrypt", "kms:GenerateDataKey"))
    reference = getattr(key, named)
    assert not may_write(world, reference)
    let_role(world, "kms:GenerateDataKey")
    assert not may_write(world, reference)
    let_role(world, "kms:GenerateDataKey", "kms:Decrypt")
    assert may_write(world, reference)


def test_replica_key_must_be_in_the_destination_region(world: Any) -> None:
    let_role(world, "kms:*")
    key = make_key(world, DESTINATION_UID, "cn-shanghai", shared("kms:*"))
    assert not may_write(world, key.arn)
    assert not may_write(world, key.id)


def test_bare_id_means_a_key_of_the_destination_account(world: Any) -> None:
    let_role(world, "kms:*")
    key = make_key(world, SOURCE_UID, "cn-beijing")
    assert not may_write(world, key.id)
    assert may_write(world, key.arn)


def test_source_key_needs_decrypt_only(world: Any) -> None:
    key = make_key(world, SOURCE_UID, "cn-hangzhou")
    assert not may_read(world, key.id)
    let_role(world, "kms:Decrypt")
    assert may_read(world, key.id)


def test_deny_in_the_key_policy(world: Any) -> None:
    key = make_key(world, SOURCE_UID, "cn-hangzhou", shared("kms:Decrypt", effect="Deny"))
    let_role(world, "kms:*")
    assert not may_read(world, key.id)


def test_without_a_role_the_account_uses_its_own_keys(world: Any) -> None:
    own = make_key(world, SOURCE_UID, "cn-hangzhou")
    foreign = make_key(world, DESTINATION_UID, "cn-hangzhou")
    assert may_read(world, own.id, role=None)
    assert not may_read(world, foreign.arn, role=None)


def test_unusable_keys(world: Any) -> None:
    let_role(world, "kms:*")
    key = make_key(world, SOURCE_UID, "cn-hangzhou")
    assert may_read(world, key.id)
    key.state = "Disabled"
    assert not may_read(world, key.id)
    key.state = "Enabled"
    world.cloud.accounts[SOURCE_UID].kms_instances[0].status = "Disconnected"
    assert not may_read(world, key.id)
    assert not may_read(world, "key-none")
