"""Making, describing and listing keys, and what their state allows."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

UID = "1000000000000001"


def listed(kms: Any, *filters: tuple[str, list[str]], **params: object) -> list[str]:
    text = json.dumps([{"Key": key, "Values": values} for key, values in filters])
    return [entry["KeyId"] for entry in kms("ListKeys", Filters=text, **params)["Keys"]["Key"]]


def test_key_in_an_instance(kms: Any) -> None:
    made = kms("CreateKey", DKMSInstanceId="kst-bjj1", Description="for replicas")["KeyMetadata"]
    assert re.fullmatch(r"key-hzz[a-z0-9]{18}", made["KeyId"])
    assert made["Arn"] == f"acs:kms:cn-beijing:{UID}:key/{made['KeyId']}"
    assert (made["KeyState"], made["KeySpec"], made["KeyUsage"]) == ("Enabled", "Aliyun_AES_256", "ENCRYPT/DECRYPT")
    assert (made["DKMSInstanceId"], made["Creator"], made["Description"]) == ("kst-bjj1", UID, "for replicas")
    described = kms("DescribeKey", KeyId=made["KeyId"])["KeyMetadata"]
    assert described == made | {"DeletionProtection": "Disabled"}
    assert kms("DescribeKey", KeyId=made["Arn"])["KeyMetadata"] == described


def test_key_outside_any_instance_has_a_uuid_and_no_policy(kms: Any) -> None:
    made = kms("CreateKey")["KeyMetadata"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made["KeyId"])
    assert "DKMSInstanceId" not in made
    assert kms.at("cn-shanghai")("CreateKey")["KeyMetadata"]["Arn"].startswith("acs:kms:cn-shanghai:")
    assert kms.refused("GetKeyPolicy", KeyId=made["KeyId"]) == (400, "UnsupportedOperation")
    assert kms.refused("CreateKey", Policy='{"Version":"1"}') == (400, "UnsupportedOperation")


@pytest.mark.parametrize(
    "params",
    [
        {"KeySpec": "AES"},
        {"KeyUsage": "TALK"},
        {"Origin": "MOON"},
        {"Tags": "x"},
        {"Tags": '[{"TagKey": "acs:x", "TagValue": ""}]'},
        {"Description": "x" * 8193},
        {"Policy": "{}"},
    ],
)
def test_faulty_parameters_of_a_key(kms: Any, params: dict[str, str]) -> None:
    assert kms.refused("CreateKey", DKMSInstanceId="kst-hzz1", **params) == (400, "InvalidParameter")


def test_instance_must_exist_and_be_connected(kms: Any) -> None:
    assert kms.refused("CreateKey", DKMSInstanceId="kst-none") == (403, "Forbidden.DKMSInstanceNotFound")
    assert kms.as_account("2000000000000002").refused("CreateKey", DKMSInstanceId="kst-hzz1")[0] == 403
    kms.cloud.accounts[UID].kms_instances[0].status = "Connecting"
    assert kms.refused("CreateKey", DKMSInstanceId="kst-hzz1") == (403, "Forbidden.DKMSInstanceStateInvalid")


def test_quota_of_keys_counts_by_region(kms: Any) -> None:
    for _ in range(200):
        kms.create()
    assert kms.refused("CreateKey", DKMSInstanceId="kst-hzz1") == (400, "Rejected.LimitExceeded")
    assert kms("CreateKey", DKMSInstanceId="kst-bjj1")["KeyMetadata"]["KeyState"] == "Enabled"


def test_quota_of_an_instance(kms: Any) -> None:
    kms.cloud.accounts[UID].kms_instances[0].key_quantity = 1
    kms.create()
    assert kms.refused("CreateKey", DKMSInstanceId="kst-hzz1") == (400, "Rejected.LimitExceeded")


def test_list_in_pages(kms: Any) -> None:
    ids = [kms.create().id for _ in range(12)]
    first = kms("ListKeys")
    assert (first["PageNumber"], first["PageSize"], first["TotalCount"]) == (1, 10, 12)
    assert [entry["KeyId"] for entry in first["Keys"]["Key"]] == ids[:10]
    assert listed(kms, PageNumber=2, PageSize=5) == ids[5:10]
    assert listed(kms, PageNumber=4, PageSize=5) == []
    assert kms.refused("ListKeys", PageSize="9" * 5000) == (400, "InvalidParameter")
    assert kms.refused("ListKeys", Filters="[" * 100_000) == (400, "InvalidParameter")
    assert kms.refused("ListKeys", PageSize=101) == kms.refused("ListKeys", PageNumber=0) == (400, "InvalidParameter")


def test_filters(kms: Any) -> None:
    one, two = kms.create(Tags='[{"TagKey": "team", "TagValue": "blue"}]'), kms.create(DKMSInstanceId="kst-bjj1")
    kms("DisableKey", KeyId=two.id)
    kms("CreateAlias", KeyId=one.id, AliasName="alias/one")
    assert listed(kms, ("KeyState", ["Enabled", "Disabled"])) == [one.id, two.id]
    assert listed(kms, ("KeyState", ["Enabled"]), ("KeyState", ["Disabled"])) == [one.id, two.id], "same key: or"
    assert listed(kms, ("KeyState", ["Enabled"]), ("DKMSInstanceId", ["kst-bjj1"])) == [], "different keys: and"
    assert listed(kms, ("AliasName", ["alias/one"])) == listed(kms, ("TagKey", ["team"])) == [one.id]
    assert listed(kms, ("keyId", [two.id])) == [two.id]
    assert listed(kms, ("CreatorType", ["Service"])) == []
    for faulty in ("x", "{}", '[{"Key": "Colour", "Values": []}]', '[{"Key": "KeyState", "Values": "Enabled"}]'):
        assert kms.refused("ListKeys", Filters=faulty) == (400, "InvalidParameter")


def test_region_of_the_endpoint(kms: Any) -> None:
    here, there = kms.create(), kms.create(DKMSInstanceId="kst-bjj1")
    beijing = kms.at("cn-beijing")
    assert listed(beijing) == [there.id]
    assert beijing.refused("DescribeKey", KeyId=here.id) == (404, "Forbidden.KeyNotFound")
    assert beijing.refused("DescribeKey", KeyId=here.arn) == (404, "Forbidden.KeyNotFound")
    assert beijing.refused("CreateKey", DKMSInstanceId="kst-hzz1") == (403, "Forbidden.DKMSInstanceNotFound")
    kms.cloud.behaviour.kms_region = "cn-hangzhou"
    assert listed(kms) == [here.id]


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("key-none", "Forbidden.KeyNotFound"),
        (f"acs:kms:cn-hangzhou:{UID}:key/none", "Forbidden.KeyNotFound"),
        ("acs:kms:cn-hangzhou:3:key/none", "Forbidden.KeyNotFound"),
        ("alias/none", "Forbidden.AliasNotFound"),
    ],
)
def test_unknown_key(kms: Any, reference: str, code: str) -> None:
    assert kms.refused("DescribeKey", KeyId=reference) == (404, code)


def test_missing_parameter(kms: Any) -> None:
    assert kms.refused("DescribeKey") == (400, "MissingParameter")
    assert kms.refused("UpdateKeyDescription", KeyId=kms.create().id) == (400, "MissingParameter")


#: What each operation answers for a key that is disabled, and for one that is going to be deleted (KMS page "Impact of
#: CMK status on API operations").
STATE_TABLE = [
    ("GenerateDataKey", {}, "Rejected.Disabled", "Rejected.PendingDeletion"),
    ("Encrypt", {"Plaintext": "aGk="}, "Rejected.Disabled", "Rejected.PendingDeletion"),
    ("DescribeKey", {}, None, None),
    ("UpdateKeyDescription", {"Description": "x"}, None, "Rejected.PendingDeletion"),
    ("EnableKey", {}, None, "Rejected.StateModifiedFailed"),
    ("DisableKey", {}, None, "Rejected.StateModifiedFailed"),
    ("ScheduleKeyDeletion", {"PendingWindowInDays": 7}, None, "Rejected.StateModifiedFailed"),
    ("CancelKeyDeletion", {}, "Rejected.StateModifiedFailed", None),
    ("CreateAlias", {"AliasName": "alias/x"}, None, "Rejected.StateModifiedFailed"),
    ("ListAliasesByKeyId", {}, None, None),
]


@pytest.mark.parametrize(("action", "params", "disabled", "pending"), STATE_TABLE)
def test_what_a_state_allows(
    kms: Any, action: str, params: dict[str, object], disabled: str | None, pending: str | None
) -> None:
    off, doomed = kms.create(), kms.create()
    kms("DisableKey", KeyId=off.id)
    kms("ScheduleKeyDeletion", KeyId=doomed.id, PendingWindowInDays=30)
    for key, code in ((off, disabled), (doomed, pending)):
        if code is None:
            kms(action, KeyId=key.id, **params)
        else:
            assert kms.refused(action, KeyId=key.id, **params) == (409, code)


def test_deletion_waits_for_its_window(kms: Any) -> None:
    key = kms.create()
    kms("CreateAlias", KeyId=key.id, AliasName="alias/doomed")
    for days in (6, 367):
        assert kms.refused("ScheduleKeyDeletion", KeyId=key.id, PendingWindowInDays=days)[1] == "InvalidParameter"
    kms("ScheduleKeyDeletion", KeyId=key.id, PendingWindowInDays=7)
    assert kms("DescribeKey", KeyId=key.id)["KeyMetadata"]["DeleteDate"] is not None
    kms.cloud.clock.advance(timedelta(days=7).total_seconds() + 1)
    assert kms.refused("DescribeKey", KeyId=key.id) == (404, "Forbidden.KeyNotFound")
    assert kms.refused("CancelKeyDeletion", KeyId=key.id) == (404, "Forbidden.KeyNotFound")
    assert kms("ListAliases")["TotalCount"] == 0


def test_cancelled_deletion_leaves_the_key_usable(kms: Any) -> None:
    key = kms.create()
    kms("ScheduleKeyDeletion", KeyId=key.id, PendingWindowInDays=7)
    kms("CancelKeyDeletion", KeyId=key.id)
    metadata = kms("DescribeKey", KeyId=key.id)["KeyMetadata"]
    assert metadata["KeyState"] == "Enabled"
    assert "DeleteDate" not in metadata


def test_tags(kms: Any) -> None:
    key = kms.create()
    kms("TagResource", KeyId=key.id, Tags='[{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": "2"}]')
    kms("UntagResource", KeyId=key.id, TagKeys='["b"]')
    tags = kms("ListResourceTags", KeyId=key.id)["Tags"]["Tag"]
    assert tags == [{"KeyId": key.id, "TagKey": "a", "TagValue": "1"}]


def test_instances(kms: Any) -> None:
    found = kms("ListKmsInstances")
    assert (found["TotalCount"], found["PageSize"]) == (2, 20)
    assert found["KmsInstances"]["KmsInstance"][0] == {
        "KmsInstanceId": "kst-hzz1",
        "KmsInstanceArn": f"acs:kms:cn-hangzhou:{UID}:keystore/kst-hzz1",
    }
    assert kms.at("cn-beijing")("ListKmsInstances")["TotalCount"] == 1
    instance = kms("GetKmsInstance", KmsInstanceId="kst-hzz1")["KmsInstance"]
    assert (instance["Status"], instance["VpcNum"]) == ("Connected", 3)
    assert kms.refused("GetKmsInstance", KmsInstanceId="kst-x") == (403, "Forbidden.DKMSInstanceNotFound")
