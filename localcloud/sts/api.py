"""STS's API 2015-04-01."""

from __future__ import annotations

import re

from localcloud.auth.rpc_errors import missing
from localcloud.errors import RpcError
from localcloud.formats import iso_seconds, whole_number
from localcloud.operation import RpcCall, RpcOperation
from localcloud.policy.context import common_keys
from localcloud.policy.evaluate import Decision
from localcloud.policy.grammar import PolicySyntaxError, parse_policy
from localcloud.ram.api.operation import no_permission
from localcloud.ram.model import Role
from localcloud.sts.sessions import ACTION, is_trusted, may_call, open_session, parse_role_arn

#: Largest session policy in characters, and bounds of a session in seconds (STS page "AssumeRole").
MAX_SESSION_POLICY = 2048
SHORTEST_SESSION = 900
DEFAULT_SESSION = 3600

_SESSION_NAME = re.compile(r"[a-zA-Z0-9.@_-]{2,64}")
_NO_PERMISSION = "You are not authorized to do this action. You should be authorized by RAM."
_IDENTITY_TYPES = {"account": "Account", "ram_user": "RAMUser", "assumed_role": "AssumedRoleUser"}


def _get_caller_identity(call: RpcCall) -> dict[str, object]:
    """Tell who calls; needs no right, so a Deny does not stop it either."""
    caller = call.caller
    if caller.kind == "anonymous":
        raise missing("AccessKeyId")
    answer: dict[str, object] = {
        "AccountId": caller.account_uid,
        "IdentityType": _IDENTITY_TYPES[caller.kind],
        "PrincipalId": caller.principal_id or caller.account_uid,
        "Arn": caller.arn,
    }
    if caller.kind == "ram_user":
        answer["UserId"] = caller.principal_id
    if caller.kind == "assumed_role":
        answer["RoleId"] = caller.principal_id
        answer["PrincipalId"] = f"{caller.principal_id}:{caller.session_name}"
    return answer


def _assume_role(call: RpcCall) -> dict[str, object]:
    uid, role_name = _role_arn(call)
    session_name = _session_name(call)
    policy = _session_policy(call)
    role = _permitted_role(call, uid, role_name)
    session = open_session(call.cloud, uid, role, session_name, _duration(call, role), policy)
    return {
        "Credentials": {
            "AccessKeyId": session.access_key_id,
            "AccessKeySecret": session.secret,
            "SecurityToken": session.security_token,
            "Expiration": iso_seconds(session.expires),
        },
        "AssumedRoleUser": {
            "Arn": f"acs:ram::{uid}:role/{role.name}/{session_name}",
            "AssumedRoleId": f"{role.id}:{session_name}",
        },
    }


def _required(call: RpcCall, name: str) -> str:
    value = call.params.get(name)
    if not value:
        raise missing(name)
    return value


def _role_arn(call: RpcCall) -> tuple[str, str]:
    parts = parse_role_arn(_required(call, "RoleArn"))
    if parts is None:
        raise RpcError(400, "InvalidParameter.RoleArn", "The parameter RoleArn is wrongly formed.")
    return parts


def _session_name(call: RpcCall) -> str:
    name = _required(call, "RoleSessionName")
    if not _SESSION_NAME.fullmatch(name):
        raise RpcError(400, "InvalidParameter.RoleSessionName", "The parameter RoleSessionName is wrongly formed.")
    return name


def _session_policy(call: RpcCall) -> str | None:
    policy = call.params.get("Policy")
    if not policy:
        return None
    if len(policy) > MAX_SESSION_POLICY:
        message = f"The size of Policy must be smaller than {MAX_SESSION_POLICY} bytes."
        raise RpcError(400, "InvalidParameter.PolicySize", message)
    try:
        parse_policy(policy, "identity")
    except PolicySyntaxError:
        message = "The parameter Policy has not passed grammar check."
        raise RpcError(400, "InvalidParameter.PolicyGrammar", message) from None
    return policy


def _duration(call: RpcCall, role: Role) -> int:
    seconds = whole_number(call.params.get("DurationSeconds") or str(DEFAULT_SESSION))
    if seconds is None or not SHORTEST_SESSION <= seconds <= role.max_session_seconds:
        longest = f"{role.max_session_seconds / 3600:g}hr"
        message = f"The Min/Max value of DurationSeconds is 15min/{longest}."
        raise RpcError(400, "InvalidParameter.DurationSeconds", message)
    return seconds


def _permitted_role(call: RpcCall, uid: str, role_name: str) -> Role:
    """Find the role if the caller's policies and the trust policy both allow to assume it."""
    if call.caller.kind == "account":
        raise RpcError(403, "NoPermission", "Roles may not be assumed by root accounts.")
    keys = common_keys(call.request, call.caller, call.cloud.clock.now())
    if "ExternalId" in call.params:
        keys["sts:externalid"] = (call.params["ExternalId"],)
    own = may_call(call.cloud, call.caller, uid, role_name, keys)
    if own is not Decision.ALLOW:
        raise no_permission(call, ACTION, own, _NO_PERMISSION)
    account = call.cloud.accounts.get(uid)
    role = account.ram.roles.get(role_name.lower()) if account else None
    if role is None:
        raise RpcError(404, "EntityNotExist.Role", "The specified Role not exists.")
    trust = is_trusted(call.cloud, call.caller, role, keys)
    if trust is not Decision.ALLOW:
        raise no_permission(call, ACTION, trust, _NO_PERMISSION, "AssumeRolePolicy")
    return role


#: Every operation by name. AssumeRole changes nothing that anybody could read, so it counts as a read.
OPERATIONS: dict[str, RpcOperation] = {
    "GetCallerIdentity": RpcOperation("GetCallerIdentity", _get_caller_identity, write=False),
    "AssumeRole": RpcOperation("AssumeRole", _assume_role, write=False),
}
