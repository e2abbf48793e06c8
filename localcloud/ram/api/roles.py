"""Operations on roles."""

from __future__ import annotations

from localcloud.operation import RpcCall
from localcloud.ram.api.operation import Answer, operation
from localcloud.ram.api.parameters import integer, page
from localcloud.ram.api.render import role_details, role_summary
from localcloud.ram.backend import roles
from localcloud.ram.backend.account import RamAccount

#: Bounds of a role's longest session, in seconds (RAM page "CreateRole").
_SESSION_BOUNDS = (3600, 43200)


def _create(call: RpcCall, account: RamAccount) -> Answer:
    role = roles.create_role(
        account,
        call.params["RoleName"],
        call.params["AssumeRolePolicyDocument"],
        call.params.get("Description", ""),
        integer(call.params, "MaxSessionDuration", *_SESSION_BOUNDS) or _SESSION_BOUNDS[0],
    )
    return {"Role": role_details(role, account.uid)}


def _get(call: RpcCall, account: RamAccount) -> Answer:
    return {"Role": role_details(roles.get_role(account, call.params["RoleName"]), account.uid)}


def _update(call: RpcCall, account: RamAccount) -> Answer:
    role = roles.update_role(
        account,
        call.params["RoleName"],
        trust_policy=call.params.get("NewAssumeRolePolicyDocument"),
        description=call.params.get("NewDescription"),
        max_session_seconds=integer(call.params, "NewMaxSessionDuration", *_SESSION_BOUNDS),
    )
    return {"Role": role_details(role, account.uid)}


def _list(call: RpcCall, account: RamAccount) -> Answer:
    entries, paging = page(call.params, roles.list_roles(account), lambda role: role.name.lower())
    return {"Roles": {"Role": [role_summary(role) for role in entries]}} | paging


def _delete(call: RpcCall, account: RamAccount) -> Answer:
    roles.delete_role(account, call.params["RoleName"])
    return {}


OPERATIONS = (
    operation("CreateRole", _create, "role/*", write=True, required=("RoleName", "AssumeRolePolicyDocument")),
    operation("GetRole", _get, "role/{RoleName}", required=("RoleName",)),
    operation("UpdateRole", _update, "role/{RoleName}", write=True, required=("RoleName",)),
    operation("ListRoles", _list, "role/*"),
    operation("DeleteRole", _delete, "role/{RoleName}", write=True, required=("RoleName",)),
)
