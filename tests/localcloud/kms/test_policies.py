"""Writing and reading key policies, and sharing keys with other accounts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.localcloud.kms.conftest import OTHER_UID, UID, document, grant

OWN = grant(f"acs:ram::{UID}:*", "kms:*")


def role_of(uid: str) -> dict[str, Any]:
    return grant(f"acs:ram::{uid}:role/crr", "kms:Decrypt", "kms:GenerateDataKey")


def put(kms: Any, key: Any, *statements: dict[str, Any]) -> None:
    kms("SetKeyPolicy", KeyId=key.id, PolicyName="default", Policy=document(*statements))


def test_default_policy(kms: Any) -> None:
    policy = json.loads(kms("GetKeyPolicy", KeyId=kms.create().id)["Policy"])
    assert policy == {"Version": "1", "Statement": [{"Sid": "kms default key policy", **OWN}]}


def test_policy_is_kept_as_it_was_written(kms: Any) -> None:
    text = document(OWN) + " \n"
    key = kms.create(Policy=text)
    assert kms("GetKeyPolicy", KeyId=key.id, PolicyName="default")["Policy"] == text
    other = document(OWN, role_of(OTHER_UID))
    kms("SetKeyPolicy", KeyId=key.arn, Policy=other)
    assert kms("GetKeyPolicy", KeyId=key.arn)["Policy"] == other


def test_only_the_default_policy_exists(kms: Any) -> None:
    key = kms.create()
    assert kms.refused("GetKeyPolicy", KeyId=key.id, PolicyName="mine") == (404, "Forbidden.ResourceNotFound")
    refused = kms.refused("SetKeyPolicy", KeyId=key.id, PolicyName="mine", Policy=document(OWN))
    assert refused == (404, "Forbidden.ResourceNotFound")


@pytest.mark.parametrize(
    "policy",
    [
        "no JSON",
        '{"Version": "2", "Statement": []}',
        document(),
        document({**OWN, "Resource": ["acs:kms:*:*:key/x"]}),
        document({**OWN, "Action": ["oss:GetObject"]}),
        document({**OWN, "Principal": {"RAM": ["crr"]}}),
        document({**OWN, "Principal": {"Service": ["oss.aliyuncs.com"]}}),
        document({**OWN, "Principal": {"RAM": [f"arn:sts::{UID}:assumed-role/crr/*"]}}),
        document({**OWN, "Sid": "x" * 129}),
    ],
)
def test_faulty_policies(kms: Any, policy: str) -> None:
    key = kms.create()
    assert kms.refused("SetKeyPolicy", KeyId=key.id, Policy=policy) == (400, "InvalidParameter")


def test_largest_policy(kms: Any) -> None:
    key = kms.create()
    room = 32768 - len(document(OWN).encode())
    kms("SetKeyPolicy", KeyId=key.id, Policy=document(OWN) + " " * room)
    refused = kms.refused("SetKeyPolicy", KeyId=key.id, Policy=document(OWN) + " " * (room + 1))
    assert refused == (400, "InvalidParameter")


def test_instance_is_shared_with_as_many_accounts_as_it_may(kms: Any) -> None:
    """The instance's quantity is 3: its own account and two others, over all of its keys."""
    one, two = kms.create(), kms.create()
    put(kms, one, OWN, role_of("31"), role_of("32"))
    put(kms, two, OWN, role_of("32"))
    over = (400, "Rejected.ShareQuotaExceedLimit")
    assert kms.refused("SetKeyPolicy", KeyId=two.id, Policy=document(OWN, role_of("33"))) == over
    assert kms.refused("CreateKey", DKMSInstanceId="kst-hzz1", Policy=document(role_of("33"))) == over
    elsewhere = kms.create(DKMSInstanceId="kst-bjj1")
    put(kms, elsewhere, OWN, role_of("33"))
    put(kms, one, OWN, role_of("32"), role_of("33"))


def test_quantity_of_one_shares_with_nobody(kms: Any) -> None:
    kms.cloud.accounts[UID].kms_instances[0].access_management_quantity = 1
    key = kms.create()
    put(kms, key, OWN)
    refused = kms.refused("SetKeyPolicy", KeyId=key.id, Policy=document(OWN, role_of(OTHER_UID)))
    assert refused == (400, "Rejected.ShareQuotaExceedLimit")


def test_released_account_counts_for_a_while(kms: Any) -> None:
    kms.cloud.behaviour.kms_share_release_seconds = 300
    key = kms.create()
    put(kms, key, OWN, role_of("31"), role_of("32"))
    put(kms, key, OWN)
    assert kms.refused("SetKeyPolicy", KeyId=key.id, Policy=document(role_of("33")))[1].endswith("ExceedLimit")
    put(kms, key, OWN, role_of("31"))
    kms.cloud.clock.advance(301)
    put(kms, key, OWN, role_of("33"))
