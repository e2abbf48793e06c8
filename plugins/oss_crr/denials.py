"""Find statements of a bucket policy that stop a replication role. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from oss_crr import policy
from oss_crr.policy import Document, Statement

#: Replication stops where these are denied to the role, although it is granted only the Replicate* actions
#: (vendor page "Data replication troubleshooting").
SOURCE_ACTIONS = ("oss:ReplicateList", "oss:ReplicateGet", "oss:ListObjects", "oss:GetObject")
DESTINATION_ACTIONS = (
    "oss:ReplicateList",
    "oss:ReplicateGet",
    "oss:ReplicatePut",
    "oss:ListObjects",
    "oss:GetObject",
    "oss:PutObject",
)
#: The same, where deletions travel.
DELETE_ACTIONS = ("oss:ReplicateDelete", "oss:DeleteObject")


def role_principal(account_uid: str, role_name: str) -> str:
    """Return the principal that OSS compares with bucket policies when it acts in a role: in lower case."""
    return f"arn:sts::{account_uid}:assumed-role/{role_name.lower()}/*"


def denials(
    document: Document | None, account_uid: str, role_name: str, actions: Iterable[str], bucket: str
) -> list[Statement]:
    """Return the Deny statements that meet a role on a bucket, with or without a condition.

    :param document: the bucket policy; None for none.
    :param account_uid: account of the role.
    :param actions: the actions that matter.
    """
    return [
        statement
        for statement in (document or {"Statement": []})["Statement"]
        if statement.get("Effect") == "Deny"
        and _names(statement.get("Principal"), account_uid, role_name)
        and any(_matches_any(statement.get("Action"), action, ignore_case=True) for action in actions)
        and any(_within(resource, bucket) for resource in policy.as_list(statement.get("Resource")))
    ]


def describe_denial(statement: Statement, where: str) -> str:
    """Return a sentence about a Deny statement."""
    actions = ", ".join(map(str, policy.as_list(statement.get("Action"))))
    condition = " under a condition" if statement.get("Condition") else ""
    return f"bucket policy of `{where}` denies {actions} to the role{condition}: take the role out of that statement"


def misspelt_principals(document: Document | None, account_uid: str, role_name: str) -> list[str]:
    """Return principals that name the role in other case, which OSS never matches; none where it is named well too."""
    wanted = role_principal(account_uid, role_name)
    principals = [
        str(principal)
        for statement in (document or {"Statement": []})["Statement"]
        if statement.get("Effect") == "Allow"
        for principal in policy.as_list(statement.get("Principal"))
    ]
    if wanted in principals:
        return []
    return [item for item in principals if item != item.lower() and _same_role(item.lower(), wanted)]


def _same_role(principal: str, wanted: str) -> bool:
    return principal.rpartition("/")[0] == wanted.rpartition("/")[0]


def _names(principal: object, account_uid: str, role_name: str) -> bool:
    values = [str(value) for value in policy.as_list(principal)] or ["*"]
    session = role_principal(account_uid, role_name).replace("*", "oss-replication")
    return any(value == account_uid or _like(value, session) for value in values)


def _within(resource: object, bucket: str) -> bool:
    # acs:oss:<region>:<owner>:<bucket>/<key>, and a key may hold colons.
    path = str(resource).split(":", 4)[-1]
    return _like(path.partition("/")[0], bucket)


def _matches_any(patterns: object, value: str, *, ignore_case: bool) -> bool:
    fold = str.lower if ignore_case else str
    return any(_like(fold(str(pattern)), fold(value)) for pattern in policy.as_list(patterns))


def _like(pattern: str, value: str) -> bool:
    """Match the way policies do: an asterisk stands for any text."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value, re.DOTALL) is not None
