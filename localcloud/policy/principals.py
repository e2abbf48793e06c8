"""Whether a statement is about a caller."""

from __future__ import annotations

from localcloud.identity import Caller
from localcloud.policy.grammar import Statement
from localcloud.policy.wildcard import matches


def names_service(statement: Statement, service: str) -> bool:
    """Return whether a trust policy's statement names a cloud service such as ``oss.aliyuncs.com``."""
    return any(p.kind == "Service" and p.name == service for p in statement.principals)


def names_identity(statement: Statement, caller: Caller) -> bool:
    """Return whether a statement of a trust or key policy names the caller.

    ``acs:ram::UID:root`` stands for everybody in the account (RAM page "Policy elements", principal).
    """
    names = (f"acs:ram::{caller.account_uid}:root", _ram_name(caller))
    return any(p.kind == "RAM" and any(matches(p.name, name) for name in names) for p in statement.principals)


def _ram_name(caller: Caller) -> str:
    kind = {"ram_user": "user", "assumed_role": "role"}.get(caller.kind)
    return f"acs:ram::{caller.account_uid}:{kind}/{caller.name}" if kind else f"acs:ram::{caller.account_uid}:root"


def names_bucket_caller(
    statement: Statement, caller: Caller, owner_uid: str, *, account_covers_users: bool = False
) -> bool:
    """Return whether a bucket policy's statement is about the caller.

    The bucket's owner is bound by conditional statements only (OSS page "Bucket policies": ``*`` without a condition
    does not bind the owner).

    :param owner_uid: UID of the bucket's owner.
    :param account_covers_users: whether an account's UID also names the account's RAM users and roles.
    """
    is_owner = caller.kind == "account" and caller.account_uid == owner_uid
    if is_owner and not statement.conditions:
        return False
    return any(_is_caller(p.name, caller, account_covers_users) for p in statement.principals)


def _is_caller(principal: str, caller: Caller, account_covers_users: bool) -> bool:
    if principal == "*":
        return True
    if principal == caller.account_uid:
        return caller.kind == "account" or (caller.kind != "anonymous" and account_covers_users)
    if caller.kind == "ram_user":
        return principal == caller.principal_id
    return caller.kind == "assumed_role" and _is_role_session(principal, caller)


def _is_role_session(principal: str, caller: Caller) -> bool:
    """Compare ``arn:sts::UID:assumed-role/role/session``; only the session may have wildcards.

    The service knows the role by its lower-case name and compares literally, so a principal with an upper-case letter
    names nobody (OSS page "Cross-account CRR").
    """
    head, _, session = principal.rpartition("/")
    role = f"arn:sts::{caller.account_uid}:assumed-role/{caller.name.lower()}"
    return head == role and matches(session, caller.session_name)
