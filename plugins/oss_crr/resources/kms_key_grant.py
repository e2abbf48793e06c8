"""The statement in the key's policy, in the destination account, that lets the replication role use the key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oss_crr import policy
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Accounts, Change, Resource
from oss_crr.resources.kms_key import KEY_TO_BE

#: Roles with the same rights on a key are folded into the Principal list of one statement.
FOLD = "Principal"


class KmsKeyGrant(Resource[policy.Document | None]):
    """One grant in a key policy; the document belongs to the key's owner.

    The role's name keeps its case here, unlike in a bucket policy.
    """

    name = "kms_key_grant"
    side = "destination"

    def applies(self, pair: ResolvedPair) -> bool:
        return pair.replicates_kms_objects and super().applies(pair)

    def contended(self, pair: ResolvedPair) -> bool:
        return True

    def scope(self, pair: ResolvedPair) -> tuple[str, ...]:
        return (pair.destination_uid, pair.kms_key_arn or pair.pair.kms_instance_id)

    def desired(self, pair: ResolvedPair) -> Any:
        return {"key": pair.kms_key_arn or KEY_TO_BE, "statement": grant(pair)}

    def observe(self, accounts: Accounts, pair: ResolvedPair) -> policy.Document | None:
        if not pair.kms_key_arn:
            return None
        kms = accounts.destination(pair.pair).kms(pair.pair.destination_region)
        return policy.parse(kms.get_key_policy(_key_id(pair)))

    def changes(self, pair: ResolvedPair, observed: policy.Document | None) -> tuple[Change, ...]:
        if policy.holds(observed, grant(pair), FOLD):
            return ()
        summary = f"the policy of key `{pair.kms_key_arn or KEY_TO_BE}` does not let role `{pair.pair.role}` use it"
        return (Change(self.name, "update", summary, observed, merged(observed, [pair])),)

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: policy.Document | None) -> None:
        document = merged(observed, pairs)
        policy.check_key_policy_size(document)
        self._set(accounts, pairs[0], document)

    def remove(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: policy.Document | None) -> None:
        """Take the pairs' roles out; the key's own statements stay."""
        left = self.without(observed, pairs)
        if left is not None and left != observed:
            self._set(accounts, pairs[0], left)

    @staticmethod
    def without(document: policy.Document | None, pairs: Sequence[ResolvedPair]) -> policy.Document | None:
        """Return what is left of a key policy without the pairs' grants, None for nothing."""
        return policy.subtract_all(document, map(grant, pairs), FOLD)

    @staticmethod
    def _set(accounts: Accounts, pair: ResolvedPair, document: policy.Document) -> None:
        kms = accounts.destination(pair.pair).kms(pair.pair.destination_region)
        kms.set_key_policy(_key_id(pair), policy.dump(document))


def grant(pair: ResolvedPair) -> policy.Statement:
    """Return the statement for one pair."""
    return policy.render_grant("key_policy", source_uid=pair.source_uid, role_name=pair.pair.role)


def merged(document: policy.Document | None, pairs: Sequence[ResolvedPair]) -> policy.Document:
    """Return the key policy with the grants of all pairs in it, foreign statements as they were."""
    result = document or {"Version": "1", "Statement": []}
    for pair in pairs:
        result = policy.merge(result, grant(pair), FOLD, _is_ours)
    return result


def _is_ours(statement: policy.Statement) -> bool:
    """Tell whether a statement names only roles that this product derives; others are not extended."""
    return all(":role/oss-crr-" in str(role) for role in policy.values(statement, FOLD))


def _key_id(pair: ResolvedPair) -> str:
    """Return the key's id: an ARN is for keys of other accounts."""
    return pair.kms_key_arn.rpartition("/")[2]
