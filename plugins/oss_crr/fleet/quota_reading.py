"""Read what counting a fleet against quotas needs; only what several pairs share, each thing once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from oss_crr import policy
from oss_crr.converge import in_parallel
from oss_crr.errors import OssCrrError
from oss_crr.fleet.quotas import (
    ROLE_GRANTS,
    QuotaFacts,
    Wanted,
    crowded_buckets,
    key_of,
    might_not_fit,
    policies_wanted,
    roles_wanted,
    shared,
    with_custom_policy,
)
from oss_crr.model import AccountSummary, Identity, Rule
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.preflight import transfer_type
from oss_crr.reading import attempt
from oss_crr.resources.base import Accounts
from oss_crr.resources.kms_key import KmsKey, KmsKeyState
from oss_crr.resources.kms_key_grant import KmsKeyGrant
from oss_crr.resources.role_grant import RoleGrantState
from oss_crr.rule_quota import max_rules

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")

_KEY, _KEY_GRANT = KmsKey(), KmsKeyGrant()


def resolve_accounts(accounts: Accounts, pairs: Sequence[BucketPair]) -> list[ResolvedPair]:
    """Return the pairs with their accounts' UIDs; pairs whose accounts cannot be told are left out.

    What is wrong with them is told by preflight.
    """
    conn_ids = {conn_id for pair in pairs for conn_id in (pair.source_conn_id, pair.destination_conn_id) if conn_id}
    identities = _each({conn_id: _identity(accounts, conn_id) for conn_id in conn_ids})
    uids = {conn_id: found.account_uid for conn_id, found in identities.items() if isinstance(found, Identity)}
    resolved = (
        _resolved(
            pair,
            uids.get(pair.source_conn_id, "") if pair.manages_source else pair.source_uid,
            uids.get(pair.destination_conn_id, "") if pair.manages_destination else pair.destination_uid,
        )
        for pair in pairs
    )
    return [pair for pair in resolved if pair.source_uid and pair.destination_uid]


def _identity(accounts: Accounts, conn_id: str) -> Callable[[], Identity]:
    return lambda: accounts.get(conn_id).identity()


def _resolved(pair: BucketPair, source_uid: str, destination_uid: str) -> ResolvedPair:
    return ResolvedPair(pair, source_uid, destination_uid, False, transfer_type(pair), pair.kms_key_arn)


def read_quota_facts(accounts: Accounts, pairs: Sequence[ResolvedPair]) -> QuotaFacts:
    """Read side by side; what cannot be read is kept as its error."""
    sources = {pair.source_uid: pair for pair in pairs if pair.pair.manages_source}
    summaries = _each({uid: _summary(accounts, pair) for uid, pair in sources.items()})
    tight = {uid: _existing(accounts, sources[uid], pairs) for uid in might_not_fit(pairs, summaries)}
    return QuotaFacts(
        summaries=summaries,
        existing={uid: names for uid, (names, _) in tight.items()},
        notes=[note for _, notes in tight.values() for note in notes],
        rules=_rules(accounts, pairs),
        bucket_policies=_bucket_policies(accounts, pairs),
        role_grants=_role_grants(accounts, pairs),
        **_keys(accounts, pairs),
    )


def _summary(accounts: Accounts, pair: ResolvedPair) -> Callable[[], AccountSummary]:
    return lambda: accounts.source(pair.pair).ram.get_account_summary()


def _existing(accounts: Accounts, of: ResolvedPair, pairs: Sequence[ResolvedPair]) -> tuple[frozenset[str], list[str]]:
    """Return the names of the fleet's roles and policies that an account has already, and notes."""
    ram = accounts.source(of.pair).ram
    roles, role_notes = _names_there(roles_wanted(pairs)[of.source_uid], ram.role_names, ram.get_role)
    policies, policy_notes = _names_there(
        policies_wanted(pairs)[of.source_uid], ram.custom_policy_names, ram.get_policy
    )
    return roles | policies, role_notes + policy_notes


def _names_there(
    wanted: Iterable[Wanted], list_all: Callable[[], frozenset[str]], get: Callable[[str], object]
) -> tuple[frozenset[str], list[str]]:
    """Return which of the names exist: from the account's list or, where that may not be read, asking one by one."""
    names = [item.name for item in wanted]
    listed = attempt(list_all)
    if not isinstance(listed, OssCrrError):
        # A role's name is taken in any case; of a policy's nobody says so, but what is "there" blocks nothing.
        known = {name.lower() for name in listed}
        return frozenset(name for name in names if name.lower() in known), []
    asked = _each({name: _call(get, name) for name in names})
    # What cannot be read counts as there: nothing is blocked on a guess.
    there = frozenset(name for name, found in asked.items() if found is not None)
    return there, [f"{len(names)} names were looked up one by one, because they could not be listed: {listed}"]


def _call(function: Callable[[str], object], name: str) -> Callable[[], object]:
    return lambda: function(name)


def _rules(accounts: Accounts, pairs: Sequence[ResolvedPair]) -> Mapping[str, Sequence[Rule] | OssCrrError]:
    """Return the rules of buckets in several pairs, and of the sources of those that might have too many."""
    crowded = crowded_buckets(pairs)
    wanted = {bucket: group[0] for bucket, group in crowded.items()}
    for bucket, group in crowded.items():
        if len(group) > max_rules() // 2:
            wanted |= {pair.pair.source_bucket: pair for pair in group if pair.pair.destination_bucket == bucket}
    places = ((bucket, _place(pair, bucket)) for bucket, pair in wanted.items())
    return _each(
        {bucket: _list_rules(accounts, conn_id, region, bucket) for bucket, (conn_id, region) in places if conn_id}
    )


def _place(pair: ResolvedPair, bucket: str) -> tuple[str, str]:
    if pair.pair.source_bucket == bucket:
        return pair.pair.source_conn_id, pair.pair.source_region
    return pair.pair.destination_conn_id, pair.pair.destination_region


def _list_rules(accounts: Accounts, conn_id: str, region: str, bucket: str) -> Callable[[], tuple[Rule, ...]]:
    return lambda: accounts.get(conn_id).oss(region).list_rules(bucket)


def _bucket_policies(
    accounts: Accounts, pairs: Sequence[ResolvedPair]
) -> Mapping[str, policy.Document | OssCrrError | None]:
    managed = [pair for pair in pairs if pair.pair.manages_destination]
    groups = shared(managed, lambda pair: pair.pair.destination_bucket)
    return _each({bucket: _bucket_policy(accounts, group[0]) for bucket, group in groups.items()})


def _bucket_policy(accounts: Accounts, pair: ResolvedPair) -> Callable[[], policy.Document | None]:
    def read() -> policy.Document | None:
        oss = accounts.destination(pair.pair).oss(pair.pair.destination_region)
        text = oss.get_bucket_policy(pair.pair.destination_bucket)
        return policy.parse(text) if text else None

    return read


def _role_grants(accounts: Accounts, pairs: Sequence[ResolvedPair]) -> dict[tuple[str, ...], Any]:
    reads: dict[tuple[str, ...], Callable[[], RoleGrantState]] = {}
    for resource in ROLE_GRANTS:
        for scope, group in shared(with_custom_policy(pairs, resource), resource.scope).items():
            reads[resource.name, *scope] = _observe(resource, accounts, group[0])
    return _each(reads)


def _keys(accounts: Accounts, pairs: Sequence[ResolvedPair]) -> dict[str, Any]:
    """Return the instances of the fleet's keys, and the policies of keys that several pairs use."""
    encrypting = [pair for pair in pairs if _KEY.applies(pair)]
    states = _each({key_of(pair): _observe(_KEY, accounts, pair) for pair in encrypting})
    instances = {key: found.instance if isinstance(found, KmsKeyState) else found for key, found in states.items()}
    groups = shared((pair for pair in encrypting if _KEY_GRANT.applies(pair)), _KEY_GRANT.scope)
    reads = {}
    for scope, group in groups.items():
        state = states[key_of(group[0])]
        arn = state.key.arn if isinstance(state, KmsKeyState) and state.key else None
        reads[scope] = _observe(_KEY_GRANT, accounts, group[0].with_key(arn))
    return {"instances": instances, "key_policies": _each(reads)}


def _observe(resource: Any, accounts: Accounts, pair: ResolvedPair) -> Callable[[], Any]:
    return lambda: resource.observe(accounts, pair)


def _each(reads: Mapping[Key, Callable[[], Answer]]) -> dict[Key, Answer | OssCrrError]:
    """Read side by side, by key."""
    keys: Iterable[Key] = list(reads)
    return dict(zip(keys, in_parallel(attempt, reads.values()), strict=True))
