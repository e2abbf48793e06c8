"""Roles."""

from __future__ import annotations

import pytest

from tests.localcloud.ram.harness import Ram


def test_a_role_is_answered_as_it_was_made(ram: Ram, trust: str) -> None:
    made = ram("CreateRole", RoleName="Crr-Role", AssumeRolePolicyDocument=trust, Description="copies")["Role"]
    assert made["Arn"] == f"acs:ram::{ram.uid}:role/Crr-Role"
    assert made["AssumeRolePolicyDocument"] == trust
    assert made["MaxSessionDuration"] == 3600
    assert ram("GetRole", RoleName="Crr-Role")["Role"] == made


def test_names_are_found_and_unique_without_regard_to_case(ram: Ram, trust: str) -> None:
    ram("CreateRole", RoleName="Crr", AssumeRolePolicyDocument=trust)
    assert ram("GetRole", RoleName="cRR")["Role"]["RoleName"] == "Crr"
    refused = ram.refusal("CreateRole", RoleName="CRR", AssumeRolePolicyDocument=trust)
    assert (refused.status, refused.code) == (409, "EntityAlreadyExists.Role")
    assert refused.message == "The role does already EXIST."


def test_the_arn_can_be_lower_case(ram: Ram, trust: str) -> None:
    ram.cloud.behaviour.lower_case_role_arn = True
    made = ram("CreateRole", RoleName="Crr", AssumeRolePolicyDocument=trust)["Role"]
    assert (made["RoleName"], made["Arn"]) == ("Crr", f"acs:ram::{ram.uid}:role/crr")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"RoleName": ""}, "MissingRoleName"),
        ({"AssumeRolePolicyDocument": ""}, "MissingAssumeRolePolicyDocument"),
        ({"RoleName": "a_b"}, "InvalidParameter.RoleName.InvalidChars"),
        ({"RoleName": "röle"}, "InvalidParameter.RoleName.InvalidChars"),
        ({"RoleName": "a" * 65}, "InvalidParameter.RoleName.Length"),
        ({"Description": "x" * 1025}, "InvalidParameter.Description.Length"),
        ({"AssumeRolePolicyDocument": "{}"}, "MalformedPolicyDocument"),
        ({"AssumeRolePolicyDocument": " " * 4097}, "InvalidParameter.AssumeRolePolicyDocument.Length"),
        ({"MaxSessionDuration": "60"}, "InvalidParameter.MaxSessionDuration"),
        ({"MaxSessionDuration": "long"}, "InvalidParameter.MaxSessionDuration"),
    ],
)
def test_refused_parameters(ram: Ram, trust: str, changes: dict[str, str], code: str) -> None:
    params = {"RoleName": "ok", "AssumeRolePolicyDocument": trust} | changes
    refused = ram.refusal("CreateRole", **params)
    assert (refused.status, refused.code) == (400, code)
    assert ram("ListRoles")["Roles"]["Role"] == []


def test_update_changes_what_is_given(ram: Ram, trust: str) -> None:
    ram("CreateRole", RoleName="crr", AssumeRolePolicyDocument=trust, Description="old")
    other = trust.replace("oss.", "ecs.")
    updated = ram("UpdateRole", RoleName="crr", NewAssumeRolePolicyDocument=other, NewMaxSessionDuration="7200")
    assert updated["Role"]["AssumeRolePolicyDocument"] == other
    assert updated["Role"]["MaxSessionDuration"] == 7200
    assert updated["Role"]["Description"] == "old"
    assert ram.refusal("UpdateRole", RoleName="none", NewDescription="x").code == "EntityNotExist.Role"


def test_listing_goes_page_by_page(ram: Ram, trust: str) -> None:
    names = [f"role-{n:02}" for n in range(7)]
    for name in reversed(names):
        ram("CreateRole", RoleName=name, AssumeRolePolicyDocument=trust)
    seen: list[str] = []
    marker: str | None = ""
    for expected in (3, 3, 1):
        answer = ram("ListRoles", MaxItems="3", Marker=marker or "")
        seen += [role["RoleName"] for role in answer["Roles"]["Role"]]
        assert len(answer["Roles"]["Role"]) == expected
        marker = answer.get("Marker")
    assert seen == names
    assert answer["IsTruncated"] is False
    assert marker is None


@pytest.mark.parametrize(
    "params", [{"MaxItems": "0"}, {"MaxItems": "1001"}, {"MaxItems": "9" * 5000}, {"Marker": "%%%"}, {"Marker": "a"}]
)
def test_bad_paging_is_refused(ram: Ram, params: dict[str, str]) -> None:
    assert ram.refusal("ListRoles", **params).code == f"InvalidParameter.{next(iter(params))}"


def test_a_role_with_policies_is_not_deleted(ram: Ram, trust: str) -> None:
    ram("CreateRole", RoleName="crr", AssumeRolePolicyDocument=trust)
    policy = {"PolicyType": "System", "PolicyName": "AliyunOSSFullAccess", "RoleName": "crr"}
    ram("AttachPolicyToRole", **policy)
    refused = ram.refusal("DeleteRole", RoleName="crr")
    assert (refused.status, refused.code) == (409, "DeleteConflict.Role.Policy")
    ram("DetachPolicyFromRole", **policy)
    assert ram("DeleteRole", RoleName="crr") == {}
    assert ram.refusal("GetRole", RoleName="crr").code == "EntityNotExist.Role"


def test_the_account_has_a_quota_of_roles(ram: Ram, trust: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localcloud.ram.backend.roles.MAX_ROLES", 1)
    ram("CreateRole", RoleName="one", AssumeRolePolicyDocument=trust)
    refused = ram.refusal("CreateRole", RoleName="two", AssumeRolePolicyDocument=trust)
    assert (refused.status, refused.code) == (409, "LimitExceeded.Role")
