"""The RAM calls, through the real SDK core, against scripted answers."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from oss_crr import errors
from oss_crr.hooks.account import Account, AccountConfig, Credentials, Endpoints
from oss_crr.hooks.ram import RamApi
from oss_crr.hooks.retry import Retrier
from oss_crr.model import AttachedPolicy, PolicyInfo, RoleInfo
from tests.plugins.hooks.scripted_service import Recorded, ScriptedService

ROLE = {
    "RoleId": "1",
    "RoleName": "Replicator",
    "Arn": "acs:ram::111:role/replicator",
    "Description": "made by hand",
    "AssumeRolePolicyDocument": '{"Version": "1"}',
    "MaxSessionDuration": 7200,
}
ROLE_INFO = RoleInfo("Replicator", "acs:ram::111:role/replicator", "made by hand", '{"Version": "1"}', 7200)


def refuse(service: ScriptedService, status: int, code: str, **members: Any) -> None:
    service.answer_json({"RequestId": "R1", "Code": code, "Message": "the service's words", **members}, status)


def test_get_role(service: ScriptedService, account: Account) -> None:
    service.answer_json({"RequestId": "R1", "Role": ROLE})
    assert account.ram.get_role("replicator") == ROLE_INFO


def test_create_role_returns_it(service: ScriptedService, account: Account) -> None:
    service.answer_json({"Role": ROLE})
    assert account.ram.create_role("replicator", '{"Version": "1"}', "made by hand") == ROLE_INFO


def test_get_policy(service: ScriptedService, account: Account) -> None:
    policy = {"PolicyName": "p", "PolicyType": "Custom", "Description": "d", "AttachmentCount": 2}
    service.answer_json({"Policy": policy, "DefaultPolicyVersion": {"VersionId": "v3", "PolicyDocument": "{}"}})
    assert account.ram.get_policy("p") == PolicyInfo("p", "Custom", "d", "{}", "v3", 2)


def test_lists(service: ScriptedService, account: Account) -> None:
    service.answer_json({"Policies": {"Policy": [{"PolicyName": "p", "PolicyType": "System"}]}})
    service.answer_json({"Roles": {"Role": [{"RoleName": "a"}, {"RoleName": "b"}]}, "Users": {}})
    assert account.ram.list_policies_for_role("r") == (AttachedPolicy("p", "System"),)
    assert account.ram.list_entities_for_policy("p") == ("a", "b")


@pytest.mark.parametrize(
    ("call", "code", "expected"),
    [
        (lambda ram: ram.get_role("r"), "EntityNotExist.Role", None),
        (lambda ram: ram.get_policy("p"), "EntityNotExist.Policy", None),
        (lambda ram: ram.list_policies_for_role("r"), "EntityNotExist.Role", None),
        (lambda ram: ram.list_entities_for_policy("p"), "EntityNotExist.Policy", ()),
        (lambda ram: ram.delete_role("r"), "EntityNotExist.Role", None),
        (lambda ram: ram.delete_policy("p"), "EntityNotExist.Policy", None),
        (lambda ram: ram.detach_policy("r", "p"), "EntityNotExist.Role.Policy", None),
    ],
)
def test_what_is_not_there(
    service: ScriptedService, account: Account, call: Callable[[RamApi], Any], code: str, expected: Any
) -> None:
    refuse(service, 404, code)
    assert call(account.ram) == expected


def test_attaching_what_is_attached_is_fine(service: ScriptedService, account: Account) -> None:
    refuse(service, 409, "EntityAlreadyExists.Role.Policy")
    account.ram.attach_policy("r", "AliyunOSSFullAccess", "System")
    assert service.requests[0].params["PolicyType"] == "System"


def test_attaching_to_a_missing_role_is_an_error(service: ScriptedService, account: Account) -> None:
    refuse(service, 404, "EntityNotExist.Role")
    with pytest.raises(errors.NotFound, match="policy `p` and role `r`"):
        account.ram.attach_policy("r", "p")


def test_role_created_twice_because_of_a_lost_answer(
    service: ScriptedService, account: Account, waits: list[float]
) -> None:
    service.cut()
    refuse(service, 409, "EntityAlreadyExists.Role")
    with pytest.raises(errors.AlreadyExists, match="role `r`"):
        account.ram.create_role("r", "{}", "")
    assert len(waits) == 1


def test_each_repetition_is_signed_anew(service: ScriptedService, account: Account) -> None:
    service.cut()
    service.answer_json({"Role": ROLE})
    account.ram.get_role("r")
    first, second = (request.headers["x-acs-signature-nonce"] for request in service.requests)
    assert first != second


def test_missing_right_names_everything(service: ScriptedService, account: Account) -> None:
    detail = {"AuthAction": "ram:CreateRole", "NoPermissionType": "ImplicitDeny", "PolicyType": "AccountLevel"}
    refuse(service, 403, "NoPermission", AccessDeniedDetail=detail)
    with pytest.raises(errors.PermissionDenied) as caught:
        account.ram.create_role("r", "{}", "")
    assert str(caught.value) == (
        "connection `oss_source` may not call ram:CreateRole on role `r`: "
        "grant it `ram:CreateRole` (README, section Permissions) [NoPermission, request R1]"
    )


def test_throttling_waits_as_asked(service: ScriptedService, account: Account, waits: list[float]) -> None:
    body = {"Code": "Throttling.User", "Message": "slow down", "RequestId": "R1"}
    service.answer_json(body, 429, x_acs_retry_after="2500")
    service.answer_json({"Role": ROLE})
    assert account.ram.get_role("r") == ROLE_INFO
    assert waits == [2.5]


def test_throttling_without_advice_is_repeated(service: ScriptedService, account: Account, waits: list[float]) -> None:
    refuse(service, 400, "Throttling.User")
    service.answer_json({"Role": ROLE})
    assert account.ram.get_role("r") == ROLE_INFO
    assert len(waits) == 1


@pytest.mark.parametrize("status", [200, 502])
@pytest.mark.parametrize("body", ["<html>Bad gateway</html>", "[]", "null", ""])
def test_answers_that_no_service_writes_are_repeated(
    service: ScriptedService, account: Account, waits: list[float], status: int, body: str
) -> None:
    service.answer(status, body)
    service.answer_json({"Role": ROLE})
    assert account.ram.get_role("r") == ROLE_INFO
    assert len(waits) == 1


def test_no_repetitions_hide_in_the_sdk(service: ScriptedService, account: Account) -> None:
    for _ in range(5):
        refuse(service, 500, "InternalError")
    with pytest.raises(errors.ServiceUnavailable, match="the service's words"):
        account.ram.get_role("r")
    assert len(service.requests) == 5


def test_nobody_listening_is_a_clear_error() -> None:
    config = AccountConfig("oss_source", Credentials("k", "s3cr3t"), endpoints=Endpoints(ram="http://127.0.0.1:1"))
    with pytest.raises(
        errors.ServiceUnavailable, match=r"ram:GetRole on role `r` .* got no answer from http://127.0.0.1:1: .*refused"
    ):
        Account(config, Retrier(attempts=1)).ram.get_role("r")


def test_wrong_signature_shows_nothing_of_the_request(service: ScriptedService, account: Account) -> None:
    message = "Specified signature is not matched. server string to sign is:ACS3-HMAC-SHA256 s3cr3t/of+the=source"
    service.answer_json({"Code": "SignatureDoesNotMatch", "Message": message, "RequestId": "R1"}, 400)
    with pytest.raises(errors.CredentialsError) as caught:
        account.ram.get_role("r")
    shown = "".join(traceback.format_exception(caught.value))
    for hidden in ("s3cr3t/of+the=source", "ACS3", "string to sign"):
        assert hidden not in shown


# --- the same on the wire as the product's own SDK -------------------------------------------------------------------


def vendor_client(service: ScriptedService) -> Any:
    from alibabacloud_ram20150501.client import Client
    from alibabacloud_tea_openapi.utils_models import Config

    endpoint = urlsplit(service.url).netloc
    return Client(
        Config(
            access_key_id="LTAI-test-key",
            access_key_secret="s3cr3t/of+the=source",
            endpoint=endpoint,
            protocol="HTTP",
        )
    )


def comparable(request: Recorded) -> tuple[Any, ...]:
    """Return what a request says, without what differs from one request to the next."""
    volatile = {"x-acs-date", "x-acs-signature-nonce", "authorization", "x-acs-credentials-provider"}
    headers = {name: value for name, value in request.headers.items() if name not in volatile}
    # The vendor's SDK for Python writes True where the documentation and SDKs of other languages write true.
    params = {name: "true" if value == "True" else value for name, value in request.params.items()}
    return request.method, request.path, params, headers, request.body


@pytest.mark.parametrize(
    ("ours", "method", "fields"),
    [
        (lambda ram: ram.get_role("r"), "get_role", {"role_name": "r"}),
        (
            lambda ram: ram.create_role("r", '{"Statement": ["ü&="]}', "d"),
            "create_role",
            {"role_name": "r", "assume_role_policy_document": '{"Statement": ["ü&="]}', "description": "d"},
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
def test_requests_equal_those_of_the_products_own_sdk(
    service: ScriptedService, account: Account, ours: Callable[[RamApi], Any], method: str, fields: dict[str, Any]
) -> None:
    from alibabacloud_ram20150501 import models

    for _ in range(2):
        refuse(service, 400, "Whatever")
    with pytest.raises(errors.RequestRejected):
        ours(account.ram)
    request_class = getattr(models, "".join(part.capitalize() for part in method.split("_")) + "Request")
    with pytest.raises(Exception, match="Whatever"):
        getattr(vendor_client(service), method)(request_class(**fields))
    assert comparable(service.requests[0]) == comparable(service.requests[1])
