"""Policies, their versions, and what they are attached to."""

from __future__ import annotations

import json

import pytest

from tests.localcloud.documents import policy_document
from tests.localcloud.ram.harness import Ram

ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"


def version(number: int) -> str:
    return policy_document({"Effect": "Allow", "Action": f"oss:Get{number}", "Resource": "*"})


def version_ids(ram: Ram) -> list[str]:
    answer = ram("ListPolicyVersions", PolicyType="Custom", PolicyName="p")
    return [entry["VersionId"] for entry in answer["PolicyVersions"]["PolicyVersion"]]


@pytest.fixture
def full(ram: Ram) -> Ram:
    """A policy with five versions of which ``v3`` is the default."""
    ram("CreatePolicy", PolicyName="p", PolicyDocument=version(1))
    for number in range(2, 6):
        ram("CreatePolicyVersion", PolicyName="p", PolicyDocument=version(number))
    ram("SetDefaultPolicyVersion", PolicyName="p", VersionId="v3")
    return ram


def test_a_policy_is_answered_with_its_document_as_sent(ram: Ram, document: str) -> None:
    spaced = document.replace(", ", " ,\n  ")
    made = ram("CreatePolicy", PolicyName="p", PolicyDocument=spaced, Description="d")["Policy"]
    assert (made["PolicyName"], made["PolicyType"], made["DefaultVersion"]) == ("p", "Custom", "v1")
    answer = ram("GetPolicy", PolicyType="Custom", PolicyName="p")
    assert answer["Policy"]["AttachmentCount"] == 0
    assert answer["DefaultPolicyVersion"]["PolicyDocument"] == spaced
    assert answer["DefaultPolicyVersion"]["IsDefaultVersion"] is True


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PolicyName": "a_b"}, "InvalidParameter.PolicyName.InvalidChars"),
        ({"PolicyName": "a" * 129}, "InvalidParameter.PolicyName.Length"),
        ({"PolicyDocument": "{"}, "MalformedPolicyDocument"),
        ({"PolicyDocument": " " * 6145}, "InvalidParameter.PolicyDocument.Length"),
        ({"PolicyDocument": ""}, "MissingPolicyDocument"),
    ],
)
def test_refused_parameters(ram: Ram, document: str, changes: dict[str, str], code: str) -> None:
    params = {"PolicyName": "p", "PolicyDocument": document} | changes
    refused = ram.refusal("CreatePolicy", **params)
    assert (refused.status, refused.code) == (400, code)


def test_the_largest_policy_has_6144_characters(ram: Ram, document: str) -> None:
    ram("CreatePolicy", PolicyName="p", PolicyDocument=document.ljust(6144))


def test_names_are_unique(ram: Ram, document: str) -> None:
    ram("CreatePolicy", PolicyName="p", PolicyDocument=document)
    refused = ram.refusal("CreatePolicy", PolicyName="p", PolicyDocument=document)
    assert (refused.status, refused.code) == (409, "EntityAlreadyExists.Policy")


def test_system_policies_are_there_and_readable(ram: Ram) -> None:
    policy = ram("GetPolicy", PolicyType="System", PolicyName="AliyunOSSFullAccess")
    assert json.loads(policy["DefaultPolicyVersion"]["PolicyDocument"])["Statement"][0]["Action"] == ["oss:*"]
    listed = ram("ListPolicies", PolicyType="System")["Policies"]["Policy"]
    assert {"AdministratorAccess", "AliyunKMSCryptoUserAccess"} <= {entry["PolicyName"] for entry in listed}
    assert ram("ListPolicies", PolicyType="Custom")["Policies"]["Policy"] == []
    assert ram.refusal("ListPolicies", PolicyType="Other").code == "InvalidParameter.PolicyType"


def test_a_system_policy_is_not_to_be_changed(ram: Ram, document: str) -> None:
    refused = ram.refusal("CreatePolicyVersion", PolicyName="AliyunOSSFullAccess", PolicyDocument=document)
    assert refused.code == "EntityNotExist.Policy"


def test_a_sixth_version_is_refused(full: Ram) -> None:
    refused = full.refusal("CreatePolicyVersion", PolicyName="p", PolicyDocument=version(6))
    assert (refused.status, refused.code) == (409, "LimitExceeded.Policy.Version")
    assert version_ids(full) == ["v1", "v2", "v3", "v4", "v5"]


def test_rotation_makes_room_but_keeps_the_default(full: Ram) -> None:
    for number in (6, 7, 8):
        made = full("CreatePolicyVersion", PolicyName="p", PolicyDocument=version(number), RotateStrategy=ROTATE)
        assert made["PolicyVersion"]["VersionId"] == f"v{number}"
    assert version_ids(full) == ["v3", "v5", "v6", "v7", "v8"]
    assert full("GetPolicy", PolicyType="Custom", PolicyName="p")["Policy"]["DefaultVersion"] == "v3"


def test_a_new_version_takes_effect_only_as_default(full: Ram) -> None:
    full("DeletePolicyVersion", PolicyName="p", VersionId="v1")
    made = full("CreatePolicyVersion", PolicyName="p", PolicyDocument=version(6), SetAsDefault="true")
    assert made["PolicyVersion"]["IsDefaultVersion"] is True
    default = full("GetPolicy", PolicyType="Custom", PolicyName="p")["DefaultPolicyVersion"]
    assert (default["VersionId"], default["PolicyDocument"]) == ("v6", version(6))


@pytest.mark.parametrize(
    ("action", "version_id", "status", "code"),
    [
        ("DeletePolicyVersion", "v3", 409, "DeleteConflict.Policy.Version.Default"),
        ("DeletePolicyVersion", "v9", 404, "EntityNotExist.Policy.Version"),
        ("SetDefaultPolicyVersion", "v9", 404, "EntityNotExist.Policy.Version"),
        ("SetDefaultPolicyVersion", "three", 400, "InvalidParameter.VersionId.Format"),
    ],
)
def test_version_errors(full: Ram, action: str, version_id: str, status: int, code: str) -> None:
    refused = full.refusal(action, PolicyName="p", VersionId=version_id)
    assert (refused.status, refused.code) == (status, code)


def test_bad_switches_are_refused(full: Ram) -> None:
    params = {"PolicyName": "p", "PolicyDocument": version(6)}
    assert full.refusal("CreatePolicyVersion", **params, RotateStrategy="x").code == "InvalidParameter.RotateStrategy"
    assert full.refusal("CreatePolicyVersion", **params, SetAsDefault="x").code == "InvalidParameter.SetAsDefault"


def test_one_version_is_read(full: Ram) -> None:
    answer = full("GetPolicyVersion", PolicyType="Custom", PolicyName="p", VersionId="v2")
    assert answer["PolicyVersion"]["PolicyDocument"] == version(2)
    assert answer["PolicyVersion"]["IsDefaultVersion"] is False


def test_the_description_changes(full: Ram) -> None:
    full("UpdatePolicyDescription", PolicyName="p", NewDescription="new")
    assert full("GetPolicy", PolicyType="Custom", PolicyName="p")["Policy"]["Description"] == "new"


def test_deleting_conflicts_with_versions_and_attachments(full: Ram, trust: str) -> None:
    assert full.refusal("DeletePolicy", PolicyName="p").code == "DeleteConflict.Policy.Version"
    full("CreateUser", UserName="u")
    full("CreateRole", RoleName="r", AssumeRolePolicyDocument=trust)
    full("AttachPolicyToRole", PolicyType="Custom", PolicyName="p", RoleName="r")
    assert full.refusal("DeletePolicy", PolicyName="p").code == "DeleteConflict.Role.Policy"
    full("AttachPolicyToUser", PolicyType="Custom", PolicyName="p", UserName="u")
    assert full.refusal("DeletePolicy", PolicyName="p").code == "DeleteConflict.Policy.User"


def test_cascading_deletion(full: Ram, trust: str) -> None:
    full("CreateRole", RoleName="r", AssumeRolePolicyDocument=trust)
    full("AttachPolicyToRole", PolicyType="Custom", PolicyName="p", RoleName="r")
    full("DeletePolicy", PolicyName="p", CascadingDelete="true")
    assert full.refusal("GetPolicy", PolicyType="Custom", PolicyName="p").code == "EntityNotExist.Policy"
    assert full("ListPoliciesForRole", RoleName="r")["Policies"]["Policy"] == []
