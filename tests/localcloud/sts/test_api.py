"""STS: who am I, and assuming roles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from localcloud.cloud import Cloud
from localcloud.errors import RpcError
from localcloud.identity import Account, Caller
from localcloud.operation import RpcCall
from localcloud.ram.backend.account import RamAccount
from localcloud.ram.backend.attachments import attach
from localcloud.ram.backend.policies import create_policy, get_policy
from localcloud.ram.backend.roles import create_role, update_role
from localcloud.ram.backend.users import create_user
from localcloud.ram.model import RamState
from localcloud.sts.api import OPERATIONS
from tests.localcloud.documents import Json, policy_document

A, B = "1000000000000001", "2000000000000002"


def trusting(principal: Json, **more: object) -> str:
    return policy_document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal} | more)


class Sts:
    """Account A with the user ``alice`` who may assume roles; account B with the role ``Deployer`` that trusts A."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        for uid in (A, B):
            self.cloud.accounts[uid] = Account(uid, RamState())
        self.ram_a, self.ram_b = RamAccount.of(self.cloud, A), RamAccount.of(self.cloud, B)
        user = create_user(self.ram_a, "alice")
        attach(self.ram_a, user, get_policy(self.ram_a, "System", "AliyunSTSAssumeRoleAccess"))
        self.alice = Caller("ram_user", A, "alice", user.id)
        self.role = create_role(self.ram_b, "Deployer", trusting({"RAM": [f"acs:ram::{A}:root"]}))

    def __call__(self, action: str, caller: Caller | None = None, **params: str) -> Json:
        return OPERATIONS[action].handler(RpcCall(self.cloud, caller or self.alice, "r", params))

    def assume(self, caller: Caller | None = None, **changes: str) -> Json:
        params = {"RoleArn": f"acs:ram::{B}:role/Deployer", "RoleSessionName": "airflow"} | changes
        return self("AssumeRole", caller, **params)

    def refusal(self, caller: Caller | None = None, **changes: str) -> RpcError:
        with pytest.raises(RpcError) as refused:
            self.assume(caller, **changes)
        return refused.value


@pytest.fixture
def sts() -> Sts:
    return Sts()


def test_identity_of_an_account(sts: Sts) -> None:
    assert sts("GetCallerIdentity", Caller("account", A)) == {
        "AccountId": A,
        "IdentityType": "Account",
        "PrincipalId": A,
        "Arn": f"acs:ram::{A}:root",
    }


def test_identity_of_a_user(sts: Sts) -> None:
    answer = sts("GetCallerIdentity")
    assert answer["IdentityType"] == "RAMUser"
    assert answer["Arn"] == f"acs:ram::{A}:user/alice"
    assert answer["UserId"] == answer["PrincipalId"] == sts.alice.principal_id


def test_identity_of_a_session(sts: Sts) -> None:
    answer = sts("GetCallerIdentity", Caller("assumed_role", B, "Deployer", sts.role.id, "airflow"))
    assert answer["IdentityType"] == "AssumedRoleUser"
    assert answer["Arn"] == f"acs:ram::{B}:assumed-role/Deployer/airflow"
    assert answer["RoleId"] == sts.role.id
    assert answer["PrincipalId"] == f"{sts.role.id}:airflow"
    assert "UserId" not in answer


def test_assuming_a_role_of_another_account(sts: Sts) -> None:
    answer = sts.assume(RoleArn=f"acs:ram::{B}:role/deployer", DurationSeconds="900")
    assert answer["AssumedRoleUser"] == {
        "Arn": f"acs:ram::{B}:role/Deployer/airflow",
        "AssumedRoleId": f"{sts.role.id}:airflow",
    }
    credentials = answer["Credentials"]
    session = sts.cloud.sessions[credentials["AccessKeyId"]]
    assert credentials["AccessKeyId"].startswith("STS.")
    assert (session.secret, session.security_token) == (
        credentials["AccessKeySecret"],
        credentials["SecurityToken"],
    )
    assert (session.account_uid, session.role_name, session.role_id) == (B, "Deployer", sts.role.id)
    left = session.expires - sts.cloud.clock.now()
    assert timedelta(seconds=890) < left <= timedelta(seconds=900)


def test_the_session_policy_is_kept(sts: Sts) -> None:
    narrow = policy_document({"Effect": "Allow", "Action": "oss:Get*", "Resource": "*"})
    answer = sts.assume(Policy=narrow)
    assert sts.cloud.sessions[answer["Credentials"]["AccessKeyId"]].policy == narrow


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"RoleArn": ""}, "MissingRoleArn"),
        ({"RoleSessionName": ""}, "MissingRoleSessionName"),
        ({"RoleArn": "Deployer"}, "InvalidParameter.RoleArn"),
        ({"RoleArn": f"acs:ram::{B}:user/Deployer"}, "InvalidParameter.RoleArn"),
        ({"RoleSessionName": "a"}, "InvalidParameter.RoleSessionName"),
        ({"RoleSessionName": "a/b"}, "InvalidParameter.RoleSessionName"),
        ({"RoleSessionName": "x" * 65}, "InvalidParameter.RoleSessionName"),
        ({"DurationSeconds": "899"}, "InvalidParameter.DurationSeconds"),
        ({"DurationSeconds": "3601"}, "InvalidParameter.DurationSeconds"),
        ({"DurationSeconds": "soon"}, "InvalidParameter.DurationSeconds"),
        ({"DurationSeconds": "9" * 5000}, "InvalidParameter.DurationSeconds"),
        ({"Policy": "{}"}, "InvalidParameter.PolicyGrammar"),
        ({"Policy": " " * 2049}, "InvalidParameter.PolicySize"),
    ],
)
def test_refused_parameters(sts: Sts, changes: dict[str, Any], code: str) -> None:
    refused = sts.refusal(**changes)
    assert (refused.status, refused.code) == (400, code)
    assert sts.cloud.sessions == {}


def test_the_longest_session_is_the_roles(sts: Sts) -> None:
    update_role(sts.ram_b, "Deployer", max_session_seconds=7200)
    assert sts.assume(DurationSeconds="7200")
    assert sts.refusal(DurationSeconds="7201").message == "The Min/Max value of DurationSeconds is 15min/2hr."


def test_an_account_assumes_no_role(sts: Sts) -> None:
    refused = sts.refusal(Caller("account", A))
    assert (refused.status, refused.code) == (403, "NoPermission")
    assert refused.message == "Roles may not be assumed by root accounts."


def test_the_caller_needs_the_right_itself(sts: Sts) -> None:
    bob = create_user(sts.ram_a, "bob")
    refused = sts.refusal(Caller("ram_user", A, "bob", bob.id))
    assert (refused.status, refused.code) == (403, "NoPermission")
    detail = refused.details["AccessDeniedDetail"]
    assert (detail["PolicyType"], detail["AuthAction"]) == ("AccountLevelIdentityBasedPolicy", "sts:AssumeRole")


def test_the_callers_right_can_be_for_one_role(sts: Sts) -> None:
    bob = create_user(sts.ram_a, "bob")
    one = policy_document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"acs:ram::{B}:role/Deployer"})
    attach(sts.ram_a, bob, create_policy(sts.ram_a, "one-role", one))
    create_role(sts.ram_b, "Other", trusting({"RAM": [f"acs:ram::{A}:root"]}))
    caller = Caller("ram_user", A, "bob", bob.id)
    assert sts.assume(caller)
    assert sts.refusal(caller, RoleArn=f"acs:ram::{B}:role/Other").code == "NoPermission"


@pytest.mark.parametrize(
    "principal",
    [
        {"RAM": [f"acs:ram::{B}:root"]},
        {"RAM": [f"acs:ram::{A}:user/bob"]},
        {"Service": ["oss.aliyuncs.com"]},
    ],
)
def test_the_role_must_trust_the_caller(sts: Sts, principal: Json) -> None:
    update_role(sts.ram_b, "Deployer", trust_policy=trusting(principal))
    refused = sts.refusal()
    assert (refused.status, refused.code) == (403, "NoPermission")
    assert refused.details["AccessDeniedDetail"]["PolicyType"] == "AssumeRolePolicy"


def test_an_external_id_can_be_asked_for(sts: Sts) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "shared"}}
    update_role(sts.ram_b, "Deployer", trust_policy=trusting({"RAM": f"acs:ram::{A}:user/alice"}, Condition=condition))
    assert sts.refusal().code == "NoPermission"
    assert sts.refusal(ExternalId="wrong").code == "NoPermission"
    assert sts.assume(ExternalId="shared")


def test_a_role_may_assume_another(sts: Sts) -> None:
    middle = create_role(sts.ram_a, "middle", trusting({"RAM": [f"acs:ram::{A}:root"]}))
    attach(sts.ram_a, middle, get_policy(sts.ram_a, "System", "AliyunSTSAssumeRoleAccess"))
    assert sts.assume(Caller("assumed_role", A, "middle", middle.id, "hop"))


@pytest.mark.parametrize("uid", [B, "9000000000000009"])
def test_unknown_role(sts: Sts, uid: str) -> None:
    refused = sts.refusal(RoleArn=f"acs:ram::{uid}:role/nothing")
    assert (refused.status, refused.code) == (404, "EntityNotExist.Role")
