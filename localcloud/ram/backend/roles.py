"""Roles."""

from __future__ import annotations

from localcloud.propagation import Propagating
from localcloud.ram.backend.account import RamAccount, new_id
from localcloud.ram.errors import ram_error
from localcloud.ram.model import Role
from localcloud.ram.validation import check_length, check_name, check_trust_policy

#: Roles per account (RAM page "Limits", December 2025).
MAX_ROLES = 1000


def create_role(
    account: RamAccount, name: str, trust_policy: str, description: str = "", max_session_seconds: int = 3600
) -> Role:
    """Make a role.

    :param trust_policy: JSON text, kept as given.
    :param max_session_seconds: longest session in seconds.
    :raises RpcError: ``InvalidParameter.*``, ``MalformedPolicyDocument``, ``EntityAlreadyExists.Role`` (names are
        compared without regard to case), ``LimitExceeded.Role``.
    """
    check_name("RoleName", name)
    check_trust_policy("AssumeRolePolicyDocument", trust_policy)
    check_length("Description", description, 1024)
    roles = account.state.roles
    if name.lower() in roles:
        raise ram_error("EntityAlreadyExists.Role")
    if len(roles) >= MAX_ROLES:
        raise ram_error("LimitExceeded.Role")
    arn_name = name.lower() if account.lower_case_arn else name
    role = Role(
        name=name,
        id=new_id("3"),
        arn=f"acs:ram::{account.uid}:role/{arn_name}",
        description=description,
        created=account.now,
        updated=account.now,
        # A new role trusts nobody until its trust policy has propagated.
        trust_policy=Propagating(""),
        max_session_seconds=max_session_seconds,
    )
    account.change(role.trust_policy, trust_policy)
    roles[name.lower()] = role
    return role


def get_role(account: RamAccount, name: str) -> Role:
    """Find a role.

    :raises RpcError: 404 ``EntityNotExist.Role``.
    """
    role = account.state.roles.get(name.lower())
    if role is None:
        raise ram_error("EntityNotExist.Role")
    return role


def update_role(
    account: RamAccount,
    name: str,
    *,
    trust_policy: str | None = None,
    description: str | None = None,
    max_session_seconds: int | None = None,
) -> Role:
    """Change what is given and keep the rest.

    :raises RpcError: ``EntityNotExist.Role``, ``InvalidParameter.*``, ``MalformedPolicyDocument``.
    """
    role = get_role(account, name)
    if trust_policy is not None:
        check_trust_policy("NewAssumeRolePolicyDocument", trust_policy)
        account.change(role.trust_policy, trust_policy)
    if description is not None:
        check_length("NewDescription", description, 1024)
        role.description = description
    if max_session_seconds is not None:
        role.max_session_seconds = max_session_seconds
    role.updated = account.now
    return role


def list_roles(account: RamAccount) -> list[Role]:
    """List all roles by name."""
    return [role for _, role in sorted(account.state.roles.items())]


def delete_role(account: RamAccount, name: str) -> None:
    """Delete a role without policies.

    :raises RpcError: ``EntityNotExist.Role``; 409 ``DeleteConflict.Role.Policy`` while policies are attached.
    """
    role = get_role(account, name)
    if role.attachments.current:
        raise ram_error("DeleteConflict.Role.Policy")
    del account.state.roles[role.name.lower()]
