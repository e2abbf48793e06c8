"""The ``AccessDeniedDetail`` that 403 answers carry."""

from __future__ import annotations

from localcloud.identity import Caller

_PRINCIPAL_TYPES = {"account": "Account", "ram_user": "SubUser", "assumed_role": "AssumedRoleUser"}


def access_denied_detail(caller: Caller, action: str, *, explicit: bool, policy_type: str) -> dict[str, str]:
    """Describe a refusal (RAM page "AccessDeniedDetail", OSS page "0003-00000201").

    ``EncodedDiagnosticMessage`` is left out: its content is opaque.

    :param explicit: whether a Deny statement refused, rather than a missing Allow.
    :param policy_type: the kind of policy that decided, for example ``AccountLevelIdentityBasedPolicy``.
    """
    return {
        "PolicyType": policy_type,
        "AuthPrincipalOwnerId": caller.account_uid,
        "AuthPrincipalType": _PRINCIPAL_TYPES.get(caller.kind, "Anonymous"),
        "AuthPrincipalDisplayName": _display_name(caller),
        "NoPermissionType": "ExplicitDeny" if explicit else "ImplicitDeny",
        "AuthAction": action,
    }


def _display_name(caller: Caller) -> str:
    return f"{caller.name}:{caller.session_name}" if caller.kind == "assumed_role" else caller.principal_id
