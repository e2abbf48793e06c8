"""Policies attached to users and roles."""

from __future__ import annotations

from localcloud.ram.backend.account import RamAccount
from localcloud.ram.errors import ram_error
from localcloud.ram.model import Attachment, Policy, Role, User

Holder = User | Role

#: Attached policies per user or role, by type (RAM page "Limits", December 2025).
MAX_ATTACHED = {"System": 20, "Custom": 10}


def attach(account: RamAccount, holder: Holder, policy: Policy) -> None:
    """Attach a policy to a user or role.

    :raises RpcError: 409 ``EntityAlreadyExists.<Role|User>.Policy``, 409 ``LimitExceeded.<Role|User>.Policy``.
    """
    attached = holder.attachments.current
    if find_attachment(holder, policy) is not None:
        raise ram_error(f"EntityAlreadyExists.{_kind(holder)}.Policy")
    if sum(a.policy_type == policy.type for a in attached) >= MAX_ATTACHED[policy.type]:
        raise ram_error(f"LimitExceeded.{_kind(holder)}.Policy")
    account.change(holder.attachments, (*attached, Attachment(policy.name, policy.type, account.now)))


def detach(account: RamAccount, holder: Holder, policy: Policy) -> None:
    """Detach a policy from a user or role.

    :raises RpcError: 404 ``EntityNotExist.<Role|User>.Policy``.
    """
    attachment = find_attachment(holder, policy)
    if attachment is None:
        raise ram_error(f"EntityNotExist.{_kind(holder)}.Policy")
    account.change(holder.attachments, tuple(a for a in holder.attachments.current if a is not attachment))


def _kind(holder: Holder) -> str:
    return "Role" if isinstance(holder, Role) else "User"


def find_attachment(holder: Holder, policy: Policy) -> Attachment | None:
    """Find the attachment of a policy to a user or role, or None."""
    wanted = (policy.name, policy.type)
    return next((a for a in holder.attachments.current if (a.policy_name, a.policy_type) == wanted), None)


def entities_of(account: RamAccount, policy: Policy) -> tuple[list[User], list[Role]]:
    """List the users and the roles that a policy is attached to."""
    users = [user for user in account.state.users.values() if find_attachment(user, policy)]
    roles = [role for role in account.state.roles.values() if find_attachment(role, policy)]
    return users, roles


def attachment_count(account: RamAccount, policy: Policy) -> int:
    """Count the users and roles that a policy is attached to."""
    users, roles = entities_of(account, policy)
    return len(users) + len(roles)


def detach_everywhere(account: RamAccount, policy: Policy) -> None:
    """Detach a policy from every user and role."""
    users, roles = entities_of(account, policy)
    holders: list[Holder] = [*users, *roles]
    for holder in holders:
        detach(account, holder, policy)
