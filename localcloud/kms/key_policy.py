"""Key policies: the default one, what is accepted, and which foreign accounts one names.

By the KMS pages "Overview of key policies" and "SetKeyPolicy".
"""

from __future__ import annotations

import json
import re
from datetime import datetime

from localcloud.kms.errors import invalid
from localcloud.kms.model import Key
from localcloud.policy.grammar import PolicyDocument, PolicySyntaxError, Statement, parse_policy

#: The only name that a key policy can have.
POLICY_NAME = "default"
#: Largest key policy, in bytes.
MAX_POLICY_BYTES = 32768
_MAX_SID_LENGTH = 128
_PRINCIPAL = re.compile(r"acs:ram::(?P<uid>\d+):(\*|root|(user|role)/.+)")


def default_policy(owner_uid: str) -> str:
    """Return the policy of a key for which none was given."""
    statement = {
        "Action": ["kms:*"],
        "Effect": "Allow",
        "Principal": {"RAM": [f"acs:ram::{owner_uid}:*"]},
        "Resource": ["*"],
        "Sid": "kms default key policy",
    }
    return json.dumps({"Statement": [statement], "Version": "1"})


def check_policy(text: str) -> None:
    """Check a key policy before it is stored. Actions that KMS does not know pass; they have no effect.

    :raises RpcError: 400 ``InvalidParameter``; no page has a code of its own for a faulty key policy.
    """
    if len(text.encode()) > MAX_POLICY_BYTES:
        raise invalid()
    try:
        document = parse_policy(text, "key")
    except PolicySyntaxError:
        raise invalid() from None
    if not all(_is_key_statement(statement) for statement in document.statements):
        raise invalid()
    if any(len(str(statement.get("Sid", ""))) > _MAX_SID_LENGTH for statement in json.loads(text)["Statement"]):
        raise invalid()


def _is_key_statement(statement: Statement) -> bool:
    """Tell whether a statement has only what a key policy may have: ``kms:`` actions on the key itself."""
    return (
        all(action.lower().startswith("kms:") for action in statement.actions)
        and not statement.not_actions
        and statement.resources == ("*",)
        and all(_PRINCIPAL.fullmatch(principal.name) for principal in statement.principals)
    )


def foreign_accounts(text: str | None, owner_uid: str) -> frozenset[str]:
    """Return the UIDs of the other accounts that a key policy allows something."""
    if text is None:
        return frozenset()
    allowing = (statement for statement in _parsed(text).statements if statement.effect == "Allow")
    named = (_PRINCIPAL.fullmatch(principal.name) for statement in allowing for principal in statement.principals)
    return frozenset(match["uid"] for match in named if match) - {owner_uid}


def policy_in_effect(key: Key, now: datetime) -> PolicyDocument | None:
    """Return the key policy that decides at ``now``; None for keys without one."""
    text = key.policy.effective(now)
    return None if text is None else _parsed(text)


def _parsed(text: str) -> PolicyDocument:
    return parse_policy(text, "key")
