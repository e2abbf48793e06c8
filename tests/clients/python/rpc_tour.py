"""RAM, STS and KMS through any Python client that can call an action by its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.clients.python.report import Refusal, Report

#: Calls an action: product, action, parameters, then key id, secret and security token; returns the answer's members.
Call = Callable[[str, str, Mapping[str, str], str, str, str], Mapping[str, Any]]

_TRUST = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}}],
}
_POLICY = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}]}
_VISITOR = {"RoleName": "Visitor"}
_ATTACHMENT = {"PolicyType": "Custom", "PolicyName": "visitor-policy", "RoleName": "Visitor"}


class RpcTour:
    """One tour through RAM, STS and KMS."""

    def __init__(self, call: Call, refusal: Refusal) -> None:
        self._call = call
        self.report = Report(refusal)

    def ram(self, action: str, key: str = "a", **params: str) -> Mapping[str, Any]:
        return self._call("ram", action, params, f"key-{key}", f"secret-{key}", "")

    def run(self) -> None:
        """Make the tour and print the findings."""
        self.identities()
        self.roles()
        self.policies()
        self.sessions()
        self.keys()
        self.report.print()

    def identities(self) -> None:
        self.report.find("account", lambda: self.identity("key-a", "secret-a"))
        self.report.find("user", lambda: self.identity("key-reader", "secret-reader"))
        self.report.find("other_account", lambda: self.identity("key-b", "secret-b")[0])
        self.report.refused("wrong_secret", lambda: self.identity("key-a", "wrong"))
        self.report.refused("unknown_key", lambda: self.identity("key-nobody", "x"))

    def identity(self, key_id: str, secret: str, token: str = "") -> list[str]:
        answer = self._call("sts", "GetCallerIdentity", {}, key_id, secret, token)
        return [answer["AccountId"], answer["IdentityType"], answer["Arn"]]

    def roles(self) -> None:
        trust = {"AssumeRolePolicyDocument": json.dumps(_TRUST)}
        self.report.find("role", lambda: self.ram("CreateRole", **_VISITOR, **trust)["Role"]["Arn"])
        self.report.refused("same_role", lambda: self.ram("CreateRole", **_VISITOR, **trust))
        self.report.refused("missing_role", lambda: self.ram("GetRole", RoleName="nobody"))
        broken = {"RoleName": "Broken", "AssumeRolePolicyDocument": "{"}
        self.report.refused("bad_trust", lambda: self.ram("CreateRole", **broken))
        self.report.find("roles", lambda: sorted(r["RoleName"] for r in self.ram("ListRoles")["Roles"]["Role"]))
        self.report.refused("denied", lambda: self.ram("CreateRole", "reader", **_VISITOR, **trust))

    def policies(self) -> None:
        self.report.find("policy", self.make_policy)
        self.report.find("attached", self.attach)
        self.report.refused("attached_twice", lambda: self.ram("AttachPolicyToRole", **_ATTACHMENT))
        self.report.refused("conflict", lambda: self.ram("DeleteRole", **_VISITOR))
        self.ram("DetachPolicyFromRole", **_ATTACHMENT)
        self.ram("DeletePolicy", PolicyName="visitor-policy")
        self.ram("DeleteRole", **_VISITOR)
        self.report.refused("gone", lambda: self.ram("DeleteRole", **_VISITOR))

    def make_policy(self) -> list[str]:
        made = self.ram("CreatePolicy", PolicyName="visitor-policy", PolicyDocument=json.dumps(_POLICY))["Policy"]
        return [made["PolicyName"], made["PolicyType"], made["DefaultVersion"]]

    def attach(self) -> list[str]:
        self.ram("AttachPolicyToRole", **_ATTACHMENT)
        listed = self.ram("ListPoliciesForRole", **_VISITOR)["Policies"]["Policy"]
        return [policy["PolicyName"] for policy in listed]

    def sessions(self) -> None:
        params = {"RoleArn": "acs:ram::1000000000000001:role/Guest", "RoleSessionName": "tour"}
        assumed = self._call("sts", "AssumeRole", params, "key-operator", "secret-operator", "")
        given = assumed["Credentials"]
        self.report.find("assumed", lambda: assumed["AssumedRoleUser"]["Arn"])
        keys = (given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"])
        self.report.find("session", lambda: self.identity(*keys)[:2])

    def keys(self) -> None:
        self.report.find("kms", self.encrypt)
        self.report.refused("missing_key", lambda: self.kms("DescribeKey", KeyId="alias/none"))

    def kms(self, action: str, **params: str) -> Mapping[str, Any]:
        return self._call("kms", action, params, "key-a", "secret-a", "")

    def encrypt(self) -> list[str]:
        secret = self.kms("Encrypt", KeyId="alias/tour", Plaintext="aGVsbG8=")["CiphertextBlob"]
        plain: str = self.kms("Decrypt", CiphertextBlob=secret)["Plaintext"]
        return [plain, self.kms("DescribeKey", KeyId="alias/tour")["KeyMetadata"]["KeyState"]]
