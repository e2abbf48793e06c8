"""Aliases: their names, their keys, and finding a key by one."""

from __future__ import annotations

from typing import Any

import pytest

UID = "1000000000000001"


def test_alias_leads_to_its_key(kms: Any) -> None:
    one, two = kms.create(), kms.create()
    kms("CreateAlias", KeyId=one.id, AliasName="alias/oss-crr/key_1")
    assert kms("DescribeKey", KeyId="alias/oss-crr/key_1")["KeyMetadata"]["KeyId"] == one.id
    arn = f"acs:kms:cn-hangzhou:{UID}:alias/oss-crr/key_1"
    assert kms("DescribeKey", KeyId=arn)["KeyMetadata"]["KeyId"] == one.id
    kms("UpdateAlias", KeyId=two.id, AliasName="alias/oss-crr/key_1")
    assert kms("DescribeKey", KeyId="alias/oss-crr/key_1")["KeyMetadata"]["KeyId"] == two.id
    kms("DeleteAlias", AliasName="alias/oss-crr/key_1")
    assert kms.refused("DescribeKey", KeyId="alias/oss-crr/key_1") == (404, "Forbidden.AliasNotFound")


def test_lists(kms: Any) -> None:
    one, two = kms.create(), kms.create()
    for key, name in ((one, "alias/a"), (two, "alias/b"), (one, "alias/c")):
        kms("CreateAlias", KeyId=key.id, AliasName=name)
    everything = kms("ListAliases")
    assert everything["TotalCount"] == 3
    assert everything["Aliases"]["Alias"][0] == {
        "KeyId": one.id,
        "AliasName": "alias/a",
        "AliasArn": f"acs:kms:cn-hangzhou:{UID}:alias/a",
    }
    assert [alias["AliasName"] for alias in kms("ListAliasesByKeyId", KeyId=one.id)["Aliases"]["Alias"]] == [
        "alias/a",
        "alias/c",
    ]
    assert kms.as_account("2000000000000002")("ListAliases")["TotalCount"] == 0


@pytest.mark.parametrize("name", ["a", "alias/", "alias/a b", "alias/acs/oss", "alias/" + "x" * 250])
def test_bad_names(kms: Any, name: str) -> None:
    assert kms.refused("CreateAlias", KeyId=kms.create().id, AliasName=name) == (400, "InvalidParameter")


def test_name_is_unique_in_a_region(kms: Any) -> None:
    here, there = kms.create(), kms.create(DKMSInstanceId="kst-bjj1")
    kms("CreateAlias", KeyId=here.id, AliasName="alias/a")
    assert kms.refused("CreateAlias", KeyId=here.id, AliasName="alias/a") == (409, "Rejected.ResourceExist")
    kms("CreateAlias", KeyId=there.id, AliasName="alias/a")
    assert kms.at("cn-beijing")("DescribeKey", KeyId="alias/a")["KeyMetadata"]["KeyId"] == there.id


def test_quota_and_unknown_names(kms: Any) -> None:
    key = kms.create()
    for number in range(300):
        kms("CreateAlias", KeyId=key.id, AliasName=f"alias/{number}")
    assert kms.refused("CreateAlias", KeyId=key.id, AliasName="alias/x") == (400, "Rejected.LimitExceeded")
    assert kms.refused("UpdateAlias", KeyId=key.id, AliasName="alias/x") == (404, "Forbidden.AliasNotFound")
    assert kms.refused("DeleteAlias", AliasName="alias/x") == (404, "Forbidden.AliasNotFound")


def test_alias_cannot_be_moved_to_a_doomed_key(kms: Any) -> None:
    one, doomed = kms.create(), kms.create()
    kms("CreateAlias", KeyId=one.id, AliasName="alias/a")
    kms("ScheduleKeyDeletion", KeyId=doomed.id, PendingWindowInDays=7)
    assert kms.refused("UpdateAlias", KeyId=doomed.id, AliasName="alias/a") == (409, "Rejected.PendingDeletion")
