"""Find statements of a bucket policy or key policy that stop a replication role. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

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
#: What the role does with the destination's key (vendor page "Cross-account cross-region replication").
KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")


def role_principal(account_uid: str, role_name: str) -> str:
    """Return the principal that OSS compares with bucket policies when it acts in a role: in lower case."""
    return f"arn:sts::{account_uid}:assumed-role/{role_name.lower()}/*"


def denials(
    document: Document | None,
    account_uid: str,
    role_name: str,
    actions: Iterable[str],
    bucket: str,
    prefixes: Sequence[str] = (),
) -> list[Statement]:
    """Return the Deny statements that meet a role on what it replicates, with or without a condition.

    :param document: the bucket policy; None for none.
    :param account_uid: account of the role.
    :param actions: the actions that matter.
    :param prefixes: of the objects that matter; empty for the whole bucket.
    """
    return [
        statement
        for statement in (document or {"Statement": []})["Statement"]
        if statement.get("Effect") == "Deny"
        and names_role(statement.get("Principal"), account_uid, role_name)
        and any(_matches_any(statement.get("Action"), action, ignore_case=True) for action in actions)
        and any(_meets(resource, bucket, prefixes) for resource in policy.as_list(statement.get("Resource")))
    ]


def key_denials(document: Document | None, account_uid: str, role_name: str) -> list[Statement]:
    """Return the Deny statements of a key policy that meet a role, with or without a condition.

    :param document: the key policy; None for none.
    :param account_uid: account of the role.
    """
    names = {"*", *(f"acs:ram::{account_uid}:{name}".lower() for name in ("*", "root", f"role/{role_name}"))}
    return [
        statement
        for statement in (document or {"Statement": []})["Statement"]
        if statement.get("Effect") == "Deny"
        and any(str(principal).lower() in names for principal in policy.values(statement, "Principal"))
        and any(_matches_any(statement.get("Action"), action, ignore_case=True) for action in KEY_ACTIONS)
    ]


def describe_denial(statement: Statement, where: str, kind: str = "bucket policy") -> str:
    """Return a sentence about a Deny statement.

    :param where: name of the bucket or key.
    :param kind: what kind of policy it is in.
    """
    actions = ", ".join(map(str, policy.as_list(statement.get("Action"))))
    condition = " under a condition" if statement.get("Condition") else ""
    return f"{kind} of `{where}` denies {actions} to the role{condition}: take the role out of that statement"


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


def names_role(principal: object, account_uid: str, role_name: str) -> bool:
    """Tell whether a bucket policy's principal element names a role, or may: as one of its account, or of everybody."""
    values = [str(value) for value in policy.as_list(principal)] or ["*"]
    session = role_principal(account_uid, role_name).replace("*", "oss-replication")
    return any(value == account_uid or like(value, session) for value in values)


def _meets(resource: object, bucket: str, prefixes: Sequence[str]) -> bool:
    """Tell whether a resource is the bucket, or may be an object with one of the prefixes in it."""
    # acs:oss:<region>:<owner>:<bucket>/<key>, and a key may hold colons.
    name, slash, key = str(resource).split(":", 4)[-1].partition("/")
    if not like(name, bucket):
        return False
    return not slash or not prefixes or any(_overlap(key, prefix) for prefix in prefixes)


def _overlap(key_pattern: str, prefix: str) -> bool:
    """Tell whether a key can match a pattern and begin with a prefix, as far as the text before an asterisk tells."""
    head, asterisk, _ = key_pattern.partition("*")
    return head.startswith(prefix) or (bool(asterisk) and prefix.startswith(head))


def _matches_any(patterns: object, value: str, *, ignore_case: bool) -> bool:
    fold = str.lower if ignore_case else str
    return any(like(fold(str(pattern)), fold(value)) for pattern in policy.as_list(patterns))


def like(pattern: str, value: str) -> bool:
    """Match the way policies do: an asterisk stands for any text."""
    if "*" not in pattern:
        return pattern == value
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value, re.DOTALL) is not None
