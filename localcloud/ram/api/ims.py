"""IMS's API 2019-08-15, as far as it tells how much of RAM an account uses; its rights are RAM's."""

from __future__ import annotations

from localcloud.operation import RpcCall, RpcOperation
from localcloud.ram.api.operation import Answer, operation
from localcloud.ram.backend import users
from localcloud.ram.backend.account import RamAccount
from localcloud.ram.backend.attachments import MAX_ATTACHED
from localcloud.ram.backend.policies import MAX_POLICIES
from localcloud.ram.backend.roles import MAX_ROLES
from localcloud.ram.backend.versions import MAX_VERSIONS
from localcloud.ram.validation import MAX_POLICY_LENGTH


def _summary(_: RpcCall, account: RamAccount) -> Answer:
    return {
        "SummaryMap": {
            "Users": len(account.state.users),
            "UsersQuota": users.MAX_USERS,
            "AccessKeysPerUserQuota": users.MAX_ACCESS_KEYS,
            "Roles": len(account.state.roles),
            "RolesQuota": MAX_ROLES,
            "Policies": len(account.state.policies),
            "PoliciesQuota": MAX_POLICIES,
            "PolicySizeQuota": MAX_POLICY_LENGTH,
            "VersionsPerPolicyQuota": MAX_VERSIONS,
            "AttachedPoliciesPerRoleQuota": MAX_ATTACHED["Custom"],
            "AttachedSystemPoliciesPerRoleQuota": MAX_ATTACHED["System"],
        }
    }


#: Every operation by name (page "GetAccountSummary", September 2025).
OPERATIONS: dict[str, RpcOperation] = {"GetAccountSummary": operation("GetAccountSummary", _summary, "*")}
