"""The KMS calls, through the real SDK, against scripted answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oss_crr import errors
from oss_crr.hooks.account import Account
from oss_crr.hooks.kms import KmsApi
from oss_crr.model import KeyInfo, KmsInstanceInfo
from tests.plugins.hooks.scripted_service import ScriptedService

ARN = "acs:kms:cn-beijing:222:key/key-1"
KEY = {
    "KeyId": "key-1",
    "Arn": ARN,
    "KeyState": "Enabled",
    "DKMSInstanceId": "kst-1",
    "Description": "made here",
    "KeySpec": "Aliyun_AES_256",
}
KEY_INFO = KeyInfo("key-1", ARN, "Enabled", "kst-1", "made here")


@pytest.fixture
def kms(account: Account) -> KmsApi:
    return account.kms("cn-beijing")


def refuse(service: ScriptedService, status: int, code: str) -> None:
    service.answer_json({"RequestId": "R1", "Code": code, "Message": "the service's words"}, status)


def test_describe_key(service: ScriptedService, kms: KmsApi) -> None:
    service.answer_json({"KeyMetadata": KEY})
    assert kms.describe_key(ARN) == KEY_INFO


def test_default_key_is_in_no_instance(service: ScriptedService, kms: KmsApi) -> None:
    for absent in ({}, {"DKMSInstanceId": ""}):
        bare = {"KeyId": "k", "Arn": "a", "KeyState": "PendingDeletion", **absent}
        service.answer_json({"KeyMetadata": bare})
        assert kms.describe_key("k") == KeyInfo("k", "a", "PendingDeletion", None, "")


def test_create_key_returns_it(service: ScriptedService, kms: KmsApi) -> None:
    service.answer_json({"KeyMetadata": KEY})
    assert kms.create_key("kst-1", "made here") == KEY_INFO


@pytest.mark.parametrize(("told", "quantity"), [({"VpcNum": 2}, 2), ({}, None)])
def test_get_instance(service: ScriptedService, kms: KmsApi, told: dict[str, int], quantity: int | None) -> None:
    service.answer_json({"KmsInstance": {"InstanceId": "kst-1", "Status": "Connected", **told}})
    assert kms.get_instance("kst-1") == KmsInstanceInfo("kst-1", "Connected", quantity)


def test_key_policy_is_returned_as_it_was_put(service: ScriptedService, kms: KmsApi) -> None:
    text = '{ "Version": "1",  "Statement": ["ü"] }'
    service.answer_json({"Policy": text})
    assert kms.get_key_policy("key-1") == text


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        (lambda kms: kms.describe_key("key-1"), 404, "Forbidden.KeyNotFound"),
        (lambda kms: kms.describe_key("key-1"), 403, "Forbidden.KeyNotFound"),
        (lambda kms: kms.describe_key("alias/a"), 404, "Forbidden.AliasNotFound"),
        (lambda kms: kms.describe_key("alias/a"), 400, "Forbidden.AliasNotFound"),
        (lambda kms: kms.get_instance("kst-1"), 403, "Forbidden.DKMSInstanceNotFound"),
    ],
)
def test_what_is_not_there(
    service: ScriptedService, kms: KmsApi, call: Callable[[KmsApi], Any], status: int, code: str
) -> None:
    refuse(service, status, code)
    assert call(kms) is None


@pytest.mark.parametrize(
    ("call", "status", "code", "expected", "words"),
    [
        (lambda kms: kms.create_key("kst-1", ""), 403, "Forbidden.DKMSInstanceNotFound", errors.NotFound, "`kst-1`"),
        (lambda kms: kms.create_key("kst-1", ""), 403, "Forbidden.DKMSInstanceStateInvalid", errors.Conflict, "kst-1"),
        (lambda kms: kms.create_key("kst-1", ""), 400, "Rejected.LimitExceeded", errors.LimitReached, "higher quota"),
        (
            lambda kms: kms.set_key_policy("key-1", "{}"),
            400,
            "Rejected.ShareQuotaExceedLimit",
            errors.LimitReached,
            "access management quantity",
        ),
        (lambda kms: kms.get_key_policy("key-1"), 404, "Forbidden.KeyNotFound", errors.NotFound, "key `key-1`"),
        (lambda kms: kms.get_key_policy("key-1"), 400, "UnsupportedOperation", errors.RequestRejected, "refused"),
        (
            lambda kms: kms.set_key_policy("key-1", "{}"),
            400,
            "Forbidden.NoPermission",
            errors.PermissionDenied,
            "grant it `kms:SetKeyPolicy`",
        ),
        (lambda kms: kms.describe_key("k"), 403, "Forbidden.NoPermission", errors.PermissionDenied, "kms:DescribeKey"),
    ],
)
def test_refusals(
    service: ScriptedService,
    kms: KmsApi,
    call: Callable[[KmsApi], Any],
    status: int,
    code: str,
    expected: type[errors.OssCrrError],
    words: str,
) -> None:
    refuse(service, status, code)
    with pytest.raises(expected, match=words) as caught:
        call(kms)
    assert type(caught.value) is expected


def test_throttling_is_waited_out(service: ScriptedService, kms: KmsApi, waits: list[float]) -> None:
    refuse(service, 429, "Rejected.Throttling")
    service.answer_json({"KeyMetadata": KEY})
    assert kms.describe_key("key-1") == KEY_INFO
    assert len(waits) == 1


# --- an alias that is taken; KMS's page has no code for that ----------------------------------------------------------


@pytest.mark.parametrize(("status", "code"), [(409, "Rejected.ResourceExist"), (400, "InvalidParameter")])
def test_taken_alias_is_noticed_whatever_the_code(
    service: ScriptedService, kms: KmsApi, status: int, code: str
) -> None:
    refuse(service, status, code)
    service.answer_json({"KeyMetadata": KEY})
    with pytest.raises(errors.AlreadyExists, match="alias `alias/a`"):
        kms.create_alias("alias/a", "key-1")
    assert service.requests[1].params == {"KeyId": "alias/a"}


def test_refused_alias_that_is_free_is_another_error(service: ScriptedService, kms: KmsApi) -> None:
    refuse(service, 400, "InvalidParameter")
    refuse(service, 404, "Forbidden.AliasNotFound")
    with pytest.raises(errors.RequestRejected, match="InvalidParameter"):
        kms.create_alias("alias/", "key-1")


def test_alias_created_by_a_call_whose_answer_was_lost(service: ScriptedService, kms: KmsApi) -> None:
    service.cut()
    refuse(service, 409, "Rejected.ResourceExist")
    service.answer_json({"KeyMetadata": KEY})
    with pytest.raises(errors.AlreadyExists):
        kms.create_alias("alias/a", "key-1")


def test_alias_of_a_missing_key(service: ScriptedService, kms: KmsApi) -> None:
    refuse(service, 404, "Forbidden.KeyNotFound")
    with pytest.raises(errors.NotFound):
        kms.create_alias("alias/a", "key-1")
    assert len(service.requests) == 1
