"""The statement in the destination bucket's policy that lets the replication role write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from oss_crr import policy
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Accounts, Change, Resource

#: Roles with the same rights on a bucket are folded into the Principal list of one statement.
FOLD = "Principal"

_PRINCIPAL = re.compile(r"arn:sts::\d+:assumed-role/oss-crr-[a-z0-9-]+/\*")


class DestinationGrant(Resource[policy.Document | None]):
    """One grant in a document that belongs to the destination bucket's owner.

    OSS has no conditional write for a policy: it is read right before it is written, and read back afterwards.
    """

    name = "destination_grant"
    side = "destination"

    def contended(self, pair: ResolvedPair) -> bool:
        return True

    def scope(self, pair: ResolvedPair) -> tuple[str, ...]:
        return (pair.pair.destination_bucket,)

    def desired(self, pair: ResolvedPair) -> Any:
        return {"bucket": pair.pair.destination_bucket, "statement": grant(pair)}

    def observe(self, accounts: Accounts, pair: ResolvedPair) -> policy.Document | None:
        oss = accounts.destination(pair.pair).oss(pair.pair.destination_region)
        text = oss.get_bucket_policy(pair.pair.destination_bucket)
        return policy.parse(text) if text is not None else None

    def changes(self, pair: ResolvedPair, observed: policy.Document | None) -> tuple[Change, ...]:
        if policy.holds(observed, grant(pair), FOLD):
            return ()
        summary = f"bucket policy of `{pair.pair.destination_bucket}` does not let role `{pair.pair.role}` write"
        change = Change(
            self.name, "create" if observed is None else "update", summary, observed, merged(observed, [pair])
        )
        return (change,)

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: policy.Document | None) -> None:
        document = merged(observed, pairs)
        policy.check_bucket_policy_size(document)
        if document != observed:
            self._put(accounts, pairs[0], document)

    def remove(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: policy.Document | None) -> None:
        """Take the pairs' principals out; delete the policy only when nothing else is in it."""
        left = self.without(observed, pairs)
        if observed is not None and left is None:
            bucket = pairs[0].pair
            accounts.destination(bucket).oss(bucket.destination_region).delete_bucket_policy(bucket.destination_bucket)
        elif left is not None and left != observed:
            self._put(accounts, pairs[0], left)

    @staticmethod
    def without(document: policy.Document | None, pairs: Sequence[ResolvedPair]) -> policy.Document | None:
        """Return what is left of a bucket policy without the pairs' grants, None for nothing."""
        return policy.subtract_all(document, map(grant, pairs), FOLD)

    @staticmethod
    def _put(accounts: Accounts, pair: ResolvedPair, document: policy.Document) -> None:
        oss = accounts.destination(pair.pair).oss(pair.pair.destination_region)
        oss.put_bucket_policy(pair.pair.destination_bucket, policy.dump(document))


def grant(pair: ResolvedPair) -> policy.Statement:
    """Return the statement for one pair."""
    return policy.render_grant(
        "destination_grant",
        source_uid=pair.source_uid,
        role_name=pair.pair.role,
        destination_uid=pair.destination_uid,
        destination_bucket=pair.pair.destination_bucket,
        with_deletes=pair.needs_delete_right,
    )


def merged(document: policy.Document | None, pairs: Sequence[ResolvedPair]) -> policy.Document:
    """Return the bucket policy with the grants of all pairs in it, foreign statements as they were."""
    result = document or {"Version": "1", "Statement": []}
    for pair in pairs:
        result = policy.merge(result, grant(pair), FOLD, _is_ours, policy.BUCKET_POLICY_ELEMENT_BYTES)
    return result


def _is_ours(statement: policy.Statement) -> bool:
    """Tell whether a statement names only roles that this product derives; others are not extended."""
    principals = policy.as_list(statement.get("Principal"))
    return bool(principals) and all(_PRINCIPAL.fullmatch(str(principal)) for principal in principals)
