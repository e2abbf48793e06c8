"""Rights on RAM operations, and call quotas."""

from __future__ import annotations

import pytest

from localcloud.identity import Caller
from localcloud.ram.api import OPERATIONS
from tests.localcloud.documents import Json, policy_document
from tests.localcloud.ram.harness import UID, Ram


def allow(action: str, resource: str | list[str] = "*") -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


#: Parameters that satisfy every operation.
EVERYTHING = {
    "RoleName": "r",
    "UserName": "u",
    "PolicyName": "p",
    "PolicyType": "Custom",
    "PolicyDocument": "{}",
    "AssumeRolePolicyDocument": "{}",
    "NewDescription": "d",
    "VersionId": "v1",
    "UserAccessKeyId": "k",
    "Status": "Active",
}


@pytest.mark.parametrize("action", sorted(OPERATIONS))
def test_every_operation_needs_its_right(ram: Ram, action: str) -> None:
    refused = ram.new_user("nobody").refusal(action, **EVERYTHING)
    assert (refused.status, refused.code) == (403, "NoPermission")
    assert refused.message == "You are not authorized to do this action."
    assert refused.details["AccessDeniedDetail"]["AuthAction"] == f"ram:{action}"
    assert refused.details["AccessDeniedDetail"]["NoPermissionType"] == "ImplicitDeny"


@pytest.mark.parametrize("action", sorted(OPERATIONS))
def test_a_deny_is_told_apart(ram: Ram, action: str) -> None:
    user = ram.new_user("denied", allow("*"), {"Effect": "Deny", "Action": f"ram:{action}", "Resource": "*"})
    detail = user.refusal(action, **EVERYTHING).details["AccessDeniedDetail"]
    assert detail["NoPermissionType"] == "ExplicitDeny"


def test_a_refused_call_changes_nothing(ram: Ram, trust: str) -> None:
    ram.new_user("nobody").refusal("CreateRole", RoleName="r", AssumeRolePolicyDocument=trust)
    assert ram("ListRoles")["Roles"]["Role"] == []


def test_rights_are_per_resource(ram: Ram, trust: str) -> None:
    ram("CreateRole", RoleName="mine", AssumeRolePolicyDocument=trust)
    ram("CreateRole", RoleName="other", AssumeRolePolicyDocument=trust)
    user = ram.new_user("alice", allow("ram:*", f"acs:ram:*:{UID}:role/mine"))
    assert user("GetRole", RoleName="mine")["Role"]["RoleName"] == "mine"
    assert user.refusal("GetRole", RoleName="other").code == "NoPermission"
    assert user.refusal("ListRoles").code == "NoPermission"


def test_attaching_needs_the_right_on_role_and_policy(ram: Ram, trust: str) -> None:
    ram("CreateRole", RoleName="r", AssumeRolePolicyDocument=trust)
    attach = {"PolicyType": "System", "PolicyName": "AliyunOSSFullAccess", "RoleName": "r"}
    half = ram.new_user("half", allow("ram:AttachPolicyToRole", f"acs:ram:*:{UID}:role/*"))
    assert half.refusal("AttachPolicyToRole", **attach).code == "NoPermission"
    both = ram.new_user(
        "both", allow("ram:AttachPolicyToRole", [f"acs:ram:*:{UID}:role/*", "acs:ram:*:system:policy/*"])
    )
    assert both("AttachPolicyToRole", **attach) == {}


def test_a_missing_parameter_is_told_before_a_missing_right(ram: Ram) -> None:
    assert ram.new_user("nobody").refusal("GetRole").code == "MissingRoleName"


def test_a_session_policy_narrows(ram: Ram, trust: str) -> None:
    role = ram("CreateRole", RoleName="admin", AssumeRolePolicyDocument=trust)["Role"]
    ram("AttachPolicyToRole", PolicyType="System", PolicyName="AliyunRAMFullAccess", RoleName="admin")
    session = Caller("assumed_role", UID, "admin", role["RoleId"], "s1")
    assert ram.acting_as(session)("GetRole", RoleName="admin")
    policy = policy_document(allow("ram:ListRoles"))
    narrowed = ram.acting_as(Caller("assumed_role", UID, "admin", role["RoleId"], "s1", session_policy=policy))
    assert narrowed("ListRoles")
    assert narrowed.refusal("GetRole", RoleName="admin").code == "NoPermission"


def test_a_taken_right_propagates(ram: Ram) -> None:
    ram.cloud.behaviour.policy_propagation_seconds = 30
    user = ram.new_user("alice", allow("ram:ListRoles"))
    assert user.refusal("ListRoles").code == "NoPermission"
    ram.cloud.clock.advance(31)
    assert user("ListRoles")
    ram("DetachPolicyFromUser", PolicyType="Custom", PolicyName="alice-policy", UserName="alice")
    assert user("ListRoles")
    ram.cloud.clock.advance(31)
    assert user.refusal("ListRoles").code == "NoPermission"
