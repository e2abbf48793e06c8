"""Count a fleet against the quotas of its accounts, before the first write. Pure.

Only what cannot fit is blocked, pair by pair in the inventory's order, and what is there already is never blocked. A
single pair is not counted: its own checks do that (:mod:`oss_crr.deep_checks`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from oss_crr import policy
from oss_crr.errors import LimitReached, OssCrrError, PolicyError
from oss_crr.model import AccountSummary, KmsInstanceInfo, Rule
from oss_crr.pair import ResolvedPair
from oss_crr.resources import destination_grant, kms_key_grant
from oss_crr.resources.kms_role_grant import KmsRoleGrant
from oss_crr.resources.role_grant import FOLD as ROLE_FOLD
from oss_crr.resources.role_grant import MAX_POLICIES, RoleGrant, RoleGrantState
from oss_crr.resources.source_grant import SourceGrant
from oss_crr.rule_quota import RULES_VARIABLE, max_rules

ROLE_GRANTS: tuple[RoleGrant, ...] = (SourceGrant(), KmsRoleGrant())


@dataclass(frozen=True)
class QuotaFacts:
    """What was read of the accounts; only what several pairs share, and errors in the place of what was not readable.

    :param summaries: RAM quotas by the source account's UID.
    :param existing: names of roles and policies that are there, by the source account's UID; only of accounts that
        might not hold the fleet.
    :param rules: rules by source bucket.
    :param bucket_policies: by bucket; None for no policy.
    :param role_grants: a role's policies, by resource name and the resource's scope.
    :param key_policies: by the scope of the resource; None for a key that is still to be created.
    :param instances: the KMS instance that a pair's key is in, by key ARN or instance id.
    :param notes: what made the reading longer than it has to be.
    """

    summaries: Mapping[str, AccountSummary | OssCrrError] = field(default_factory=dict)
    existing: Mapping[str, frozenset[str]] = field(default_factory=dict)
    rules: Mapping[str, Sequence[Rule] | OssCrrError] = field(default_factory=dict)
    bucket_policies: Mapping[str, policy.Document | OssCrrError | None] = field(default_factory=dict)
    role_grants: Mapping[tuple[str, ...], RoleGrantState | OssCrrError] = field(default_factory=dict)
    key_policies: Mapping[tuple[str, ...], policy.Document | OssCrrError | None] = field(default_factory=dict)
    instances: Mapping[str, KmsInstanceInfo | OssCrrError | None] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Count:
    """How the fleet stands to one quota.

    :param quota: which one, such as ``rules of bucket `logs```.
    :param text: how much is used and needed.
    :param blocked: names of the pairs that do not fit.
    :param action: what to do about those.
    """

    quota: str
    text: str
    blocked: tuple[str, ...] = ()
    action: str = ""


def count(pairs: Sequence[ResolvedPair], facts: QuotaFacts) -> list[Count]:
    """Count all pairs; a pair that one quota blocks does not use up another."""
    counts: list[Count] = []
    left = list(pairs)
    for counter in _COUNTERS:
        found = list(counter(left, facts))
        blocked = {name for item in found for name in item.blocked}
        left = [pair for pair in left if pair.name not in blocked]
        counts += found
    return counts


def causes(counts: Iterable[Count]) -> dict[str, str]:
    """Return why each blocked pair is blocked."""
    found: dict[str, str] = {}
    for item in counts:
        for name in item.blocked:
            found.setdefault(name, f"{item.quota}: {item.text} → {item.action}")
    return found


def shared(pairs: Iterable[ResolvedPair], key: Callable[[ResolvedPair], Any]) -> dict[Any, list[ResolvedPair]]:
    """Return the pairs that share something, by what they share."""
    groups: dict[Any, list[ResolvedPair]] = {}
    for pair in pairs:
        groups.setdefault(key(pair), []).append(pair)
    return {found: group for found, group in groups.items() if len(group) > 1}


# --- rules -----------------------------------------------------------------------------------------------------------


def crowded_buckets(pairs: Iterable[ResolvedPair]) -> dict[str, list[ResolvedPair]]:
    """Return the buckets that take part in several pairs, each with its pairs."""
    groups: dict[str, list[ResolvedPair]] = {}
    for pair in pairs:
        for bucket in (pair.pair.source_bucket, pair.pair.destination_bucket):
            groups.setdefault(bucket, []).append(pair)
    return {bucket: group for bucket, group in groups.items() if len(group) > 1}


def _count_rules(pairs: Sequence[ResolvedPair], facts: QuotaFacts) -> Iterator[Count]:
    there = {
        (bucket, rule.destination_bucket)
        for bucket, rules in facts.rules.items()
        if not isinstance(rules, OssCrrError)
        for rule in rules
    }
    blocked: set[str] = set()
    allowed = max_rules()
    for bucket, group in crowded_buckets(pairs).items():
        left = [pair for pair in group if pair.name not in blocked]
        used = sum(bucket in buckets for buckets in there)
        new = [pair for pair in left if _buckets(pair) not in there]
        over = new[max(0, allowed - used) :]
        blocked |= {pair.name for pair in over}
        text = f"{used} are there and {len(new)} more are needed, in both directions; OSS allows {allowed}"
        if over or len(left) > allowed // 2:
            yield Count(
                f"rules of bucket `{bucket}`",
                text,
                _names(over),
                f"split the pairs over more buckets, or have the quota raised and set {RULES_VARIABLE}",
            )


def _buckets(pair: ResolvedPair) -> tuple[str, str]:
    return pair.pair.source_bucket, pair.pair.destination_bucket


# --- documents -------------------------------------------------------------------------------------------------------


def _count_bucket_policies(pairs: Sequence[ResolvedPair], facts: QuotaFacts) -> Iterator[Count]:
    managed = [pair for pair in pairs if pair.pair.manages_destination]
    for bucket, group in shared(managed, lambda pair: pair.pair.destination_bucket).items():
        document = facts.bucket_policies.get(bucket)
        if isinstance(document, OssCrrError):
            continue
        # Whether buckets are versioned is not read for this; it decides about one right, so about a few bytes.
        tried = [_fold_bucket_policy(document, group, versioned) for versioned in (False, True)]
        size, over = min(tried, key=lambda found: len(found[1]))
        yield Count(
            f"policy of bucket `{bucket}`",
            f"{size:,} bytes with {len(group) - len(over)} of {len(group)} pairs; OSS takes "
            f"{policy.BUCKET_POLICY_BYTES:,}",
            _names(over),
            "remove statements nobody needs, share a role between pairs (role_name), or use another bucket",
        )


def _fold_bucket_policy(
    document: policy.Document | None, group: Sequence[ResolvedPair], versioned: bool
) -> tuple[int, list[ResolvedPair]]:
    assumed = [replace(pair, versioned=versioned) for pair in group]
    return _fold(document, assumed, destination_grant.merged, policy.check_bucket_policy_size)


def _count_key_policies(pairs: Sequence[ResolvedPair], facts: QuotaFacts) -> Iterator[Count]:
    resource = kms_key_grant.KmsKeyGrant()
    for scope, group in shared(filter(resource.applies, pairs), resource.scope).items():
        document = facts.key_policies.get(scope)
        if isinstance(document, OssCrrError):
            continue
        size, over = _fold(document, group, kms_key_grant.merged, policy.check_key_policy_size)
        yield Count(
            f"policy of key `{scope[-1]}`",
            f"{size:,} bytes with {len(group) - len(over)} of {len(group)} pairs; "
            f"KMS takes {policy.KEY_POLICY_BYTES:,}",
            _names(over),
            "share a role between pairs (role_name), or use another key",
        )


def _fold(
    document: policy.Document | None,
    group: Sequence[ResolvedPair],
    merged: Callable[[policy.Document | None, Sequence[ResolvedPair]], policy.Document],
    check: Callable[[policy.Document], None],
) -> tuple[int, list[ResolvedPair]]:
    """Add the pairs' grants one by one; return the size in the end, and the pairs that do not fit."""
    over: list[ResolvedPair] = []
    for pair in group:
        grown = merged(document, [pair])
        if grown == document:
            continue
        try:
            check(grown)
        except PolicyError:
            over.append(pair)
        else:
            document = grown
    return len(policy.dump(document).encode()) if document else 0, over


def _count_role_policies(pairs: Sequence[ResolvedPair], facts: QuotaFacts) -> Iterator[Count]:
    for resource in ROLE_GRANTS:
        for scope, group in shared(with_custom_policy(pairs, resource), resource.scope).items():
            observed = facts.role_grants.get((resource.name, *scope), resource.absent)
            if isinstance(observed, OssCrrError):
                continue
            there = [pair for pair in group if not _is_missing(resource, observed, pair)]
            new = [pair for pair in group if pair not in there]
            fit = _fitting(resource, observed, new)
            yield Count(
                f"{resource.name} of role `{group[0].pair.role}`",
                f"{MAX_POLICIES} policies hold {len(there) + fit} of {len(group)} pairs",
                _names(new[fit:]),
                "give the others another role_name",
            )


def _is_missing(resource: RoleGrant, observed: RoleGrantState, pair: ResolvedPair) -> bool:
    held = observed.documents.values()
    return any(
        not any(policy.holds(document, grant, ROLE_FOLD) for document in held) for grant in resource.grants(pair)
    )


def _fitting(resource: RoleGrant, observed: RoleGrantState, new: Sequence[ResolvedPair]) -> int:
    """Return how many of the new pairs, from the first one on, a role's policies hold."""
    low, high = 0, len(new)
    middle = high  # Nearly always all of them.
    while low < high:
        try:
            resource.packed(observed, new[:middle])
            low = middle
        except LimitReached:
            high = middle - 1
        middle = (low + high + 1) // 2
    return low


def with_custom_policy(pairs: Iterable[ResolvedPair], resource: RoleGrant) -> list[ResolvedPair]:
    """Return the pairs that need a custom policy of this kind; a system policy has no size to count."""
    return [pair for pair in pairs if resource.applies(pair) and resource.system_policy(pair) is None]


# --- RAM -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """Something of a limited number that a pair needs.

    :param name: its name in the account.
    :param pair: the first pair that needs it.
    """

    name: str
    pair: ResolvedPair


def roles_wanted(pairs: Iterable[ResolvedPair]) -> dict[str, list[Wanted]]:
    """Return the roles that each source account is to have, each once, by UID."""
    return _wanted(pairs, _roles)


def policies_wanted(pairs: Iterable[ResolvedPair]) -> dict[str, list[Wanted]]:
    """Return the custom policies that each source account is to have at least, each once, by UID."""
    return _wanted(pairs, _policies)


def might_not_fit(pairs: Sequence[ResolvedPair], summaries: Mapping[str, AccountSummary | OssCrrError]) -> list[str]:
    """Return the UIDs of accounts that would not hold the fleet if nothing of it were there yet."""
    roles, policies = roles_wanted(pairs), policies_wanted(pairs)
    return [
        uid
        for uid, summary in summaries.items()
        if isinstance(summary, AccountSummary)
        and (
            summary.roles + len(roles.get(uid, ())) > summary.roles_quota
            or summary.policies + len(policies.get(uid, ())) > summary.policies_quota
        )
    ]


def _wanted(pairs: Iterable[ResolvedPair], names: Callable[[ResolvedPair], Iterable[str]]) -> dict[str, list[Wanted]]:
    found: dict[str, dict[str, Wanted]] = {}
    for pair in pairs:
        if pair.pair.manages_source:
            for name in names(pair):
                found.setdefault(pair.source_uid, {}).setdefault(name, Wanted(name, pair))
    return {uid: list(wanted.values()) for uid, wanted in found.items()}


def _roles(pair: ResolvedPair) -> Iterator[str]:
    yield pair.pair.role


def _policies(pair: ResolvedPair) -> Iterator[str]:
    for resource in ROLE_GRANTS:
        if resource.applies(pair) and resource.system_policy(pair) is None:
            yield resource.policy_name(pair)


def _count_roles(pairs: Sequence[ResolvedPair], facts: QuotaFacts) -> Iterator[Count]:
    for uid, wanted in roles_wanted(pairs).items():
        summary = facts.summaries.get(uid)
        if isinstance(summary, AccountSummary):
            over = _over(wanted, facts.existing.get(uid), summary.roles, summary.roles_quota)
            text = f"{summary.roles} of {summary.roles_quota} are used, and the fleet has {len(wanted)}"
            action = "share a role between pairs (role_name), remove roles, or raise the quota"
            yield Count(
                f"roles of account {uid}", text, _users(pairs, uid, over, lambda pair: [pair.pair.role]), action
            )


def _count_policies(pairs: Sequence[ResolvedPair], facts: QuotaFacts) -> Iterator[Count]:
    for uid, wanted in policies_wanted(pairs).items():
        summary = facts.summaries.get(uid)
        if isinstance(summary, AccountSummary):
            over = _over(wanted, facts.existing.get(uid), summary.policies, summary.policies_quota)
            text = f"{summary.policies} of {summary.policies_quota} are used, and the fleet has {len(wanted)}"
            action = "share a role between pairs (role_name), remove policies, or raise the quota"
            yield Count(f"custom policies of account {uid}", text, _users(pairs, uid, over, _policies), action)


def _over(wanted: Sequence[Wanted], existing: frozenset[str] | None, used: int, quota: int) -> set[str]:
    """Return the names of what is new and does not fit."""
    if existing is None:
        return set()  # It was not asked, because all would fit.
    new = [item.name for item in wanted if item.name not in existing]
    return set(new[max(0, quota - used) :])


def _users(
    pairs: Iterable[ResolvedPair], uid: str, over: set[str], names: Callable[[ResolvedPair], Iterable[str]]
) -> tuple[str, ...]:
    return tuple(pair.name for pair in pairs if pair.source_uid == uid and over.intersection(names(pair)))


# --- KMS -------------------------------------------------------------------------------------------------------------


def key_of(pair: ResolvedPair) -> str:
    """Return what tells which key a pair uses: the key's ARN, or the instance that its key is in."""
    return pair.pair.kms_key_arn or pair.pair.kms_instance_id


def _count_shares(pairs: Sequence[ResolvedPair], facts: QuotaFacts) -> Iterator[Count]:
    """A KMS instance shares its keys with a limited number of accounts, its own included."""
    using: dict[str, tuple[KmsInstanceInfo, list[ResolvedPair]]] = {}
    for pair in pairs:
        instance = facts.instances.get(key_of(pair)) if pair.replicates_kms_objects else None
        if isinstance(instance, KmsInstanceInfo) and instance.access_quantity is not None:
            using.setdefault(instance.id, (instance, []))[1].append(pair)
    for instance, group in using.values():
        foreign = list(dict.fromkeys(pair.source_uid for pair in group if pair.source_uid != pair.destination_uid))
        over = set(foreign[max(0, (instance.access_quantity or 0) - 1) :])
        yield Count(
            f"accounts that KMS instance `{instance.id}` shares keys with",
            f"{len(foreign)} source accounts and its own; its access management quantity is {instance.access_quantity}",
            tuple(pair.name for pair in group if pair.source_uid in over),
            "raise the access management quantity",
        )


def _names(pairs: Iterable[ResolvedPair]) -> tuple[str, ...]:
    return tuple(pair.name for pair in pairs)


_COUNTERS: tuple[Callable[[Sequence[ResolvedPair], QuotaFacts], Iterator[Count]], ...] = (
    _count_rules,
    _count_roles,
    _count_policies,
    _count_role_policies,
    _count_bucket_policies,
    _count_shares,
    _count_key_policies,
)
