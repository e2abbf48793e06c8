"""What this package does with RAM: roles, policies, and which policy is attached to which role.

Errors are those of the vendor's pages of each API (RAM, version 2015-05-01; GetAccountSummary is of IMS, 2019-08-15).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oss_crr.errors import AlreadyExists, Conflict, NotFound
from oss_crr.hooks.rpc import RpcClient
from oss_crr.model import AccountSummary, AttachedPolicy, PolicyInfo, PolicyType, RoleInfo

#: Makes room for a sixth version by removing the oldest one that is not in use (CreatePolicyVersion).
ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
#: Most entries of one page (ListRoles and ListPolicies).
PAGE_ITEMS = "1000"
#: What DeletePolicy says while there are versions besides the default one.
OLD_VERSIONS = "DeleteConflict.Policy.Version"


class RamApi:
    """RAM with the rights of one account. Safe to use from several threads.

    Methods that create raise AlreadyExists when the thing is there, maybe by this very call when its answer was lost:
    read again and compare. Methods that attach, detach or delete take "is so already" for success.

    :param client: calls RAM.
    :param ims: calls IMS.
    """

    def __init__(self, client: RpcClient, ims: RpcClient) -> None:
        self._client = client
        self._ims = ims

    # --- roles -------------------------------------------------------------------------------------------------------

    def get_role(self, name: str) -> RoleInfo | None:
        """Return a role, or None when it does not exist."""
        try:
            answer = self._client.call("GetRole", _role(name), {"RoleName": name})
        except NotFound:
            return None
        return _role_info(answer["Role"])

    def role_names(self) -> frozenset[str]:
        """Return the names of all roles of the account, a thousand by each call."""
        pages = self._pages("ListRoles", "the account's roles", {})
        return frozenset(role["RoleName"] for page in pages for role in _items(page, "Roles", "Role"))

    def create_role(self, name: str, trust_policy: str, description: str) -> RoleInfo:
        """Create a role.

        :param trust_policy: JSON text of the trust policy.
        :raises AlreadyExists: there is a role of that name.
        """
        params = {"RoleName": name, "AssumeRolePolicyDocument": trust_policy, "Description": description}
        return _role_info(self._client.call("CreateRole", _role(name), params)["Role"])

    def update_role_trust(self, name: str, trust_policy: str) -> RoleInfo:
        """Replace a role's trust policy.

        :param trust_policy: JSON text.
        :raises NotFound: there is no such role.
        """
        params = {"RoleName": name, "NewAssumeRolePolicyDocument": trust_policy}
        return _role_info(self._client.call("UpdateRole", _role(name), params)["Role"])

    def delete_role(self, name: str) -> None:
        """Delete a role.

        :raises Conflict: a policy is still attached to it.
        """
        try:
            self._client.call("DeleteRole", _role(name), {"RoleName": name})
        except NotFound:
            return

    # --- policies ----------------------------------------------------------------------------------------------------

    def get_policy(self, name: str, policy_type: PolicyType = "Custom") -> PolicyInfo | None:
        """Return a policy with its default version, or None when it does not exist."""
        params = {"PolicyName": name, "PolicyType": policy_type}
        try:
            answer = self._client.call("GetPolicy", _policy(name), params)
        except NotFound:
            return None
        return _policy_info(answer)

    def custom_policy_names(self) -> frozenset[str]:
        """Return the names of all custom policies of the account, a thousand by each call."""
        pages = self._pages("ListPolicies", "the account's policies", {"PolicyType": "Custom"})
        return frozenset(policy["PolicyName"] for page in pages for policy in _items(page, "Policies", "Policy"))

    def create_policy(self, name: str, document: str, description: str) -> None:
        """Create a custom policy.

        :param document: JSON text.
        :raises AlreadyExists: there is a policy of that name.
        """
        params = {"PolicyName": name, "PolicyDocument": document, "Description": description}
        self._client.call("CreatePolicy", _policy(name), params)

    def create_policy_version(self, name: str, document: str) -> None:
        """Make a document the default version of a custom policy, removing the oldest version if there are five."""
        params = {"PolicyName": name, "PolicyDocument": document, "SetAsDefault": "true", "RotateStrategy": ROTATE}
        self._client.call("CreatePolicyVersion", _policy(name), params, replaces=True)

    def delete_policy(self, name: str) -> None:
        """Delete a custom policy, with all its versions.

        CascadingDelete is not used: its page says that it deletes versions, its name could also mean to detach the
        policy from everybody who has it.

        :raises Conflict: it is still attached to something.
        """
        try:
            self._delete_policy(name)
        except Conflict as error:
            if error.answer is None or error.answer.code != OLD_VERSIONS:
                raise
            self._delete_old_versions(name)
            self._delete_policy(name)

    def _delete_policy(self, name: str) -> None:
        try:
            self._client.call("DeletePolicy", _policy(name), {"PolicyName": name}, replaces=True)
        except NotFound:
            return

    def _delete_old_versions(self, name: str) -> None:
        answer = self._client.call("ListPolicyVersions", _policy(name), {"PolicyName": name, "PolicyType": "Custom"})
        for version in _items(answer, "PolicyVersions", "PolicyVersion"):
            if not version["IsDefaultVersion"]:
                self._delete_version(name, version["VersionId"])

    def _delete_version(self, name: str, version: str) -> None:
        params = {"PolicyName": name, "VersionId": version}
        try:
            self._client.call("DeletePolicyVersion", f"version `{version}` of {_policy(name)}", params)
        except NotFound:
            return

    # --- attachments -------------------------------------------------------------------------------------------------

    def attach_policy(self, role: str, policy: str, policy_type: PolicyType = "Custom") -> None:
        """Attach a policy to a role.

        :raises NotFound: role or policy does not exist.
        """
        try:
            self._client.call("AttachPolicyToRole", _link(policy, role), _attachment(role, policy, policy_type))
        except AlreadyExists:
            return

    def detach_policy(self, role: str, policy: str, policy_type: PolicyType = "Custom") -> None:
        """Detach a policy from a role."""
        try:
            self._client.call("DetachPolicyFromRole", _link(policy, role), _attachment(role, policy, policy_type))
        except NotFound:
            return

    def list_policies_for_role(self, role: str) -> tuple[AttachedPolicy, ...] | None:
        """Return the policies attached to a role, or None when the role does not exist."""
        try:
            answer = self._client.call("ListPoliciesForRole", _role(role), {"RoleName": role})
        except NotFound:
            return None
        policies = _items(answer, "Policies", "Policy")
        return tuple(AttachedPolicy(policy["PolicyName"], policy["PolicyType"]) for policy in policies)

    def list_entities_for_policy(self, policy: str, policy_type: PolicyType = "Custom") -> tuple[str, ...]:
        """Return the names of the roles a policy is attached to; none when the policy does not exist."""
        params = {"PolicyName": policy, "PolicyType": policy_type}
        try:
            answer = self._client.call("ListEntitiesForPolicy", _policy(policy), params)
        except NotFound:
            return ()
        return tuple(role["RoleName"] for role in _items(answer, "Roles", "Role"))

    def _pages(self, action: str, target: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
        paging: dict[str, str] = {}
        while True:
            answer = self._client.call(action, target, {**params, **paging, "MaxItems": PAGE_ITEMS})
            yield answer
            if not answer.get("IsTruncated"):
                return
            paging = {"Marker": answer["Marker"]}

    # --- quotas ------------------------------------------------------------------------------------------------------

    def get_account_summary(self) -> AccountSummary:
        """Return how many roles and policies the account has, and how many it may have."""
        answer = self._ims.call("GetAccountSummary", "the account")
        return _account_summary(answer["SummaryMap"])


def _role(name: str) -> str:
    return f"role `{name}`"


def _policy(name: str) -> str:
    return f"policy `{name}`"


def _link(policy: str, role: str) -> str:
    return f"policy `{policy}` and role `{role}`"


def _attachment(role: str, policy: str, policy_type: PolicyType) -> dict[str, str]:
    return {"RoleName": role, "PolicyName": policy, "PolicyType": policy_type}


def _items(answer: dict[str, Any], plural: str, singular: str) -> list[dict[str, Any]]:
    """Return a list of an answer, which the service wraps as ``{"Roles": {"Role": [...]}}``."""
    items: list[dict[str, Any]] = (answer.get(plural) or {}).get(singular) or []
    return items


def _account_summary(counts: dict[str, Any]) -> AccountSummary:
    return AccountSummary(
        roles=int(counts["Roles"]),
        roles_quota=int(counts["RolesQuota"]),
        policies=int(counts["Policies"]),
        policies_quota=int(counts["PoliciesQuota"]),
        policies_per_role_quota=counts.get("AttachedPoliciesPerRoleQuota"),
        policy_size_quota=counts.get("PolicySizeQuota"),
    )


def _role_info(role: dict[str, Any]) -> RoleInfo:
    return RoleInfo(
        name=role["RoleName"],
        arn=role["Arn"],
        description=role.get("Description") or "",
        trust_policy=role["AssumeRolePolicyDocument"],
        max_session_seconds=int(role.get("MaxSessionDuration") or 3600),
    )


def _policy_info(answer: dict[str, Any]) -> PolicyInfo:
    policy, version = answer["Policy"], answer["DefaultPolicyVersion"]
    return PolicyInfo(
        name=policy["PolicyName"],
        type=policy["PolicyType"],
        description=policy.get("Description") or "",
        document=version["PolicyDocument"],
        version=version["VersionId"],
        attachments=int(policy.get("AttachmentCount") or 0),
    )
