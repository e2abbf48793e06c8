"""Does the role have its rights in its own account, by the product's policies, and no others by them? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from oss_crr import policy
from oss_crr.denials import like
from oss_crr.errors import OssCrrError
from oss_crr.model import AttachedPolicy, PolicyInfo
from oss_crr.resources.base import CREATED_BY
from oss_crr.resources.role_grant import RoleGrant
from oss_crr.verification.drift_asks import KMS_GRANT, policy_names
from oss_crr.verification.drift_facts import PairFacts
from oss_crr.verification.making import Part
from oss_crr.verification.model import Finding
from oss_crr.verification.rights import (
    Right,
    all_rights,
    as_statements,
    missing,
    missing_field,
    rights,
    surplus,
)

_CHANGED = "somebody changed the document, or made another version the default"


@dataclass(frozen=True)
class OwnPolicies:
    """The product's policies for one grant of a role.

    :param infos: those that exist, by name.
    :param attached: everything that is attached to the role; None when that is not known, or there is no role.
    """

    grant: RoleGrant
    facts: PairFacts
    infos: Mapping[str, PolicyInfo]
    attached: frozenset[AttachedPolicy] | None

    @classmethod
    def of(cls, facts: PairFacts, grant: RoleGrant) -> OwnPolicies | None:
        """Return what was read; None when it could not be read completely, which is told elsewhere."""
        names = policy_names(grant, facts.pair)
        infos = {name: info for name, info in facts.policies.items() if name in names}
        readable = {name: info for name, info in infos.items() if isinstance(info, PolicyInfo)}
        if len(readable) < len(infos):
            return None
        attached = None if isinstance(facts.attached, OssCrrError | None) else frozenset(facts.attached)
        return cls(grant, facts, readable, attached)

    @property
    def part(self) -> Part:
        """Return the part that findings are about."""
        return Part(self.facts.pair.name, self.grant.name)

    @property
    def made_by_product(self) -> set[str]:
        """Return the names of the policies that this product made; one of such a name may be somebody else's."""
        return {name for name, info in self.infos.items() if info.description.startswith(CREATED_BY)}

    @property
    def needed(self) -> frozenset[Right]:
        """Return the rights that the pair needs of the grant."""
        return all_rights(self.grant.grants(self.facts.pair))

    def statements(self, names: Iterable[str] | None = None) -> list[tuple[str, policy.Statement]]:
        """Return the statements of all policies, or of some, each with the name of its policy."""
        chosen = self.infos if names is None else names
        return [(name, item) for name in chosen for item in policy.parse(self.infos[name].document)["Statement"]]


def judge_role_grant(facts: PairFacts, grant: RoleGrant) -> list[Finding]:
    """Return what the role lacks of a grant in its own account."""
    if not grant.applies(facts.pair):
        return []
    own = OwnPolicies.of(facts, grant)
    if own is None:
        return []
    system = grant.system_policy(facts.pair)
    if system:
        return list(_attachments(own, [AttachedPolicy(system, "System")]))
    if own.infos and grant.name == KMS_GRANT.name and not facts.pair.kms_key_arn:
        return []  # Which key the role needs is not known; the key's own finding says why.
    return [*_documents(own), *_attachments(own, _holders(own)), *_denied(own)]


def _holders(own: OwnPolicies) -> list[AttachedPolicy]:
    """Return the policies that have to be attached: those that hold a part of the pair's rights, else the first."""
    holding = [name for name, statement in own.statements() if rights(statement) & own.needed]
    names = dict.fromkeys(holding) or list(own.infos)[:1]
    return [AttachedPolicy(name, "Custom") for name in names]


def _documents(own: OwnPolicies) -> Iterable[Finding]:
    part, name, expected = own.part, own.grant.policy_name(own.facts.pair), own.grant.grants(own.facts.pair)
    if not own.infos:
        cause = f"policy `{name}` does not exist any more: {_effect(own)}"
        yield part.broken("policy", expected, None, cause, "create the policy again, and attach it to the role")
        return
    statements = [statement for _, statement in own.statements()]
    lacking = missing(own.needed, statements)
    if not lacking:
        return
    conditional = not missing(own.needed, [{**item, "Condition": None} for item in statements])
    field = "condition" if conditional else missing_field(own.needed, lacking)
    versions = ", ".join(f"{info.version} of `{info.name}`" for info in own.infos.values())
    cause = f"policy `{name}` {own.grant.missing(own.facts.pair)} as it needs ({versions}): {_CHANGED}"
    found = {"missing": as_statements(lacking, *expected), "versions": versions}
    yield part.broken(field, expected, found, cause, "add the missing statement as a new default version")


def _effect(own: OwnPolicies) -> str:
    return own.grant.missing(own.facts.pair).replace("does not let the role", "the role cannot")


def _attachments(own: OwnPolicies, wanted: Iterable[AttachedPolicy]) -> Iterable[Finding]:
    if isinstance(own.facts.attached, OssCrrError):
        return
    absent = [item.name for item in wanted if item not in (own.attached or ())]
    if not absent:
        return
    role, listed = own.facts.pair.pair.role, ", ".join(f"`{name}`" for name in absent)
    if own.facts.role is None:
        cause = f"{listed} is attached to nothing, because role `{role}` does not exist any more"
        repair = "attach it once the role is there again"
    else:
        cause = f"{listed} is not attached to role `{role}` any more: {_effect(own)}"
        repair = "attach it to the role again"
    attached = sorted(item.name for item in own.attached or ())
    yield own.part.broken("attached", absent, attached, cause, repair)


def _denied(own: OwnPolicies) -> Iterable[Finding]:
    """Nobody else has a say in the product's own policies: a Deny there is a change to take back."""
    found = [(name, statement) for name, statement in own.statements() if _denies(statement, own.needed)]
    if found:
        names = ", ".join(sorted({f"`{name}`" for name, _ in found}))
        cause = f"somebody added a Deny to policy {names}, which stops the role on what it replicates"
        statements, ours = [item for _, item in found], {name for name, _ in found} <= own.made_by_product
        yield own.part.broken("denied", None, statements, cause, "take the Deny out of the policy", repairable=ours)


def _denies(statement: policy.Statement, needed: frozenset[Right]) -> bool:
    return statement.get("Effect") == "Deny" and any(
        like(action, right[0]) and (like(resource, right[1]) or like(right[1], resource))
        for action, resource in rights(statement)
        for right in needed
    )


def extra_role_rights(own: OwnPolicies, expected: frozenset[Right]) -> list[dict[str, Any]]:
    """Return what the product's policies allow beyond what is expected, as statements with the policy's name."""
    return [
        {"policy": name, **grouped}
        for name, statement in own.statements()
        for grouped in as_statements(surplus(statement, expected), statement)
    ]
