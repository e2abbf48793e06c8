"""The RAM role in the source account that the OSS service assumes to replicate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oss_crr import policy
from oss_crr.model import RoleInfo
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import CREATED_BY, Accounts, Change, Origin, Resource

OSS_SERVICE = "oss.aliyuncs.com"
DESCRIPTION = f"{CREATED_BY}: lets OSS replicate buckets to another account"


class Role(Resource[RoleInfo | None]):
    """A service role that trusts OSS.

    A role that somebody else made is used as it is when it trusts OSS, and never changed.
    """

    name = "role"
    creates_once = True
    absent = None

    def scope(self, pair: ResolvedPair) -> tuple[str, ...]:
        return (pair.source_uid, pair.pair.role)

    def desired(self, pair: ResolvedPair) -> Any:
        return {"role": pair.pair.role, "trust_policy": policy.render("trust_policy")}

    def observe(self, accounts: Accounts, pair: ResolvedPair) -> RoleInfo | None:
        return accounts.source(pair.pair).ram.get_role(pair.pair.role)

    def changes(self, pair: ResolvedPair, observed: RoleInfo | None) -> tuple[Change, ...]:
        wanted = policy.render("trust_policy")
        if observed is None:
            return (Change(self.name, "create", f"role `{pair.pair.role}` does not exist", after=wanted),)
        trust = policy.parse(observed.trust_policy)
        if trusts_oss(trust):
            return ()
        return (
            Change(
                self.name,
                "blocked",
                f"role `{observed.name}` exists, but its trust policy does not let {OSS_SERVICE} assume it: add "
                "the statement shown, or choose another role_name (this product does not widen a role's trust)",
                before=trust,
                after=wanted,
            ),
        )

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: RoleInfo | None) -> RoleInfo | None:
        if observed is not None:
            return None
        trust = policy.dump(policy.render("trust_policy"))
        # The answer carries the role with its trust policy (RAM page CreateRole).
        return accounts.source(pairs[0].pair).ram.create_role(pairs[0].pair.role, trust, DESCRIPTION)

    def origin(self, pair: ResolvedPair, observed: RoleInfo | None) -> Origin:
        return "in order" if observed and observed.description.startswith(CREATED_BY) else "adopted"

    def remove(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: RoleInfo | None) -> None:
        """Delete the role if this product created it and nothing is attached to it any more."""
        if observed is None or not observed.description.startswith(CREATED_BY):
            return
        ram = accounts.source(pairs[0].pair).ram
        if not ram.list_policies_for_role(observed.name):
            ram.delete_role(observed.name)


def trusts_oss(trust_policy: policy.Document) -> bool:
    """Tell whether a trust policy lets the OSS service assume the role, without conditions or denials."""
    about_oss = [statement for statement in trust_policy["Statement"] if _names_oss(statement)]
    allowed = any(item.get("Effect") == "Allow" and not item.get("Condition") for item in about_oss)
    denied = any(item.get("Effect") == "Deny" for item in about_oss)
    return allowed and not denied


def _names_oss(statement: policy.Statement) -> bool:
    actions = {str(action).lower() for action in policy.as_list(statement.get("Action"))}
    principal = statement.get("Principal")
    services = policy.as_list(principal.get("Service")) if isinstance(principal, Mapping) else []
    return bool(actions & {"sts:assumerole", "sts:*", "*"}) and bool({OSS_SERVICE, "*"} & set(services))
