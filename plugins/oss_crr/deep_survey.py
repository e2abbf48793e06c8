"""Read what matters only when something is going to be written; see :mod:`oss_crr.deep_checks`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oss_crr import policy
from oss_crr.deep_checks import DeepFacts
from oss_crr.pair import ResolvedPair
from oss_crr.parallel import in_parallel
from oss_crr.planning import PlannedResource
from oss_crr.reading import attempt
from oss_crr.resources.base import Accounts

PairPlans = Mapping[str, PlannedResource]
#: A read by what it reads: field of :class:`DeepFacts`, connection, bucket.
Reads = dict[tuple[str, str, str], Callable[[], Any]]

#: Resources that are created in RAM, where quotas count.
_IN_RAM = ("role", "source_grant", "kms_role_grant")


def pending_writes(plans: PairPlans) -> frozenset[str]:
    """Return the names of the resources that are going to be written."""
    return frozenset(name for name, plan in plans.items() if plan.changes)


def read_deep_facts(
    accounts: Accounts, pairs: Sequence[ResolvedPair], plans: Mapping[str, PairPlans]
) -> list[DeepFacts]:
    """Read for every pair that is going to be changed, side by side; what pairs share is read once.

    :param plans: what the resources saw, by pair name and resource name.
    """
    changing = [pair for pair in pairs if pending_writes(plans[pair.name])]
    reads = {pair.name: _reads(accounts, pair, plans[pair.name]) for pair in changing}
    distinct = {key: read for wanted in reads.values() for key, read in wanted.items()}
    answers = dict(zip(distinct, in_parallel(attempt, distinct.values()), strict=True))
    return [_facts(pair, plans[pair.name], {key[0]: answers[key] for key in reads[pair.name]}) for pair in changing]


def _facts(pair: ResolvedPair, plans: PairPlans, read: Mapping[str, Any]) -> DeepFacts:
    seen = {"source_rules": "rule", "destination_policy": "destination_grant", "key_policy": "kms_key_grant"}
    observed = {field: plans[name].observed for field, name in seen.items() if name in plans}
    return DeepFacts(pair=pair, writes=pending_writes(plans), **observed, **read)


def _reads(accounts: Accounts, pair: ResolvedPair, plans: PairPlans) -> Reads:
    return {
        **(_source_reads(accounts, pair, plans) if pair.pair.manages_source else {}),
        **(_destination_reads(accounts, pair) if pair.pair.manages_destination else {}),
    }


def _source_reads(accounts: Accounts, pair: ResolvedPair, plans: PairPlans) -> Reads:
    account, conn_id, bucket = accounts.source(pair.pair), pair.pair.source_conn_id, pair.pair.source_bucket
    oss = account.oss(pair.pair.source_region)
    reads: Reads = {("source_policy", conn_id, bucket): lambda: _parsed(oss.get_bucket_policy(bucket))}
    if pair.pair.replicates_deletes:
        reads["deleting_lifecycle_rules", conn_id, bucket] = lambda: oss.get_lifecycle_deletes(bucket)
    if any(name in plans and plans[name].is_creation for name in _IN_RAM):
        reads["quotas", conn_id, ""] = account.ram.get_account_summary
    return reads


def _destination_reads(accounts: Accounts, pair: ResolvedPair) -> Reads:
    conn_id, bucket = pair.pair.destination_conn_id, pair.pair.destination_bucket
    oss = accounts.destination(pair.pair).oss(pair.pair.destination_region)
    return {
        ("destination_rules", conn_id, bucket): lambda: oss.list_rules(bucket),
        ("retention", conn_id, bucket): lambda: oss.get_worm(bucket),
    }


def _parsed(text: str | None) -> policy.Document | None:
    return policy.parse(text) if text else None
