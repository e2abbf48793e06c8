"""What policies look like after a repair: what the pair needs is there again, and what nobody asked for is gone. Pure.

Whatever else is in a document stays as it is. A statement is touched only where it names the pair's role, or is in one
of the product's own policies, and then only for what a finding names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from oss_crr import policy
from oss_crr.denials import like
from oss_crr.policy import Document, Statement
from oss_crr.resources.role import OSS_SERVICE
from oss_crr.verification.model import Finding
from oss_crr.verification.rights import ALLOW, Right, all_rights, as_statements, rights, same_but, surplus, without
from oss_crr.verification.shared_policies import FOLD, RoleInPolicy, principals


def named(findings: Iterable[Finding], field: str) -> list[Any]:
    """Return what findings about a field found, in one list."""
    found = [finding.found for finding in findings if finding.field == field]
    return [item for listed in found for item in (listed if isinstance(listed, list) else [listed])]


def lacks(findings: Iterable[Finding]) -> bool:
    """Tell whether any finding is about something that is missing, rather than too much."""
    return any(not finding.extra for finding in findings)


# --- a bucket policy, a key policy -----------------------------------------------------------------------------------


def restored(
    document: Document | None, role: RoleInPolicy, findings: Sequence[Finding], grants: Sequence[Statement]
) -> Document:
    """Return a document without what is too much for a role, and without remains of its statement.

    The role's statement itself is not added here.

    :param findings: what is to be repaired.
    :param grants: the statements of all known pairs: those are nobody's remains.
    """
    base = document or {"Version": "1", "Statement": []}
    statements = [left for item in base["Statement"] for left in _restored(item, role, findings, grants)]
    return {**base, "Statement": statements} if statements != base["Statement"] else base


def _restored(
    statement: Statement, role: RoleInPolicy, findings: Sequence[Finding], grants: Sequence[Statement]
) -> list[Statement]:
    if statement.get("Effect") != ALLOW:
        return [statement]
    wide = {name for item in named(findings, "extra_principals") for name in item["too wide"]}
    if lacks(findings) and rights(statement) <= role.needed:
        wide |= set(role.misspelt([statement]))
    if wide & set(principals(statement)) and role.speaks_of_ours(statement) and role.is_ours(statement):
        left = _without_principals(statement, wide)
        return [item for rest in left for item in _narrowed(rest, role, findings, grants)]
    return _narrowed(statement, role, findings, grants)


def _narrowed(
    statement: Statement, role: RoleInPolicy, findings: Sequence[Finding], grants: Sequence[Statement]
) -> list[Statement]:
    if not role.names(statement):
        return [statement]
    unwanted = all_rights(named(findings, "extra_rights"))
    if rights(statement) & unwanted:
        kept = rights(statement) - unwanted - role.needed
        own = [_about(statement, role.principal, grouped) for grouped in as_statements(kept, statement)]
        return [*_without_principals(statement, {role.principal}), *own]
    if lacks(findings) and _is_remains(statement, role, grants):
        return _without_principals(statement, {role.principal})
    return [statement]


def _about(statement: Statement, principal: str, grouped: Mapping[str, Any]) -> Statement:
    """Return a statement of one principal, with other rights than the one it comes from."""
    content = statement.get(FOLD)
    wrapped = {key: [principal] for key in content} if isinstance(content, Mapping) else [principal]
    return {**statement, **grouped, FOLD: wrapped}


def _is_remains(statement: Statement, role: RoleInPolicy, grants: Sequence[Statement]) -> bool:
    """Tell whether a statement is what somebody left of the role's own one."""
    if surplus(statement, role.needed):
        return False
    return not any(same_but(statement, grant, FOLD) for grant in (role.grant, *grants))


def _without_principals(statement: Statement, unwanted: Iterable[str]) -> list[Statement]:
    """Return a statement without some principals; nothing when none is left."""
    gone = set(unwanted)
    content = statement.get(FOLD)
    if isinstance(content, Mapping):
        kept = {key: _kept(names, gone) for key, names in content.items()}
        return [{**statement, FOLD: kept}] if any(kept.values()) else []
    left = _kept(content, gone)
    return [{**statement, FOLD: left}] if left else []


def _kept(names: object, gone: set[str]) -> list[Any]:
    return [name for name in policy.as_list(names) if str(name) not in gone]


# --- the product's own policies of a role ----------------------------------------------------------------------------


def cleaned(
    name: str, document: Document, findings: Sequence[Finding], grants: Sequence[Statement], fold: str
) -> Document:
    """Return one of the product's policies without what is too much in it, denied, or remains of the pair's statement.

    :param name: the policy's name.
    :param findings: what is to be repaired.
    :param grants: the pair's statements.
    :param fold: the element in which the pairs that share the policy differ.
    """
    needed = all_rights(grants)
    unwanted = all_rights(item for item in named(findings, "extra_rights") if item["policy"] == name)
    denied = bool(named(findings, "denied"))
    statements: list[Statement] = []
    for statement in document["Statement"]:
        if statement.get("Effect") != ALLOW:
            statements += [] if denied and _meets(statement, needed) else [statement]
            continue
        remains = _remains(statement, grants, fold) if lacks(findings) else frozenset()
        statements += without(statement, unwanted | remains)
    return {**document, "Statement": statements} if statements != document["Statement"] else document


def _remains(statement: Statement, grants: Sequence[Statement], fold: str) -> frozenset[Right]:
    """Return the rights of a statement that are the pair's, and are not where the product puts them."""
    needed = all_rights(grants)
    in_place = all_rights(grant for grant in grants if same_but(statement, grant, fold))
    own = rights(statement) - surplus(statement, needed)
    return own - in_place


def _meets(statement: Statement, needed: frozenset[Right]) -> bool:
    return any(
        like(action, right[0]) and (like(resource, right[1]) or like(right[1], resource))
        for action, resource in rights(statement)
        for right in needed
    )


# --- a trust policy --------------------------------------------------------------------------------------------------


def restored_trust(trust: Document, findings: Sequence[Finding]) -> Document:
    """Return a role's trust policy with OSS in it again, and with nobody else where that was found too much."""
    wanted = policy.render("trust_policy")
    if any(finding.field == "extra_trust" for finding in findings):
        return wanted
    others = [left for statement in trust["Statement"] if (left := _without_oss(statement))]
    return {**trust, "Statement": [*wanted["Statement"], *others]}


def _without_oss(statement: Statement) -> Statement | None:
    """Return a trust statement without OSS; None when it is about nobody else."""
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping):
        return statement
    kept = {kind: [name for name in policy.as_list(names) if name != OSS_SERVICE] for kind, names in principal.items()}
    kept = {kind: names for kind, names in kept.items() if names}
    return {**statement, "Principal": kept} if kept else None
