"""What the setup of a pair takes over from the notes of other pairs, which were set up earlier.

Two pairs may share a role that somebody else made, and a grant to it: the setup of the first one adds the grant, that
of the second one finds it. When the first pair is torn down, the grant stays, because the second one needs it. So that
it does not stay for ever, the second pair's rule notes as well that a setup added it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from oss_crr import policy, provenance
from oss_crr.converge import PlannedResource, in_parallel
from oss_crr.errors import OssCrrError
from oss_crr.pair import ResolvedPair
from oss_crr.reading import attempt
from oss_crr.resources.base import Accounts
from oss_crr.setup_notes import statements, with_notes
from oss_crr.teardown.claim import Claim
from oss_crr.teardown.reader import Reader
from oss_crr.teardown.users import User, find_users

#: A pair, and what preflight saw of each resource.
Surveyed = tuple[ResolvedPair, Mapping[str, PlannedResource]]

#: Roles of an accelerated bucket's policy that are looked at. With more, acceleration may stay on after teardown.
_MAX_ROLES = 50


def with_inherited_notes(accounts: Accounts, surveyed: Sequence[Surveyed]) -> list[ResolvedPair]:
    """Return the pairs with notes that take over what others noted; what cannot be read is not taken over."""
    reader = Reader(accounts)
    return in_parallel(lambda item: _noted(reader, *item), surveyed)


def _noted(reader: Reader, pair: ResolvedPair, plans: Mapping[str, PlannedResource]) -> ResolvedPair:
    if not pair.pair.manages_source or "rule" not in plans or not plans["rule"].is_creation:
        return pair
    role = _role_letters(reader, pair, plans)
    inherited = role | ({provenance.ACCELERATION} if _was_accelerated(reader, pair, plans) else set())
    return with_notes(pair, plans, frozenset(inherited)) if inherited else pair


# --- grants to a role that somebody else made ------------------------------------------------------------------------


def _role_letters(reader: Reader, pair: ResolvedPair, plans: Mapping[str, PlannedResource]) -> set[str]:
    if "role" not in plans or plans["role"].is_creation or plans["role"].origin != "adopted":
        return set()
    there = set(_found_letters(pair, plans))
    users = attempt(lambda: find_users(reader, Claim(pair, "adopted"), ())) if there else []
    if isinstance(users, OssCrrError):
        return set()
    return {letter for user in users for letter in there if _added_by(user, letter, pair)}


def _found_letters(pair: ResolvedPair, plans: Mapping[str, PlannedResource]) -> Iterable[str]:
    """Yield the letters of what is there already, and what the pair relies on."""
    yield from (letter for name, letter in statements(pair).items() if name in plans and not plans[name].changes)
    resources = {"source_grant": pair.pair.role_permissions, "kms_role_grant": pair.pair.kms_permissions}
    custom = {"source_grant": provenance.SOURCE_POLICY, "kms_role_grant": provenance.KMS_POLICY}
    for name, permissions in resources.items():
        if name in plans and not plans[name].changes:
            yield provenance.SYSTEM_POLICIES.get(permissions, custom[name])


def _added_by(user: User, letter: str, pair: ResolvedPair) -> bool:
    """Tell whether the setup of another pair added the very thing that a letter stands for."""
    if user.rule is None or user.notes is None or letter not in user.notes.added:
        return False
    same = _SAME.get(letter)
    return same is None or same(user, pair)


def _same_destination(user: User, pair: ResolvedPair) -> bool:
    return user.rule is not None and user.rule.destination_bucket == pair.pair.destination_bucket


def _same_key(user: User, pair: ResolvedPair) -> bool:
    return user.rule is not None and user.rule.kms_key_arn == pair.kms_key_arn


def _same_source(user: User, pair: ResolvedPair) -> bool:
    return user.bucket == pair.pair.source_bucket


_SAME: dict[str, Callable[[User, ResolvedPair], bool]] = {
    provenance.DESTINATION: _same_destination,
    provenance.DESTINATION_WITH_DELETES: _same_destination,
    provenance.KEY: _same_key,
    provenance.SOURCE_POLICY: _same_source,
}


# --- acceleration ----------------------------------------------------------------------------------------------------


def _was_accelerated(reader: Reader, pair: ResolvedPair, plans: Mapping[str, PlannedResource]) -> bool:
    """Tell whether the rule of another pair switched the destination's acceleration on."""
    if pair.transfer_type != "oss_acc" or not pair.accelerated or "destination_grant" not in plans:
        return False
    roles = [pair.pair.role, *_roles_in(plans["destination_grant"].observed, pair.source_uid)]
    return any(_accelerates(reader, pair, role) for role in roles[:_MAX_ROLES])


def _accelerates(reader: Reader, pair: ResolvedPair, role: str) -> bool:
    with_role = replace(pair, pair=replace(pair.pair, role_name=role))
    users = attempt(lambda: find_users(reader, Claim(with_role, "adopted"), ()))
    if isinstance(users, OssCrrError):
        return False
    return any(
        user.notes is not None and provenance.ACCELERATION in user.notes.added and _same_destination(user, pair)
        for user in users
    )


def _roles_in(document: policy.Document | None, source_uid: str) -> list[str]:
    """Return the roles of the source account that a bucket policy names, in lower case as it has them."""
    form = re.compile(rf"arn:sts::{re.escape(source_uid)}:assumed-role/([a-z0-9.-]+)/\*")
    values = [value for statement in (document or {"Statement": []})["Statement"] for value in _principals(statement)]
    return list(dict.fromkeys(match[1] for value in values if (match := form.fullmatch(str(value)))))


def _principals(statement: policy.Statement) -> list[object]:
    return policy.values(statement, "Principal")
