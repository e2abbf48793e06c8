"""Does the role exist, and may OSS assume it, and nobody else? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from oss_crr import policy
from oss_crr.errors import OssCrrError
from oss_crr.model import RoleInfo
from oss_crr.resources.base import CREATED_BY
from oss_crr.resources.role import OSS_SERVICE, trusts_oss
from oss_crr.verification.drift_facts import PairFacts
from oss_crr.verification.making import Part
from oss_crr.verification.model import Finding

_NEITHER_OURS = "; it was made by somebody else, so whether that is wanted cannot be told from here"


def is_products(role: RoleInfo) -> bool:
    """Tell whether this product created a role."""
    return role.description.startswith(CREATED_BY)


def is_adopted(facts: PairFacts) -> bool:
    """Tell whether the pair's role was made by somebody else, who may use it for more."""
    return isinstance(facts.role, RoleInfo) and not is_products(facts.role)


def judge_role(facts: PairFacts) -> list[Finding]:
    """Return what is wrong with the role itself."""
    role = facts.role
    if isinstance(role, OssCrrError) or not facts.pair.pair.manages_source:
        return []
    part = Part(facts.pair.name, "role")
    if role is None:
        name = facts.pair.pair.role
        cause = f"role `{name}` does not exist any more: OSS has nothing to replicate with, and has stopped"
        return [part.broken("exists", name, None, cause, "create the role again, and attach its policies to it")]
    trust = policy.parse(role.trust_policy)
    return [*_trust(part, role, trust), *_extra_trust(part, role, trust)]


def _trust(part: Part, role: RoleInfo, trust: policy.Document) -> Iterable[Finding]:
    if trusts_oss(trust):
        return
    cause = f"the trust policy of role `{role.name}` was changed: OSS cannot assume the role any more, and has stopped"
    repair = "restore the statement that lets OSS assume the role"
    if not is_products(role):
        repair = f"have the role's owner {repair}: this product does not widen the trust of a role it did not create"
    expected = policy.render("trust_policy")["Statement"]
    yield part.broken("trust_policy", expected, trust["Statement"], cause, repair, repairable=is_products(role))


def _extra_trust(part: Part, role: RoleInfo, trust: policy.Document) -> Iterable[Finding]:
    wider = [found for statement in trust["Statement"] if (found := wider_trust(statement))]
    if not wider:
        return
    cause = f"role `{role.name}` may be assumed by others than OSS, who then read what is replicated"
    expected = policy.render("trust_policy")["Statement"]
    if is_products(role):
        yield part.too_much("extra_trust", expected, wider, cause, "restore the trust policy: OSS, and nobody else")
    else:
        yield adopted_extra(part, "extra_trust", expected, wider, cause)


def adopted_extra(part: Part, field: str, expected: Any, found: Any, cause: str) -> Finding:
    """Return a finding about rights of a role that somebody else made: told, but neither judged nor taken away."""
    repair = "ask the role's owner whether they are needed; this product takes nothing from a role it did not create"
    return part.too_much(field, expected, found, cause + _NEITHER_OURS, repair, repairable=False, severity="unknown")


def wider_trust(statement: policy.Statement) -> dict[str, Any]:
    """Return the part of a trust statement that lets more in than OSS, or for more than to assume the role."""
    if statement.get("Effect") != "Allow":
        return {}
    principals = _principals(statement.get("Principal"))
    others = {kind: names for kind, listed in principals.items() if (names := _others(kind, listed))}
    actions = [action for action in policy.as_list(statement.get("Action")) if str(action).lower() != "sts:assumerole"]
    found: dict[str, Any] = {"Principal": others} if others else {}
    return found | ({"Action": actions} if actions and principals else {})


def _principals(principal: object) -> Mapping[str, list[Any]]:
    if isinstance(principal, Mapping):
        return {str(kind): policy.as_list(names) for kind, names in principal.items()}
    return {"": policy.as_list(principal)}


def _others(kind: str, names: list[Any]) -> list[Any]:
    return [name for name in names if (kind, name) != ("Service", OSS_SERVICE)]
