"""The decision of policies on a request: explicit deny, then allow, else implicit deny.

By the RAM page "Policy evaluation process".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum

from localcloud.policy.conditions import Keys, holds
from localcloud.policy.grammar import PolicyDocument, Statement
from localcloud.policy.wildcard import matches, resource_matches


class Decision(Enum):
    """What one or more policies say about a request."""

    ALLOW = "Allow"
    EXPLICIT_DENY = "ExplicitDeny"
    IMPLICIT_DENY = "ImplicitDeny"


@dataclass(frozen=True)
class AccessRequest:
    """What is asked for.

    :param action: for example ``oss:GetObject``.
    :param resource: full resource name with account; None when the policy itself belongs to the resource and
        names none (trust policies).
    :param keys: values for conditions.
    :param question_mark: whether ``?`` is a wildcard in actions and resources.
    """

    action: str
    resource: str | None
    keys: Keys = field(default_factory=dict)
    question_mark: bool = True


def _everybody(_: Statement) -> bool:
    return True


def evaluate(
    documents: Iterable[PolicyDocument],
    request: AccessRequest,
    applies: Callable[[Statement], bool] = _everybody,
) -> Decision:
    """Evaluate policies together.

    :param applies: whether a statement is about the caller; statements of identity policies always are.
    """
    decision = Decision.IMPLICIT_DENY
    for document in documents:
        for statement in document.statements:
            if not (applies(statement) and covers(statement, request)):
                continue
            if statement.effect == "Deny":
                return Decision.EXPLICIT_DENY
            decision = Decision.ALLOW
    return decision


def covers(statement: Statement, request: AccessRequest) -> bool:
    """Return whether a statement speaks about a request, leaving principals aside."""
    return (
        _action_matches(statement, request)
        and _resource_matches(statement, request)
        and all(holds(condition, request.keys) for condition in statement.conditions)
    )


def _action_matches(statement: Statement, request: AccessRequest) -> bool:
    patterns = statement.actions or statement.not_actions
    found = any(
        matches(pattern, request.action, question_mark=request.question_mark, ignore_case=True) for pattern in patterns
    )
    return found is bool(statement.actions)


def _resource_matches(statement: Statement, request: AccessRequest) -> bool:
    patterns = statement.resources or statement.not_resources
    if request.resource is None or not patterns:
        return True
    found = any(resource_matches(p, request.resource, question_mark=request.question_mark) for p in patterns)
    return found is bool(statement.resources)
