"""Attaching policies to roles and users."""

from __future__ import annotations

import pytest

from tests.localcloud.ram.harness import Ram

#: The kind of holder, and the parameter that names one.
Target = tuple[str, dict[str, str]]

POLICY = {"PolicyType": "System", "PolicyName": "AliyunOSSFullAccess"}


@pytest.fixture(params=["Role", "User"])
def target(request: pytest.FixtureRequest, ram: Ram, trust: str) -> Target:
    """Return a role, and then a user, to attach policies to."""
    if request.param == "Role":
        ram("CreateRole", RoleName="it", AssumeRolePolicyDocument=trust)
    else:
        ram("CreateUser", UserName="it")
    return request.param, {f"{request.param}Name": "it"}


def test_attach_list_detach(ram: Ram, target: Target) -> None:
    kind, name = target
    assert ram(f"AttachPolicyTo{kind}", **POLICY, **name) == {}
    [listed] = ram(f"ListPoliciesFor{kind}", **name)["Policies"]["Policy"]
    assert (listed["PolicyName"], listed["PolicyType"], listed["DefaultVersion"]) == (
        "AliyunOSSFullAccess",
        "System",
        "v1",
    )
    assert listed["AttachDate"].endswith("Z")
    assert ram("GetPolicy", **POLICY)["Policy"]["AttachmentCount"] == 1
    ram(f"DetachPolicyFrom{kind}", **POLICY, **name)
    assert ram(f"ListPoliciesFor{kind}", **name)["Policies"]["Policy"] == []


def test_entities_of_a_policy(ram: Ram, target: Target) -> None:
    kind, name = target
    ram(f"AttachPolicyTo{kind}", **POLICY, **name)
    entities = ram("ListEntitiesForPolicy", **POLICY)
    [found] = entities[f"{kind}s"][kind]
    assert found[f"{kind}Name"] == "it"
    assert entities["Groups"] == {"Group": []}
    other = "User" if kind == "Role" else "Role"
    assert entities[f"{other}s"] == {other: []}


def test_attaching_twice_and_detaching_nothing(ram: Ram, target: Target) -> None:
    kind, name = target
    refused = ram.refusal(f"DetachPolicyFrom{kind}", **POLICY, **name)
    assert (refused.status, refused.code) == (404, f"EntityNotExist.{kind}.Policy")
    ram(f"AttachPolicyTo{kind}", **POLICY, **name)
    refused = ram.refusal(f"AttachPolicyTo{kind}", **POLICY, **name)
    assert (refused.status, refused.code) == (409, f"EntityAlreadyExists.{kind}.Policy")


def test_unknown_parties(ram: Ram, target: Target) -> None:
    kind, name = target
    unknown = POLICY | {"PolicyName": "Nothing"}
    assert ram.refusal(f"AttachPolicyTo{kind}", **unknown, **name).code == "EntityNotExist.Policy"
    absent = {f"{kind}Name": "nobody"}
    assert ram.refusal(f"AttachPolicyTo{kind}", **POLICY, **absent).code == f"EntityNotExist.{kind}"
    assert ram.refusal(f"AttachPolicyTo{kind}", **name, PolicyName="x").code == "MissingPolicyType"


def test_ten_custom_policies_at_most(ram: Ram, target: Target, document: str) -> None:
    kind, name = target
    for number in range(11):
        ram("CreatePolicy", PolicyName=f"p{number}", PolicyDocument=document)
    for number in range(10):
        ram(f"AttachPolicyTo{kind}", PolicyType="Custom", PolicyName=f"p{number}", **name)
    refused = ram.refusal(f"AttachPolicyTo{kind}", PolicyType="Custom", PolicyName="p10", **name)
    assert (refused.status, refused.code) == (409, f"LimitExceeded.{kind}.Policy")
    # System policies are counted apart.
    ram(f"AttachPolicyTo{kind}", **POLICY, **name)
