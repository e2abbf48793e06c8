"""The RAM calls, through the real SDKs, against scripted answers."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import pytest

from oss_crr import errors
from oss_crr.hooks.account import Account, AccountConfig, Credentials, Endpoints
from oss_crr.hooks.ram import RamApi
from oss_crr.hooks.retry import Retrier
from oss_crr.model import AccountSummary, AttachedPolicy, PolicyInfo, RoleInfo
from tests.plugins.hooks.scripted_service import ScriptedService

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


def test_empty_lists(service: ScriptedService, account: Account) -> None:
    service.answer_json({"RequestId": "R1", "Policies": {"Policy": []}})
    service.answer_json({"RequestId": "R1"})
    assert account.ram.list_policies_for_role("r") == ()
    assert account.ram.list_entities_for_policy("p") == ()


def test_names_are_listed_a_thousand_at_a_time(service: ScriptedService, account: Account) -> None:
    service.answer_json({"IsTruncated": True, "Marker": "M", "Roles": {"Role": [{"RoleName": "a"}]}})
    service.answer_json({"IsTruncated": False, "Roles": {"Role": [{"RoleName": "b"}]}})
    service.answer_json({"IsTruncated": False, "Policies": {"Policy": [{"PolicyName": "p"}]}})
    assert account.ram.role_names() == {"a", "b"}
    assert account.ram.custom_policy_names() == {"p"}
    assert [request.params for request in service.requests] == [
        {"MaxItems": "1000"},
        {"MaxItems": "1000", "Marker": "M"},
        {"MaxItems": "1000", "PolicyType": "Custom"},
    ]


def test_trust_policy_is_replaced(service: ScriptedService, account: Account) -> None:
    service.answer_json({"Role": ROLE})
    assert account.ram.update_role_trust("replicator", '{"Version": "1"}') == ROLE_INFO
    refuse(service, 404, "EntityNotExist.Role")
    with pytest.raises(errors.NotFound, match="role `replicator`"):
        account.ram.update_role_trust("replicator", "{}")


def test_account_summary_is_asked_of_ims(service: ScriptedService, account: Account) -> None:
    counts = {"Roles": 19, "RolesQuota": 1000, "Policies": 13, "PoliciesQuota": 1500}
    service.answer_json({"SummaryMap": {**counts, "AttachedPoliciesPerRoleQuota": 10, "PolicySizeQuota": 6144}})
    service.answer_json({"SummaryMap": counts})
    assert account.ram.get_account_summary() == AccountSummary(19, 1000, 13, 1500, 10, 6144)
    assert account.ram.get_account_summary() == AccountSummary(19, 1000, 13, 1500)
    headers = service.requests[0].headers
    assert (headers["x-acs-action"], headers["x-acs-version"]) == ("GetAccountSummary", "2019-08-15")


def test_account_summary_needs_a_right_of_ram(service: ScriptedService, account: Account) -> None:
    refuse(service, 403, "NoPermission")
    with pytest.raises(errors.PermissionDenied, match="grant it `ram:GetAccountSummary`"):
        account.ram.get_account_summary()


# --- deleting a policy -----------------------------------------------------------------------------------------------


def actions(service: ScriptedService) -> list[str]:
    return [request.headers["x-acs-action"] for request in service.requests]


def test_policy_with_one_version_is_deleted_by_one_call(service: ScriptedService, account: Account) -> None:
    service.answer_json({"RequestId": "R1"})
    account.ram.delete_policy("p")
    assert service.requests[0].params == {"PolicyName": "p"}


def test_old_versions_are_deleted_first_where_they_are_in_the_way(service: ScriptedService, account: Account) -> None:
    versions = [{"VersionId": f"v{number}", "IsDefaultVersion": number == 2} for number in (1, 2, 3)]
    refuse(service, 409, "DeleteConflict.Policy.Version")
    service.answer_json({"PolicyVersions": {"PolicyVersion": versions}})
    service.answer_json({"RequestId": "R1"})
    refuse(service, 404, "EntityNotExist.Policy.Version")
    service.answer_json({"RequestId": "R1"})
    account.ram.delete_policy("p")
    assert actions(service) == [
        "DeletePolicy",
        "ListPolicyVersions",
        "DeletePolicyVersion",
        "DeletePolicyVersion",
        "DeletePolicy",
    ]
    assert [request.params.get("VersionId") for request in service.requests[2:4]] == ["v1", "v3"]


@pytest.mark.parametrize("code", ["DeleteConflict.Role.Policy", "DeleteConflict.Policy.User"])
def test_attached_policy_is_not_touched(service: ScriptedService, account: Account, code: str) -> None:
    refuse(service, 409, code)
    with pytest.raises(errors.Conflict, match=code):
        account.ram.delete_policy("p")
    assert actions(service) == ["DeletePolicy"]


# --- refusals and failures -------------------------------------------------------------------------------------------


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
@pytest.mark.parametrize("body", ["<html>Bad gateway</html>", "[]", "[1]", "{}", "null", ""])
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
