"""Operations that attach policies and tell what is attached."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.formats import iso_seconds
from localcloud.operation import RpcCall
from localcloud.ram.api.operation import POLICY, Answer, operation
from localcloud.ram.api.render import Json, policy_summary
from localcloud.ram.backend import attachments, policies, roles, users
from localcloud.ram.backend.account import RamAccount
from localcloud.ram.backend.attachments import Holder
from localcloud.ram.model import Policy

#: Members of a policy's summary that a list of attached policies has.
_ATTACHED_MEMBERS = ("PolicyName", "PolicyType", "DefaultVersion", "Description")


def _holder(call: RpcCall, account: RamAccount) -> Holder:
    """Find the user or role that the call is about; the operation's required parameters say which it is."""
    if "RoleName" in call.params:
        return roles.get_role(account, call.params["RoleName"])
    return users.get_user(account, call.params["UserName"])


def _policy(call: RpcCall, account: RamAccount) -> Policy:
    return policies.get_policy(account, call.params["PolicyType"], call.params["PolicyName"])


def _attach(call: RpcCall, account: RamAccount) -> Answer:
    attachments.attach(account, _holder(call, account), _policy(call, account))
    return {}


def _detach(call: RpcCall, account: RamAccount) -> Answer:
    attachments.detach(account, _holder(call, account), _policy(call, account))
    return {}


def _list_attached(call: RpcCall, account: RamAccount) -> Answer:
    return {"Policies": {"Policy": list(_attached(_holder(call, account), account))}}


def _attached(holder: Holder, account: RamAccount) -> Iterator[Json]:
    for attachment in holder.attachments.current:
        summary = policy_summary(policies.get_policy(account, attachment.policy_type, attachment.policy_name))
        yield {name: summary[name] for name in _ATTACHED_MEMBERS} | {"AttachDate": iso_seconds(attachment.attached)}


def _list_entities(call: RpcCall, account: RamAccount) -> Answer:
    policy = _policy(call, account)
    users_with, roles_with = attachments.entities_of(account, policy)
    return {
        "Groups": {"Group": []},
        "Users": {
            "User": [
                {"UserId": user.id, "UserName": user.name, "DisplayName": user.display_name}
                | _attach_date(user, policy)
                for user in users_with
            ]
        },
        "Roles": {
            "Role": [
                {"RoleId": role.id, "RoleName": role.name, "Arn": role.arn, "Description": role.description}
                | _attach_date(role, policy)
                for role in roles_with
            ]
        },
    }


def _attach_date(holder: Holder, policy: Policy) -> Json:
    attachment = attachments.find_attachment(holder, policy)
    return {"AttachDate": iso_seconds(attachment.attached)} if attachment else {}


_POLICY = ("PolicyType", "PolicyName")
_TO_ROLE = (*_POLICY, "RoleName")
_TO_USER = (*_POLICY, "UserName")

OPERATIONS = (
    operation("AttachPolicyToRole", _attach, "role/{RoleName}", POLICY, write=True, required=_TO_ROLE),
    operation("DetachPolicyFromRole", _detach, "role/{RoleName}", POLICY, write=True, required=_TO_ROLE),
    operation("ListPoliciesForRole", _list_attached, "role/{RoleName}", required=("RoleName",)),
    operation("AttachPolicyToUser", _attach, "user/{UserName}", POLICY, write=True, required=_TO_USER),
    operation("DetachPolicyFromUser", _detach, "user/{UserName}", POLICY, write=True, required=_TO_USER),
    operation("ListPoliciesForUser", _list_attached, "user/{UserName}", required=("UserName",)),
    operation("ListEntitiesForPolicy", _list_entities, POLICY, required=_POLICY),
)
