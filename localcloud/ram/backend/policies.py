"""Managed policies."""

from __future__ import annotations

from localcloud.propagation import Propagating
from localcloud.ram.backend.account import RamAccount
from localcloud.ram.backend.attachments import detach_everywhere, entities_of
from localcloud.ram.errors import incorrect, ram_error
from localcloud.ram.model import Policy, PolicyVersion
from localcloud.ram.system_policies import SYSTEM_POLICIES
from localcloud.ram.validation import check_length, check_name, check_policy

#: Custom policies per account (RAM page "Limits", December 2025).
MAX_POLICIES = 1500


def create_policy(account: RamAccount, name: str, document: str, description: str = "") -> Policy:
    """Make a custom policy with the version ``v1``.

    :param document: JSON text, kept as given.
    :raises RpcError: ``InvalidParameter.*``, ``MalformedPolicyDocument``, ``EntityAlreadyExists.Policy``,
        ``LimitExceeded.Policy``.
    """
    check_name("PolicyName", name)
    check_policy("PolicyDocument", document)
    check_length("Description", description, 1024)
    policies = account.state.policies
    if name in policies:
        raise ram_error("EntityAlreadyExists.Policy")
    if len(policies) >= MAX_POLICIES:
        raise ram_error("LimitExceeded.Policy")
    policy = Policy(
        name=name,
        type="Custom",
        description=description,
        created=account.now,
        updated=account.now,
        versions={"v1": PolicyVersion("v1", document, account.now)},
        default_version="v1",
        effective_document=Propagating[str | None](None),
    )
    account.change(policy.effective_document, document)
    policies[name] = policy
    return policy


def get_policy(account: RamAccount, policy_type: str, name: str) -> Policy:
    """Find a policy.

    :param policy_type: ``Custom`` or ``System``.
    :raises RpcError: ``InvalidParameter.PolicyType``, 404 ``EntityNotExist.Policy``.
    """
    if policy_type not in ("Custom", "System"):
        raise incorrect("PolicyType")
    policy = (SYSTEM_POLICIES if policy_type == "System" else account.state.policies).get(name)
    if policy is None:
        raise ram_error("EntityNotExist.Policy")
    return policy


def list_policies(account: RamAccount, policy_type: str | None = None) -> list[Policy]:
    """List policies of one type, or of both, custom ones first, by name.

    :raises RpcError: ``InvalidParameter.PolicyType``.
    """
    if policy_type not in (None, "Custom", "System"):
        raise incorrect("PolicyType")
    policies = [*account.state.policies.values(), *SYSTEM_POLICIES.values()]
    return sorted((p for p in policies if policy_type in (None, p.type)), key=lambda p: (p.type, p.name))


def describe_policy(account: RamAccount, name: str, description: str) -> Policy:
    """Change a custom policy's description.

    :raises RpcError: ``EntityNotExist.Policy``, ``InvalidParameter.NewDescription.Length``.
    """
    check_length("NewDescription", description, 1024)
    policy = get_policy(account, "Custom", name)
    policy.description = description
    policy.updated = account.now
    return policy


def delete_policy(account: RamAccount, name: str, *, cascading: bool = False) -> None:
    """Delete a custom policy.

    :param cascading: also delete further versions and detach the policy from everybody; without it either is a
        conflict. That cascading detaches is how the parameter's name is read; the page speaks of versions only.
    :raises RpcError: ``EntityNotExist.Policy``, 409 ``DeleteConflict.*``.
    """
    policy = get_policy(account, "Custom", name)
    if cascading:
        detach_everywhere(account, policy)
    else:
        _check_unused(account, policy)
    del account.state.policies[name]


def _check_unused(account: RamAccount, policy: Policy) -> None:
    users, roles = entities_of(account, policy)
    if users:
        raise ram_error("DeleteConflict.Policy.User")
    if roles:
        raise ram_error("DeleteConflict.Role.Policy")
    if len(policy.versions) > 1:
        raise ram_error("DeleteConflict.Policy.Version")
