"""Checks of parameters that RAM refuses before it looks anything up."""

from __future__ import annotations

import re

from localcloud.policy.grammar import PolicyKind, PolicySyntaxError, parse_policy
from localcloud.ram.errors import invalid_chars, malformed_policy, too_long

#: Largest identity policy, in characters (RAM page "Limits", December 2025).
MAX_POLICY_LENGTH = 6144
#: Largest trust policy, in characters. The code for a longer one is documented, the number is not.
MAX_TRUST_POLICY_LENGTH = 4096

_NAMES: dict[str, tuple[re.Pattern[str], int]] = {
    "RoleName": (re.compile(r"[a-zA-Z0-9.-]*"), 64),
    "PolicyName": (re.compile(r"[a-zA-Z0-9-]*"), 128),
    "UserName": (re.compile(r"[a-zA-Z0-9._-]*"), 64),
}


def check_name(parameter: str, value: str) -> None:
    """Check the name of something to be made.

    :param parameter: ``RoleName``, ``PolicyName`` or ``UserName``.
    :raises RpcError: 400 ``InvalidParameter.<parameter>.Length`` or ``.InvalidChars``.
    """
    allowed, longest = _NAMES[parameter]
    check_length(parameter, value, longest)
    if not allowed.fullmatch(value):
        raise invalid_chars(parameter)


def check_length(parameter: str, value: str, longest: int) -> None:
    """Check a text's length in characters.

    :raises RpcError: 400 ``InvalidParameter.<parameter>.Length``.
    """
    if len(value) > longest:
        raise too_long(parameter)


def check_policy(parameter: str, text: str) -> None:
    """Check an identity policy.

    :raises RpcError: 400 ``InvalidParameter.<parameter>.Length`` or ``MalformedPolicyDocument``.
    """
    _check_document(parameter, text, "identity", MAX_POLICY_LENGTH)


def check_trust_policy(parameter: str, text: str) -> None:
    """Check a role's trust policy.

    :raises RpcError: 400 ``InvalidParameter.<parameter>.Length`` or ``MalformedPolicyDocument``.
    """
    _check_document(parameter, text, "trust", MAX_TRUST_POLICY_LENGTH)


def _check_document(parameter: str, text: str, kind: PolicyKind, longest: int) -> None:
    check_length(parameter, text, longest)
    try:
        parse_policy(text, kind)
    except PolicySyntaxError as error:
        raise malformed_policy(f"The policy document is malformed: {error}.") from None
