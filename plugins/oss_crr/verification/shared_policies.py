"""What a bucket policy or a key policy says about one role: the words, and which of them are too wide. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from oss_crr import policy
from oss_crr.denials import like, names_role, role_principal
from oss_crr.pair import ResolvedPair
from oss_crr.policy import Statement
from oss_crr.resources import destination_grant, kms_key_grant
from oss_crr.verification.rights import ALLOW, Right, rights

FOLD = "Principal"
#: Principals that are one role, in a bucket policy and in a key policy.
_ROLE = re.compile(r"arn:sts::\d+:assumed-role/([^/*]+)/\*|acs:ram::\d+:role/([^/*]+)")
_DERIVED = "oss-crr-"
EVERYBODY = "*"


@dataclass(frozen=True)
class RoleInPolicy:
    """A role, as a policy that belongs to somebody else names it.

    :param principal: how the role has to be named.
    :param grant: the statement that the pair needs.
    :param where: what policy it is, for people.
    """

    pair: ResolvedPair
    principal: str
    grant: Statement
    where: str

    @classmethod
    def in_bucket(cls, pair: ResolvedPair) -> RoleInPolicy:
        """Return the role in the destination bucket's policy."""
        principal = role_principal(pair.source_uid, pair.pair.role)
        where = f"the policy of bucket `{pair.pair.destination_bucket}`"
        return cls(pair, principal, destination_grant.grant(pair), where)

    @classmethod
    def in_key(cls, pair: ResolvedPair) -> RoleInPolicy:
        """Return the role in the policy of the destination's key."""
        principal = f"acs:ram::{pair.source_uid}:role/{pair.pair.role}"
        return cls(pair, principal, kms_key_grant.grant(pair), f"the policy of key `{pair.kms_key_arn}`")

    @property
    def needed(self) -> frozenset[Right]:
        """Return the rights that the pair needs."""
        return rights(self.grant)

    def names(self, statement: Statement) -> bool:
        """Tell whether an Allow statement names the role, and as it has to be named."""
        return statement.get("Effect") == ALLOW and self.principal in principals(statement)

    def misspelt(self, statements: Iterable[Statement]) -> list[str]:
        """Return principals that differ from the role's in nothing but the case of letters."""
        wanted = self.principal.lower()
        found = [name for statement in statements for name in principals(statement)]
        return [name for name in found if name != self.principal and name.lower() == wanted]

    def wide(self, statement: Statement) -> list[str]:
        """Return the principals of a statement that take in the role, and more than the role."""
        return [name for name in principals(statement) if name != self.principal and self._takes_in(name)]

    def _takes_in(self, name: str) -> bool:
        if _ROLE.fullmatch(name):
            return False  # The usual case, of which there may be hundreds: one other role.
        account = (self.pair.source_uid, f"acs:ram::{self.pair.source_uid}:root")
        return name in (EVERYBODY, *account) or ("*" in name and self._pattern_takes_in(name))

    def _pattern_takes_in(self, name: str) -> bool:
        if names_role([name], self.pair.source_uid, self.pair.pair.role):
            return True
        return like(name, self.principal)

    def speaks_of_ours(self, statement: Statement) -> bool:
        """Tell whether an Allow statement names one of the needed actions outright, as no general one would."""
        actions = {action for action, _ in rights(statement)}
        return statement.get("Effect") == ALLOW and bool(actions & {action for action, _ in self.needed})

    def is_ours(self, statement: Statement) -> bool:
        """Tell whether a statement is the pair's own, as it was or widened or narrowed by somebody."""
        found = rights(statement)
        return found <= self.needed or found >= self.needed


def principals(statement: Statement) -> list[str]:
    """Return a statement's principals as text; none at all stands for everybody."""
    return [str(name) for name in policy.values(statement, FOLD)] or [EVERYBODY]


def strangers(statement: Statement, role_names: frozenset[str]) -> tuple[list[str], list[str]]:
    """Return principals beside the roles of pairs: roles of a name of their own, and what is no single role at all.

    A role of another name may be a pair's of another inventory: only a person can tell.

    :param role_names: the roles of all known pairs, in lower case.
    """
    roles: list[str] = []
    others: list[str] = []
    for name in principals(statement):
        found = _ROLE.fullmatch(name)
        role = (found[1] or found[2]).lower() if found else None
        if role is None:
            others.append(name)
        elif not role.startswith(_DERIVED) and role not in role_names:
            roles.append(name)
    return roles, others


def shown(statements: Sequence[Statement]) -> list[dict[str, Any]]:
    """Return what statements say beside whom they are about, which may be hundreds of roles."""
    return [{key: value for key, value in statement.items() if key != FOLD} for statement in statements]
