"""Operations on policies and their versions."""

from __future__ import annotations

from localcloud.operation import RpcCall
from localcloud.ram.api.operation import POLICY, Answer, operation
from localcloud.ram.api.parameters import flag, page
from localcloud.ram.api.render import counted_policy, policy_summary, version_details
from localcloud.ram.backend import policies, versions
from localcloud.ram.backend.account import RamAccount
from localcloud.ram.model import Policy


def _named(call: RpcCall, account: RamAccount) -> Policy:
    return policies.get_policy(account, call.params["PolicyType"], call.params["PolicyName"])


def _custom(call: RpcCall, account: RamAccount) -> Policy:
    return policies.get_policy(account, "Custom", call.params["PolicyName"])


def _create(call: RpcCall, account: RamAccount) -> Answer:
    policy = policies.create_policy(
        account, call.params["PolicyName"], call.params["PolicyDocument"], call.params.get("Description", "")
    )
    return {"Policy": policy_summary(policy)}


def _get(call: RpcCall, account: RamAccount) -> Answer:
    policy = _named(call, account)
    default = policy.versions[policy.default_version]
    return {
        "Policy": counted_policy(policy, account) | {"PolicyDocument": default.document},
        "DefaultPolicyVersion": version_details(default, policy),
    }


def _list(call: RpcCall, account: RamAccount) -> Answer:
    known = policies.list_policies(account, call.params.get("PolicyType") or None)
    entries, paging = page(call.params, known, lambda policy: f"{policy.type}/{policy.name}")
    return {"Policies": {"Policy": [counted_policy(policy, account) for policy in entries]}} | paging


def _describe(call: RpcCall, account: RamAccount) -> Answer:
    policy = policies.describe_policy(account, call.params["PolicyName"], call.params["NewDescription"])
    return {"Policy": policy_summary(policy)}


def _delete(call: RpcCall, account: RamAccount) -> Answer:
    policies.delete_policy(account, call.params["PolicyName"], cascading=flag(call.params, "CascadingDelete"))
    return {}


def _create_version(call: RpcCall, account: RamAccount) -> Answer:
    version = versions.create_version(
        account,
        call.params["PolicyName"],
        call.params["PolicyDocument"],
        default=flag(call.params, "SetAsDefault"),
        rotate_strategy=call.params.get("RotateStrategy") or "None",
    )
    return {"PolicyVersion": version_details(version, _custom(call, account))}


def _get_version(call: RpcCall, account: RamAccount) -> Answer:
    names = (call.params["PolicyType"], call.params["PolicyName"], call.params["VersionId"])
    return {"PolicyVersion": version_details(versions.get_version(account, *names), _named(call, account))}


def _list_versions(call: RpcCall, account: RamAccount) -> Answer:
    policy = _named(call, account)
    entries = [version_details(version, policy) for version in policy.versions.values()]
    return {"PolicyVersions": {"PolicyVersion": entries}}


def _set_default(call: RpcCall, account: RamAccount) -> Answer:
    versions.set_default_version(account, call.params["PolicyName"], call.params["VersionId"])
    return {}


def _delete_version(call: RpcCall, account: RamAccount) -> Answer:
    versions.delete_version(account, call.params["PolicyName"], call.params["VersionId"])
    return {}


_NAME_AND_DOCUMENT = ("PolicyName", "PolicyDocument")
_NAME_AND_TYPE = ("PolicyType", "PolicyName")
_NAME_AND_VERSION = ("PolicyName", "VersionId")

OPERATIONS = (
    operation("CreatePolicy", _create, "policy/*", write=True, required=_NAME_AND_DOCUMENT),
    operation("GetPolicy", _get, POLICY, required=_NAME_AND_TYPE),
    operation("ListPolicies", _list, "policy/*"),
    operation("UpdatePolicyDescription", _describe, POLICY, write=True, required=("PolicyName", "NewDescription")),
    operation("DeletePolicy", _delete, POLICY, write=True, required=("PolicyName",)),
    operation("CreatePolicyVersion", _create_version, POLICY, write=True, required=_NAME_AND_DOCUMENT),
    operation("GetPolicyVersion", _get_version, POLICY, required=(*_NAME_AND_TYPE, "VersionId")),
    operation("ListPolicyVersions", _list_versions, POLICY, required=_NAME_AND_TYPE),
    operation("SetDefaultPolicyVersion", _set_default, POLICY, write=True, required=_NAME_AND_VERSION),
    operation("DeletePolicyVersion", _delete_version, POLICY, write=True, required=_NAME_AND_VERSION),
)
