"""What is sent to RAM and KMS equals what the vendor's SDKs send when they are used by hand."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import pytest

from oss_crr import errors
from oss_crr.hooks.account import Account
from oss_crr.hooks.kms import KmsApi
from oss_crr.hooks.ram import RamApi
from tests.plugins.hooks.conftest import KEY_ID, SECRET
from tests.plugins.hooks.scripted_service import Recorded, ScriptedService

RAM, KMS = "alibabacloud_ram20150501", "alibabacloud_kms20160120"
DOCUMENT = '{"Statement": ["ü&="]}'

Fields = dict[str, Any]


def call_by_hand(package: str, service: ScriptedService, action: str, fields: Fields) -> None:
    """Call an API as the vendor's examples do."""
    from alibabacloud_tea_openapi.utils_models import Config

    endpoint = urlsplit(service.url).netloc
    config = Config(access_key_id=KEY_ID, access_key_secret=SECRET, endpoint=endpoint, protocol="HTTP")
    client = import_module(f"{package}.client").Client(config)
    request = getattr(import_module(f"{package}.models"), "".join(map(str.capitalize, action.split("_"))) + "Request")
    with pytest.raises(Exception, match="Whatever"):
        getattr(client, action)(request(**fields))


def comparable(request: Recorded) -> tuple[Any, ...]:
    """Return what a request says, without what differs from one request to the next."""
    volatile = {"x-acs-date", "x-acs-signature-nonce", "authorization", "x-acs-credentials-provider"}
    headers = {name: value for name, value in request.headers.items() if name not in volatile}
    # By hand, True is written where the documentation and SDKs of other languages write true.
    params = {name: "true" if value == "True" else value for name, value in request.params.items()}
    signed = request.headers["authorization"].partition(" ")[0]
    return request.method, request.path, params, headers, request.body, signed


def assert_equal_to_calls_by_hand(
    package: str, service: ScriptedService, ours: Callable[[], Any], action: str, fields: Fields
) -> None:
    for _ in range(2):
        service.answer_json({"RequestId": "R1", "Code": "Whatever", "Message": ""}, 400)
    with pytest.raises(errors.RequestRejected):
        ours()
    call_by_hand(package, service, action, fields)
    mine, theirs = map(comparable, service.requests)
    assert mine == theirs
    assert mine[-1] == "ACS3-HMAC-SHA256"


@pytest.mark.parametrize(
    ("ours", "action", "fields"),
    [
        (lambda ram: ram.get_role("r"), "get_role", {"role_name": "r"}),
        (
            lambda ram: ram.create_role("r", DOCUMENT, "d"),
            "create_role",
            {"role_name": "r", "assume_role_policy_document": DOCUMENT, "description": "d"},
        ),
        (
            lambda ram: ram.update_role_trust("r", DOCUMENT),
            "update_role",
            {"role_name": "r", "new_assume_role_policy_document": DOCUMENT},
        ),
        (lambda ram: ram.delete_role("r"), "delete_role", {"role_name": "r"}),
        (lambda ram: ram.get_policy("p", "System"), "get_policy", {"policy_name": "p", "policy_type": "System"}),
        (
            lambda ram: ram.create_policy("p", "{}", "d"),
            "create_policy",
            {"policy_name": "p", "policy_document": "{}", "description": "d"},
        ),
        (
            lambda ram: ram.create_policy_version("p", "{}"),
            "create_policy_version",
            {
                "policy_name": "p",
                "policy_document": "{}",
                "set_as_default": True,
                "rotate_strategy": "DeleteOldestNonDefaultVersionWhenLimitExceeded",
            },
        ),
        (lambda ram: ram.delete_policy("p"), "delete_policy", {"policy_name": "p"}),
        (
            lambda ram: ram._delete_old_versions("p"),
            "list_policy_versions",
            {"policy_name": "p", "policy_type": "Custom"},
        ),
        (
            lambda ram: ram._delete_version("p", "v1"),
            "delete_policy_version",
            {"policy_name": "p", "version_id": "v1"},
        ),
        (
            lambda ram: ram.attach_policy("r", "p"),
            "attach_policy_to_role",
            {"role_name": "r", "policy_name": "p", "policy_type": "Custom"},
        ),
        (
            lambda ram: ram.detach_policy("r", "p"),
            "detach_policy_from_role",
            {"role_name": "r", "policy_name": "p", "policy_type": "Custom"},
        ),
        (lambda ram: ram.list_policies_for_role("r"), "list_policies_for_role", {"role_name": "r"}),
        (
            lambda ram: ram.list_entities_for_policy("p"),
            "list_entities_for_policy",
            {"policy_name": "p", "policy_type": "Custom"},
        ),
    ],
)
def test_ram(
    service: ScriptedService, account: Account, ours: Callable[[RamApi], Any], action: str, fields: Fields
) -> None:
    assert_equal_to_calls_by_hand(RAM, service, lambda: ours(account.ram), action, fields)


@pytest.mark.parametrize(
    ("ours", "action", "fields"),
    [
        (lambda kms: kms.get_instance("kst-1"), "get_kms_instance", {"kms_instance_id": "kst-1"}),
        (lambda kms: kms.describe_key("alias/a"), "describe_key", {"key_id": "alias/a"}),
        (
            lambda kms: kms.create_key("kst-1", "d"),
            "create_key",
            {"dkmsinstance_id": "kst-1", "key_spec": "Aliyun_AES_256", "description": "d"},
        ),
        (lambda kms: kms.get_key_policy("key-1"), "get_key_policy", {"key_id": "key-1", "policy_name": "default"}),
        (
            lambda kms: kms.set_key_policy("key-1", DOCUMENT),
            "set_key_policy",
            {"key_id": "key-1", "policy_name": "default", "policy": DOCUMENT},
        ),
    ],
)
def test_kms(
    service: ScriptedService, account: Account, ours: Callable[[KmsApi], Any], action: str, fields: Fields
) -> None:
    assert_equal_to_calls_by_hand(KMS, service, lambda: ours(account.kms("cn-beijing")), action, fields)


def test_nothing_is_sent_that_was_not_given(service: ScriptedService, account: Account) -> None:
    service.answer_json({"RequestId": "R1"})
    account.ram.create_policy("p", "{}", "d")
    assert service.requests[0].params == {"PolicyName": "p", "PolicyDocument": "{}", "Description": "d"}
