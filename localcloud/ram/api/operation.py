"""How every RAM operation is made: required parameters, right, then its handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from localcloud.auth.rpc_errors import missing
from localcloud.errors import RpcError
from localcloud.operation import RpcCall, RpcOperation
from localcloud.policy.denial import access_denied_detail
from localcloud.policy.evaluate import Decision
from localcloud.policy.identity import decide_call
from localcloud.ram.backend.account import RamAccount

Answer = dict[str, object]
Handler = Callable[[RpcCall, RamAccount], Answer]

#: Stands for a policy in an operation's resources: a system policy belongs to the account ``system``.
POLICY = "policy/{PolicyName}"


def operation(
    name: str, handler: Handler, *resources: str, write: bool = False, required: tuple[str, ...] = ()
) -> RpcOperation:
    """Make an operation that checks parameters and rights before its handler runs.

    :param resources: what the caller needs ``ram:<name>`` on, as relative names with parameters in braces (RAM page
        "RAM authentication"); all of them.
    :param required: parameters without which the call is refused.
    """

    def run(call: RpcCall) -> Answer:
        account = _open_account(call)
        for parameter in required:
            if not call.params.get(parameter):
                raise missing(parameter)
        for resource in resources:
            _authorize(call, f"ram:{name}", _resource_name(call.caller.account_uid, resource, call.params))
        return handler(call, account)

    return RpcOperation(name, run, write)


def _open_account(call: RpcCall) -> RamAccount:
    if call.caller.kind == "anonymous":
        raise missing("AccessKeyId")
    return RamAccount.of(call.cloud, call.caller.account_uid)


def _resource_name(uid: str, relative: str, params: Mapping[str, str]) -> str:
    owner = "system" if relative == POLICY and params.get("PolicyType") == "System" else uid
    return f"acs:ram::{owner}:{relative.format_map(params)}"


def _authorize(call: RpcCall, action: str, resource: str) -> None:
    decision = decide_call(call.cloud, call.caller, call.request, action, resource)
    if decision is not Decision.ALLOW:
        raise no_permission(call, action, decision, "You are not authorized to do this action.")


def no_permission(
    call: RpcCall,
    action: str,
    decision: Decision,
    message: str,
    policy_type: str = "AccountLevelIdentityBasedPolicy",
) -> RpcError:
    """Make the 403 ``NoPermission`` answer with its ``AccessDeniedDetail``."""
    explicit = decision is Decision.EXPLICIT_DENY
    detail = access_denied_detail(call.caller, action, explicit=explicit, policy_type=policy_type)
    return RpcError(403, "NoPermission", message, details={"AccessDeniedDetail": detail})
