"""Has the replication role more rights in its own account than anybody asked for? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oss_crr.errors import OssCrrError
from oss_crr.model import AttachedPolicy
from oss_crr.pair import ResolvedPair
from oss_crr.resources.role_grant import RoleGrant
from oss_crr.verification.drift_asks import KMS_GRANT, SOURCE_GRANT, policy_names
from oss_crr.verification.drift_facts import PairFacts
from oss_crr.verification.drift_role import adopted_extra, is_adopted
from oss_crr.verification.drift_role_grants import OwnPolicies, extra_role_rights
from oss_crr.verification.making import Part
from oss_crr.verification.model import Finding
from oss_crr.verification.neighbours import Neighbours, undecided
from oss_crr.verification.rights import Right

_FULL_ACCESS = ("AliyunOSSFullAccess", "AliyunKMSFullAccess", "AdministratorAccess")


def judge_extra_rights(facts: PairFacts, neighbours: Neighbours) -> list[Finding]:
    """Return the rights of the role that no known pair needs."""
    if not facts.pair.pair.manages_source or isinstance(facts.role, OssCrrError | None):
        return []
    sharing = neighbours.of_role(facts.pair)
    return [*_foreign_policies(facts, sharing), *_own_policies(facts, neighbours), *_undecided(facts)]


def _foreign_policies(facts: PairFacts, sharing: Sequence[ResolvedPair]) -> Iterable[Finding]:
    if isinstance(facts.attached, OssCrrError | None):
        return
    expected = _expected_policies(facts, sharing)
    part, role = Part(facts.pair.name, "role"), facts.pair.pair.role
    for item in facts.attached:
        if item in expected:
            continue
        what = "gives it everything in the account" if item.name in _FULL_ACCESS else "gives it rights of its own"
        cause = f"policy `{item.name}` is attached to role `{role}`, which nobody asked for: it {what}"
        field, found = f"extra_policy:{item.name}", {"policy": item.name, "type": item.type}
        names = sorted(policy.name for policy in expected if policy in (facts.attached or ()))
        if is_adopted(facts):
            yield adopted_extra(part, field, names, found, cause)
        else:
            yield part.too_much(field, names, found, cause, "detach the policy from the role")


def _expected_policies(facts: PairFacts, sharing: Sequence[ResolvedPair]) -> set[AttachedPolicy]:
    """Return what may be attached to the role: the product's policies, and system policies that pairs ask for.

    The product's policy for keys is expected only where a pair replicates what keys encrypt, unless the role is one
    that pairs share by its name: it may then be a pair's that is not known here.
    """
    grants = [(pair, grant) for pair in sharing for grant in (SOURCE_GRANT, KMS_GRANT) if grant.applies(pair)]
    asked = {AttachedPolicy(name, "System") for pair, grant in grants if (name := grant.system_policy(pair))}
    own = policy_names(SOURCE_GRANT, facts.pair)
    if facts.pair.pair.role_name or any(grant is KMS_GRANT for _, grant in grants):
        own += policy_names(KMS_GRANT, facts.pair)
    return asked | {AttachedPolicy(name, "Custom") for name in own}


def _own_policies(facts: PairFacts, neighbours: Neighbours) -> Iterable[Finding]:
    yield from _own(facts, SOURCE_GRANT, neighbours.on_sources(facts))
    # Where a key that is expected is not known, none can be said to be too much.
    if all(pair.kms_key_arn for pair in neighbours.of_role(facts.pair) if pair.replicates_kms_objects):
        yield from _own(facts, KMS_GRANT, neighbours.on_keys(facts))


def _own(facts: PairFacts, grant: RoleGrant, expected: frozenset[Right]) -> Iterable[Finding]:
    own = OwnPolicies.of(facts, grant)
    found = extra_role_rights(own, expected) if own and expected else []
    if own and found:
        foreign = {item["policy"] for item in found} - own.made_by_product
        names = ", ".join(sorted({f"`{item['policy']}`" for item in found}))
        cause = f"policy {names} of role `{facts.pair.pair.role}` allows more than any known pair needs: it was widened"
        repair = "take what is too much out of the policy, as a new default version"
        if foreign:  # A policy of that name that somebody else made: it is never written.
            yield adopted_extra(own.part, "extra_rights", grant.grants(facts.pair), found, cause)
        else:
            yield own.part.too_much("extra_rights", grant.grants(facts.pair), found, cause, repair)


def _undecided(facts: PairFacts) -> Iterable[Finding]:
    for bucket, error in undecided(facts).items():
        cause = f"the role may read bucket `{bucket}`, which is no known pair's, and whether it is in use is not known"
        repair = "add the pair to the inventory, or take the bucket out of the role's policy"
        found = {"bucket": bucket, "reason": str(error)}
        yield Part(facts.pair.name, "source_grant").unknown(f"extra_bucket:{bucket}", None, found, cause, repair)
