"""Do the destination bucket's policy and the key's policy let the role in, as far as it needs, and no further? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from oss_crr import policy
from oss_crr.denials import (
    DELETE_ACTIONS,
    DESTINATION_ACTIONS,
    SOURCE_ACTIONS,
    denials,
    describe_denial,
    key_denials,
    role_principal,
)
from oss_crr.errors import OssCrrError
from oss_crr.policy import Document, Statement
from oss_crr.resources.kms_key_grant import KmsKeyGrant
from oss_crr.verification.drift_facts import PairFacts
from oss_crr.verification.drift_role import adopted_extra, is_adopted
from oss_crr.verification.making import Part
from oss_crr.verification.model import Finding
from oss_crr.verification.neighbours import Neighbours
from oss_crr.verification.rights import ALLOW, Right, as_statements, missing, missing_field, surplus
from oss_crr.verification.shared_policies import EVERYBODY, RoleInPolicy, principals, shown, strangers

#: The condition of many a Deny, which meets no request that travels encrypted, as OSS's own ones do.
_WITHOUT_TLS = {"acs:securetransport": ["false"]}


def judge_destination_policy(facts: PairFacts, neighbours: Neighbours) -> list[Finding]:
    """Return what is wrong with the role's rights in the destination bucket's policy."""
    document = facts.destination_policy
    if not facts.pair.pair.manages_destination or isinstance(document, OssCrrError) or not facts.accounts_known:
        return []
    pair = facts.pair.pair
    role, part = RoleInPolicy.in_bucket(facts.pair), Part(facts.pair.name, "destination_grant")
    actions = (*DESTINATION_ACTIONS, *(DELETE_ACTIONS if facts.pair.needs_delete_right else ()))
    denied = denials(document, facts.pair.source_uid, pair.role, actions, pair.destination_bucket, pair.prefixes)
    return [
        *_lacking(part, role, document),
        *_too_much(facts, part, role, document, neighbours.in_bucket(facts.pair, versioned=facts.knows_versioning)),
        *_too_many(part, role, document, neighbours),
        *_denied(part, denied, pair.destination_bucket, "bucket policy"),
    ]


def judge_key_policy(facts: PairFacts, neighbours: Neighbours) -> list[Finding]:
    """Return what is wrong with the role's rights in the key's policy."""
    document, key = facts.key_policy, facts.pair.kms_key_arn
    if not KmsKeyGrant().applies(facts.pair) or isinstance(document, OssCrrError) or not facts.accounts_known:
        return []
    role, part = RoleInPolicy.in_key(facts.pair), Part(facts.pair.name, "kms_key_grant")
    if not key:
        return list(_follows_from_key(facts, part, role))
    denied = key_denials(document, facts.pair.source_uid, facts.pair.pair.role)
    return [
        *_lacking(part, role, document),
        *_too_much(facts, part, role, document, role.needed),
        *_too_many(part, role, document, neighbours),
        *_denied(part, denied, key, "key policy"),
    ]


def judge_source_policy(facts: PairFacts) -> list[Finding]:
    """Return what the source bucket's policy denies the role; it needs nothing of it."""
    document, pair = facts.source_policy, facts.pair.pair
    if isinstance(document, OssCrrError | None) or not facts.pair.source_uid:
        return []
    part = Part(facts.pair.name, "source_bucket")
    found = denials(document, facts.pair.source_uid, pair.role, SOURCE_ACTIONS, pair.source_bucket, pair.prefixes)
    return [*_denied(part, found, pair.source_bucket, "bucket policy"), *_granted_at_source(facts, part, document)]


def _granted_at_source(facts: PairFacts, part: Part, document: Document) -> Iterable[Finding]:
    principal = role_principal(facts.pair.source_uid, facts.pair.pair.role)
    found = [item for item in document["Statement"] if item.get("Effect") == ALLOW and principal in principals(item)]
    if found:
        cause = "the source bucket's policy gives the role rights as well, which it has by its own policy: nobody asked"
        repair = "have the policy's owner take the role out of it"
        finding = part.too_much("extra_rights", None, shown(found), cause, repair, repairable=False)
        yield replace(finding, severity="unknown") if is_adopted(facts) else finding


def _follows_from_key(facts: PairFacts, part: Part, role: RoleInPolicy) -> Iterable[Finding]:
    if facts.key is None and facts.instance is not None:
        cause = "there is no key whose policy could let the role in, because the product's key is gone"
        repair = "let the role use the new key"
        yield part.broken("statement", shown([role.grant]), None, cause, repair)


# --- too little ------------------------------------------------------------------------------------------------------


def _lacking(part: Part, role: RoleInPolicy, document: Document | None) -> Iterable[Finding]:
    repair = "put the pair's statement into the policy again, beside all that is in it"
    if document is None:
        cause = f"{role.where} was deleted: the role may not write there any more"
        yield part.broken("policy", shown([role.grant]), None, cause, repair)
        return
    naming = [item for item in document["Statement"] if role.names(item) or _is_widened(role, item)]
    lacking = missing(role.needed, naming)
    if not lacking:
        return
    field, how = _explained(role, document, naming, lacking)
    cause = f"{role.where} does not give role `{role.pair.pair.role}` all it needs any more: {how}"
    found = {"missing": as_statements(lacking, role.grant), "naming the role": shown(naming)}
    yield part.broken(field, {"Principal": role.principal, **shown([role.grant])[0]}, found, cause, repair)


def _is_widened(role: RoleInPolicy, statement: Statement) -> bool:
    """Tell whether a statement is the role's own, opened to everybody."""
    return EVERYBODY in role.wide(statement) and role.speaks_of_ours(statement) and role.is_ours(statement)


def _explained(
    role: RoleInPolicy, document: Document, naming: Sequence[Statement], lacking: frozenset[Right]
) -> tuple[str, str]:
    """Return the field to blame for missing rights, and how it came about."""
    unconditional = [{**item, "Condition": None} for item in naming]
    if missing(role.needed, unconditional) != lacking:
        return "condition", "somebody added a condition to the statement"
    misspelt = role.misspelt(document["Statement"])
    if misspelt:
        return "principal", f"it names `{misspelt[0]}`, and only `{role.principal}` is the role"
    if any(_gives_some(role, item) for item in document["Statement"]):
        return "principal", "somebody put another principal in the role's place"
    field = missing_field(role.needed, lacking)
    if field == "statement":
        return field, "somebody took the role, or its statement, out"
    return field, f"somebody took {field} out of the statement"


# --- too much --------------------------------------------------------------------------------------------------------


def _gives_some(role: RoleInPolicy, statement: Statement) -> bool:
    """Tell whether a statement that is about more than the role gives it something that it needs."""
    return bool(role.wide(statement)) and missing(role.needed, [statement]) < role.needed


def _too_much(
    facts: PairFacts, part: Part, role: RoleInPolicy, document: Document | None, expected: frozenset[Right]
) -> Iterable[Finding]:
    """Find rights of the role in statements that name it."""
    allowed = expected | role.needed
    found = [
        grouped
        for statement in (document or {"Statement": []})["Statement"]
        if role.names(statement)
        for grouped in as_statements(surplus(statement, allowed), statement)
    ]
    if not found:
        return
    cause = f"{role.where} allows role `{role.pair.pair.role}` more than replication needs: it was widened"
    if is_adopted(facts):
        yield adopted_extra(part, "extra_rights", shown([role.grant]), found, cause)
    else:
        repair = "take the role out of what is too much, and leave it what it needs"
        yield part.too_much("extra_rights", shown([role.grant]), found, cause, repair)


def _too_many(part: Part, role: RoleInPolicy, document: Document | None, neighbours: Neighbours) -> Iterable[Finding]:
    """Find others than roles of pairs in the statement that gives the role its rights."""
    wide: list[str] = []
    unclear: list[str] = []
    statements = (document or {"Statement": []})["Statement"]
    without_own = bool(missing(role.needed, [item for item in statements if role.names(item)]))
    for statement in statements:
        if role.speaks_of_ours(statement) and role.is_ours(statement):
            roles, others = strangers(statement, neighbours.role_names) if role.names(statement) else ([], [])
            unclear += roles
            wide += [*role.wide(statement), *others]
        elif (without_own or EVERYBODY in role.wide(statement)) and _gives_some(role, statement):
            # Perhaps the role's own statement, opened up beyond recognition; perhaps somebody else's.
            unclear += role.wide(statement)
    if not wide and not unclear:
        return
    found = {"too wide": list(dict.fromkeys(wide)), "not known": list(dict.fromkeys(unclear))}
    names = [name for listed in found.values() for name in listed]
    cause = f"{role.where} gives what the role needs to others as well: {', '.join(f'`{name}`' for name in names)}"
    repair = "take them out of the statement"
    if unclear:
        repair += "; which of them are wanted only a person can tell, where the statement or the role may be another's"
    yield part.too_much("extra_principals", [role.principal], found, cause, repair, repairable=bool(wide))


# --- denied ----------------------------------------------------------------------------------------------------------


def _denied(part: Part, found: Sequence[Statement], where: str, kind: str) -> Iterable[Finding]:
    """Report Deny statements; whether a condition is met for OSS's own requests is the service's knowledge."""
    relevant = [statement for statement in found if not _is_harmless(statement)]
    certain = [statement for statement in relevant if not statement.get("Condition")]
    if certain:
        cause = f"somebody added a Deny, and OSS stops where it meets it: {_described(certain, where, kind)}"
        yield part.broken("denied", None, shown(certain), cause, _ASK_OWNER, repairable=False)
    elif relevant:
        cause = f"a Deny may stop the role, which its condition decides: {_described(relevant, where, kind)}"
        yield part.unknown("denied", None, shown(relevant), cause, _ASK_OWNER)


_ASK_OWNER = "have the policy's owner take the role out of the statement: nobody else's Deny is touched"


def _described(statements: Sequence[Statement], where: str, kind: str) -> str:
    return "; ".join(describe_denial(statement, where, kind) for statement in statements)


def _is_harmless(statement: Statement) -> bool:
    condition = statement.get("Condition") or {}
    keys = {key.lower(): policy.as_list(value) for operator in condition.values() for key, value in operator.items()}
    return {key: [str(item).lower() for item in value] for key, value in keys.items()} == _WITHOUT_TLS
