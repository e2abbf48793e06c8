"""Why did the service refuse the rule? It answers a bare 403, whichever of a dozen things is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from oss_crr import policy
from oss_crr.denials import (
    DELETE_ACTIONS,
    DESTINATION_ACTIONS,
    SOURCE_ACTIONS,
    denials,
    describe_denial,
    misspelt_principals,
)
from oss_crr.errors import NotYetEffective, OssCrrError, PermissionDenied
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Accounts, Resource

#: What the role needs, in the order in which it is best repaired.
Grants = Sequence[Resource[Any]]


def explain_refusal(
    accounts: Accounts, pair: ResolvedPair, refusal: PermissionDenied, grants: Grants
) -> PermissionDenied | NotYetEffective:
    """Return the refusal with its cause.

    :param refusal: what the service answered to PutBucketReplication.
    :param grants: the resources that give the role its rights.
    :returns: an error that names everything found wrong; :class:`NotYetEffective` when all is granted, since a right
        takes a while to have effect.
    """
    if refusal.answer is not None and refusal.answer.access_denied.get("AuthAction"):
        return refusal  # The caller's own right is missing, and the service says which.
    causes = [
        *_missing_grants(accounts, pair, grants),
        *_bucket_policy_causes(accounts, pair),
    ]
    if causes:
        listed = "; ".join(causes)
        return PermissionDenied(f"OSS refused the replication rule for role `{pair.pair.role}`: {listed}")
    return NotYetEffective(
        f"OSS refused the replication rule, although role `{pair.pair.role}` has every right it needs: the rights are "
        f"not effective yet, or the caller lacks oss:PutBucketReplication ({refusal})"
    )


def _missing_grants(accounts: Accounts, pair: ResolvedPair, grants: Grants) -> list[str]:
    causes: list[str] = []
    for grant in (grant for grant in grants if grant.applies(pair)):
        causes += _try(lambda grant=grant: [change.summary for change in _changes(accounts, pair, grant)])  # type: ignore[misc]
    return causes


def _changes(accounts: Accounts, pair: ResolvedPair, grant: Resource[Any]) -> Sequence[Any]:
    return grant.changes(pair, grant.observe(accounts, pair))


def _bucket_policy_causes(accounts: Accounts, pair: ResolvedPair) -> list[str]:
    return [
        *_try(lambda: _source_policy_causes(accounts, pair)),
        *_try(lambda: _destination_policy_causes(accounts, pair)),
    ]


def _source_policy_causes(accounts: Accounts, pair: ResolvedPair) -> list[str]:
    bucket = pair.pair.source_bucket
    text = accounts.source(pair.pair).oss(pair.pair.source_region).get_bucket_policy(bucket)
    document = policy.parse(text) if text else None
    found = denials(document, pair.source_uid, pair.pair.role, SOURCE_ACTIONS, bucket)
    return [describe_denial(statement, bucket) for statement in found]


def _destination_policy_causes(accounts: Accounts, pair: ResolvedPair) -> list[str]:
    bucket = pair.pair.destination_bucket
    text = accounts.destination(pair.pair).oss(pair.pair.destination_region).get_bucket_policy(bucket)
    document = policy.parse(text) if text else None
    actions = (*DESTINATION_ACTIONS, *(DELETE_ACTIONS if pair.needs_delete_right else ()))
    found = denials(document, pair.source_uid, pair.pair.role, actions, bucket)
    misspelt = misspelt_principals(document, pair.source_uid, pair.pair.role)
    return [describe_denial(statement, bucket) for statement in found] + [
        f"bucket policy of `{bucket}` names `{principal}`; OSS matches lower case only: grant `{principal.lower()}`"
        for principal in misspelt
    ]


def _try(find: Callable[[], list[str]]) -> list[str]:
    """Return the causes found, or say that they could not be looked for."""
    try:
        return find()
    except OssCrrError as error:
        return [f"(could not look: {error})"]
