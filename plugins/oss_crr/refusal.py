"""Why did the service refuse the rule? It answers a bare 403, whichever of a dozen things is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from oss_crr import policy
from oss_crr.denials import (
    DELETE_ACTIONS,
    DESTINATION_ACTIONS,
    SOURCE_ACTIONS,
    denials,
    describe_denial,
    key_denials,
    misspelt_principals,
)
from oss_crr.errors import NotYetEffective, OssCrrError, PermissionDenied
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Accounts, Resource
from oss_crr.resources.kms_key_grant import KmsKeyGrant

#: What the role needs, in the order in which it is best repaired.
Grants = Sequence[Resource[Any]]


@dataclass(frozen=True)
class Finding:
    """Something that may be why the service refused.

    :param certain: whether it forbids replication for sure; else waiting may help in spite of it.
    """

    text: str
    certain: bool = True


def explain_refusal(
    accounts: Accounts, pair: ResolvedPair, refusal: PermissionDenied, grants: Grants
) -> PermissionDenied | NotYetEffective:
    """Return the refusal with its cause.

    :param refusal: what the service answered to PutBucketReplication.
    :param grants: the resources that give the role its rights.
    :returns: an error that names everything found wrong; :class:`NotYetEffective` when nothing is wrong for sure, since
        a right takes a while to have effect.
    """
    if refusal.answer is not None and refusal.answer.access_denied.get("AuthAction"):
        return refusal  # The caller's own right is missing, and the service says which.
    found = [
        *_missing_grants(accounts, pair, grants),
        *_try(lambda: _source_policy_findings(accounts, pair)),
        *_try(lambda: _destination_policy_findings(accounts, pair)),
        *_try(lambda: _key_policy_findings(accounts, pair)),
    ]
    listed = "; ".join(finding.text for finding in found)
    if any(finding.certain for finding in found):
        return PermissionDenied(f"OSS refused the replication rule for role `{pair.pair.role}`: {listed}")
    where = "" if pair.pair.manages_destination else f" in account {pair.source_uid}"
    return NotYetEffective(
        f"OSS refused the replication rule, although role `{pair.pair.role}` has every right it needs{where}: the "
        f"rights are not effective yet, or the caller lacks oss:PutBucketReplication ({refusal})"
        + (f". It may also be that: {listed}" if listed else "")
    )


def _missing_grants(accounts: Accounts, pair: ResolvedPair, grants: Grants) -> list[Finding]:
    found: list[Finding] = []
    for grant in grants:
        if grant.applies(pair):
            found += _try(partial(_missing_grant, accounts, pair, grant))
    return found


def _missing_grant(accounts: Accounts, pair: ResolvedPair, grant: Resource[Any]) -> list[Finding]:
    return [Finding(change.summary) for change in grant.changes(pair, grant.observe(accounts, pair))]


def _source_policy_findings(accounts: Accounts, pair: ResolvedPair) -> list[Finding]:
    bucket = pair.pair.source_bucket
    text = accounts.source(pair.pair).oss(pair.pair.source_region).get_bucket_policy(bucket)
    document = policy.parse(text) if text else None
    return _denials(document, pair, SOURCE_ACTIONS, bucket)


def _destination_policy_findings(accounts: Accounts, pair: ResolvedPair) -> list[Finding]:
    bucket = pair.pair.destination_bucket
    if not pair.pair.manages_destination:
        unseen = (
            f"account {pair.destination_uid} has not granted what it has to, which cannot be seen without a connection "
            f"to it: have its owner compare the policy of bucket `{bucket}` with what the task hand_over shows"
        )
        return [Finding(unseen, certain=False)]
    text = accounts.destination(pair.pair).oss(pair.pair.destination_region).get_bucket_policy(bucket)
    document = policy.parse(text) if text else None
    actions = (*DESTINATION_ACTIONS, *(DELETE_ACTIONS if pair.needs_delete_right else ()))
    misspelt = [
        Finding(
            f"bucket policy of `{bucket}` names `{principal}`; OSS matches lower case only: grant `{principal.lower()}`"
        )
        for principal in misspelt_principals(document, pair.source_uid, pair.pair.role)
    ]
    return [*_denials(document, pair, actions, bucket), *misspelt]


def _key_policy_findings(accounts: Accounts, pair: ResolvedPair) -> list[Finding]:
    grant = KmsKeyGrant()
    document = grant.observe(accounts, pair) if grant.applies(pair) else None
    return [
        Finding(describe_denial(statement, pair.kms_key_arn, "key policy"), certain=not statement.get("Condition"))
        for statement in key_denials(document, pair.source_uid, pair.pair.role)
    ]


def _denials(
    document: policy.Document | None, pair: ResolvedPair, actions: Sequence[str], bucket: str
) -> list[Finding]:
    # Whether a condition is met is the service's knowledge: many a bucket denies everything that comes without TLS.
    return [
        Finding(describe_denial(statement, bucket), certain=not statement.get("Condition"))
        for statement in denials(document, pair.source_uid, pair.pair.role, actions, bucket, pair.pair.prefixes)
    ]


def _try(find: Callable[[], list[Finding]]) -> list[Finding]:
    """Return what was found, or say that it could not be looked for."""
    try:
        return find()
    except OssCrrError as error:
        return [Finding(f"(could not look: {error})", certain=False)]
