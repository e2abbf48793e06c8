"""RAM users and access keys, and what counts them."""

from __future__ import annotations

from localcloud.operation import RpcCall
from localcloud.ram.api import ims
from tests.localcloud.ram.harness import Ram


def test_user_life(ram: Ram) -> None:
    made = ram("CreateUser", UserName="alice", DisplayName="Alice")["User"]
    assert ram("GetUser", UserName="alice")["User"] == made
    assert ram.refusal("CreateUser", UserName="alice").code == "EntityAlreadyExists.User"
    assert ram.refusal("CreateUser", UserName="a b").code == "InvalidParameter.UserName.InvalidChars"
    ram("CreateUser", UserName="Bob")
    listed = ram("ListUsers", MaxItems="1")
    assert (listed["IsTruncated"], len(listed["Users"]["User"])) == (True, 1)
    ram("DeleteUser", UserName="alice")
    assert ram.refusal("GetUser", UserName="alice").code == "EntityNotExist.User"


def test_access_key_life(ram: Ram) -> None:
    ram("CreateUser", UserName="alice")
    key = ram("CreateAccessKey", UserName="alice")["AccessKey"]
    stored = ram.cloud.access_key(key["AccessKeyId"])
    assert stored is not None
    assert (stored.secret, stored.user_name, stored.active) == (key["AccessKeySecret"], "alice", True)
    ram("UpdateAccessKey", UserName="alice", UserAccessKeyId=key["AccessKeyId"], Status="Inactive")
    disabled = ram.cloud.access_key(key["AccessKeyId"])
    assert disabled is not None
    assert not disabled.active
    [listed] = ram("ListAccessKeys", UserName="alice")["AccessKeys"]["AccessKey"]
    assert listed == {"AccessKeyId": key["AccessKeyId"], "Status": "Inactive", "CreateDate": key["CreateDate"]}
    assert ram.refusal("DeleteUser", UserName="alice").code == "DeleteConflict.User.AccessKey"
    ram("DeleteAccessKey", UserName="alice", UserAccessKeyId=key["AccessKeyId"])
    assert ram.cloud.access_key(key["AccessKeyId"]) is None
    ram("DeleteUser", UserName="alice")


def test_access_key_errors(ram: Ram) -> None:
    assert ram.refusal("CreateAccessKey", UserName="nobody").code == "EntityNotExist.User"
    ram("CreateUser", UserName="alice")
    missing = {"UserName": "alice", "UserAccessKeyId": "LTAI"}
    assert ram.refusal("DeleteAccessKey", **missing).code == "EntityNotExist.User.AccessKey"
    assert ram.refusal("UpdateAccessKey", **missing, Status="Asleep").code == "InvalidParameter.Status"
    for _ in range(2):
        ram("CreateAccessKey", UserName="alice")
    assert ram.refusal("CreateAccessKey", UserName="alice").code == "LimitExceeded.User.AccessKey"


def test_a_users_key_cannot_be_deleted_under_another_name(ram: Ram) -> None:
    ram("CreateUser", UserName="alice")
    ram("CreateUser", UserName="bob")
    key_id = ram("CreateAccessKey", UserName="alice")["AccessKey"]["AccessKeyId"]
    refused = ram.refusal("DeleteAccessKey", UserName="bob", UserAccessKeyId=key_id)
    assert refused.code == "EntityNotExist.User.AccessKey"


def test_a_user_with_policies_is_not_deleted(ram: Ram) -> None:
    ram("CreateUser", UserName="alice")
    ram("AttachPolicyToUser", PolicyType="System", PolicyName="ReadOnlyAccess", UserName="alice")
    assert ram.refusal("DeleteUser", UserName="alice").code == "DeleteConflict.User.Policy"


def test_summary_and_alias(ram: Ram) -> None:
    ram("CreateUser", UserName="alice")
    summary = ims.OPERATIONS["GetAccountSummary"].handler(RpcCall(ram.cloud, ram.caller, "r", {}))["SummaryMap"]
    assert isinstance(summary, dict)
    assert (summary["Users"], summary["RolesQuota"], summary["VersionsPerPolicyQuota"]) == (1, 1000, 5)
    assert ram("GetAccountAlias") == {"AccountAlias": ram.uid}
