"""What statements allow, as single rights: compare, miss, take away. Pure.

A *right* is one action on one resource. :mod:`oss_crr.policy` compares statements as they are written; a
verification has to tell what is missing and what is too much, whatever way it is written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oss_crr import policy
from oss_crr.denials import like
from oss_crr.policy import Statement

#: An action in lower case, and a resource.
Right = tuple[str, str]

ALLOW = "Allow"


def rights(statement: Statement) -> frozenset[Right]:
    """Return the rights that a statement speaks of; what it leaves out, or says by ``Not...``, stands for all."""
    actions = [str(action).lower() for action in policy.as_list(statement.get("Action"))] or ["*"]
    resources = [str(resource) for resource in policy.as_list(statement.get("Resource"))] or ["*"]
    return frozenset((action, resource) for action in actions for resource in resources)


def all_rights(statements: Iterable[Statement]) -> frozenset[Right]:
    """Return the rights that any of several statements speaks of."""
    return frozenset(right for statement in statements for right in rights(statement))


def is_plain(statement: Statement) -> bool:
    """Tell whether a statement says what it is about directly, and under no condition."""
    return not statement.get("Condition") and {"Action", "Resource"} <= set(statement)


def missing(needed: Iterable[Right], statements: Iterable[Statement]) -> frozenset[Right]:
    """Return the needed rights that no statement allows without a condition."""
    given = all_rights(item for item in statements if item.get("Effect") == ALLOW and is_plain(item))
    return _outside(needed, given)


def surplus(statement: Statement, expected: Iterable[Right]) -> frozenset[Right]:
    """Return the rights of an Allow statement that are not expected; none for other statements.

    A right that lies within an expected one, such as that on a folder of an expected bucket, is not too much.
    """
    if statement.get("Effect") != ALLOW:
        return frozenset()
    return _outside(rights(statement), frozenset(expected))


def without(statement: Statement, unwanted: Iterable[Right]) -> list[Statement]:
    """Return what is left of a statement without some rights: itself, nothing, or statements with fewer of them."""
    gone = frozenset(unwanted)
    if not rights(statement) & gone:
        return [statement]
    other = {key: value for key, value in statement.items() if key not in ("Action", "Resource", "Sid")}
    return [{**other, **grouped} for grouped in as_statements(rights(statement) - gone, statement)]


def as_statements(wanted: Iterable[Right], *spelt: Statement) -> list[dict[str, list[str]]]:
    """Write rights down as few ``Action`` and ``Resource`` lists as equal actions of resources allow.

    :param spelt: statements to take the spelling of actions from.
    """
    spelling = {str(action).lower(): str(action) for item in spelt for action in policy.as_list(item.get("Action"))}
    by_resource: dict[str, set[str]] = {}
    for action, resource in wanted:
        by_resource.setdefault(resource, set()).add(spelling.get(action, action))
    by_actions: dict[tuple[str, ...], list[str]] = {}
    for resource in sorted(by_resource):
        by_actions.setdefault(tuple(sorted(by_resource[resource])), []).append(resource)
    return [{"Action": list(actions), "Resource": resources} for actions, resources in sorted(by_actions.items())]


def same_but(statement: Statement, grant: Statement, element: str) -> bool:
    """Tell whether a statement says the same as a grant, leaving one element aside."""
    kept = [{key: value for key, value in item.items() if key != element} for item in (statement, grant)]
    return policy.meaning(kept[0]) == policy.meaning(kept[1])


def missing_field(needed: frozenset[Right], lacking: frozenset[Right]) -> str:
    """Name the field of a grant that is to blame for missing rights: ``actions``, ``resources``, or ``statement``.

    ``statement`` stands for all of it, and for what neither a list of actions nor one of resources explains.
    """
    if lacking == needed:
        return "statement"
    actions, resources = {action for action, _ in lacking}, {resource for _, resource in lacking}
    if lacking == {right for right in needed if right[0] in actions}:
        return "actions"
    return "resources" if lacking == {right for right in needed if right[1] in resources} else "statement"


def _outside(some: Iterable[Right], given: frozenset[Right]) -> frozenset[Right]:
    patterns = [right for right in given if "*" in right[0] or "*" in right[1]]
    return frozenset(right for right in some if right not in given and not _within(right, patterns))


def _within(right: Right, patterns: Sequence[Right]) -> bool:
    return any(like(action, right[0]) and like(resource, right[1]) for action, resource in patterns)
