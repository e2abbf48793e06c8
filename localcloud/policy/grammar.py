"""The grammar of policy documents: from JSON text to statements.

One grammar with four dialects: identity policies (RAM), trust policies of roles, bucket policies (OSS) and key
policies (KMS). Grammar by the RAM page "Policy structure and syntax" and the OSS page "Authorization syntax and
elements".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

from localcloud.formats import parse_json
from localcloud.policy.conditions import Condition, is_operator

Effect = Literal["Allow", "Deny"]
PolicyKind = Literal["identity", "trust", "bucket", "key"]

_MEMBERS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "Condition"})
_PRINCIPAL_KINDS: dict[PolicyKind, frozenset[str]] = {
    "trust": frozenset({"RAM", "Service", "Federated"}),
    "key": frozenset({"RAM"}),
}
_ACTION = re.compile(r"\*|[a-zA-Z0-9*_-]+:[a-zA-Z0-9*?_.:-]+")


class PolicySyntaxError(ValueError):
    """A document breaks the grammar; the message says where."""


@dataclass(frozen=True)
class Principal:
    """Whom a statement is about.

    :param kind: ``RAM``, ``Service`` or ``Federated``; empty in bucket policies, which name principals directly.
    """

    kind: str
    name: str


@dataclass(frozen=True)
class Statement:
    """One statement. Of ``actions`` and ``not_actions`` (and of the two resource lists) one is empty.

    :param principals: empty in identity policies, which belong to whom they are attached to.
    """

    effect: Effect
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: tuple[Principal, ...] = ()
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class PolicyDocument:
    """A parsed policy."""

    statements: tuple[Statement, ...]


@lru_cache(maxsize=1024)
def parse_policy(text: str, kind: PolicyKind) -> PolicyDocument:
    """Parse a policy; results are kept, since replication evaluates the same documents for every object.

    :param text: JSON text.
    :raises PolicySyntaxError: when the text is no policy of that kind.
    """
    members = _json_object(text)
    unknown = members.keys() - {"Version", "Statement"}
    if unknown:
        raise PolicySyntaxError(f"unknown element {min(unknown)!r}")
    if members.get("Version") != "1":
        raise PolicySyntaxError('Version must be "1"')
    statements = members.get("Statement")
    if not isinstance(statements, list) or not statements:
        raise PolicySyntaxError("Statement must be a list of at least one statement")
    return PolicyDocument(tuple(_statement(entry, kind) for entry in statements))


def _json_object(text: str) -> dict[str, object]:
    try:
        value = parse_json(text)
    except ValueError as error:
        raise PolicySyntaxError(f"not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise PolicySyntaxError("a policy must be a JSON object")
    return value


def _statement(entry: object, kind: PolicyKind) -> Statement:
    if not isinstance(entry, dict):
        raise PolicySyntaxError("a statement must be a JSON object")
    unknown = entry.keys() - _MEMBERS
    if unknown:
        raise PolicySyntaxError(f"unknown element {min(unknown)!r} in a statement")
    if entry.get("Effect") not in ("Allow", "Deny"):
        raise PolicySyntaxError("Effect must be Allow or Deny")
    actions, not_actions = _either(entry, "Action")
    _check_actions((*actions, *not_actions))
    resources, not_resources = _either(entry, "Resource") if kind != "trust" else ((), ())
    return Statement(
        effect=cast(Effect, entry["Effect"]),
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        principals=_principals(entry, kind),
        conditions=tuple(_conditions(entry.get("Condition", {}))),
    )


def _either(entry: dict[str, object], name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read an element that is given either plainly or as its ``Not`` form."""
    if (name in entry) == (f"Not{name}" in entry):
        raise PolicySyntaxError(f"a statement needs either {name} or Not{name}")
    plain, negated = _strings(entry.get(name, []), name), _strings(entry.get(f"Not{name}", []), f"Not{name}")
    if not (plain or negated):
        raise PolicySyntaxError(f"{name} must not be empty")
    return plain, negated


def _strings(value: object, name: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in values):
        raise PolicySyntaxError(f"{name} must be a string or a list of strings")
    return tuple(values)


def _check_actions(actions: tuple[str, ...]) -> None:
    wrong = next((action for action in actions if not _ACTION.fullmatch(action)), None)
    if wrong is not None:
        raise PolicySyntaxError(f"{wrong!r} is no action of the form service:Operation")


def _principals(entry: dict[str, object], kind: PolicyKind) -> tuple[Principal, ...]:
    value = entry.get("Principal")
    if kind == "identity":
        if value is not None:
            raise PolicySyntaxError("an identity policy has no Principal")
        return ()
    if kind == "bucket":
        # Neither an absent principal nor an empty list is an error; both mean everybody.
        names = _strings([] if value is None else value, "Principal") or ("*",)
        return tuple(Principal("", name) for name in names)
    return _typed_principals(value, kind)


def _typed_principals(value: object, kind: PolicyKind) -> tuple[Principal, ...]:
    if not isinstance(value, dict) or not value or value.keys() - _PRINCIPAL_KINDS[kind]:
        raise PolicySyntaxError(f"Principal must be an object with {', '.join(sorted(_PRINCIPAL_KINDS[kind]))}")
    return tuple(Principal(sort, name) for sort, names in value.items() for name in _strings(names, "Principal"))


def _conditions(value: object) -> Iterable[Condition]:
    if not isinstance(value, dict):
        raise PolicySyntaxError("Condition must be a JSON object")
    for operator, keys in value.items():
        if not is_operator(operator):
            raise PolicySyntaxError(f"unknown condition operator {operator!r}")
        if not isinstance(keys, dict):
            raise PolicySyntaxError(f"{operator} must be a JSON object")
        for key, values in keys.items():
            yield Condition(operator, key.lower(), tuple(_scalars(values)))


def _scalars(value: object) -> Iterable[str]:
    """Give condition values as text: the documentation quotes them all, clients also send numbers and booleans."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, bool):
            yield str(item).lower()
        elif isinstance(item, str | int | float):
            yield str(item)
        else:
            raise PolicySyntaxError("a condition value must be a string, a number or a boolean")
