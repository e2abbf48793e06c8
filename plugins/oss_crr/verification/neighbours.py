"""Which other pairs share a role, a bucket policy or a key: what they need there is no right too much. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from oss_crr.errors import OssCrrError
from oss_crr.model import Rule
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.resources import destination_grant
from oss_crr.verification.drift_asks import KMS_GRANT, SOURCE_GRANT, unresolved
from oss_crr.verification.drift_facts import PairFacts
from oss_crr.verification.rights import Right, all_rights


@dataclass(frozen=True)
class Neighbours:
    """All pairs that are known, verified now or not."""

    pairs: tuple[ResolvedPair, ...]

    @classmethod
    def of(cls, facts: Sequence[PairFacts], others: Sequence[BucketPair]) -> Neighbours:
        """Collect the pairs that were read, and further ones as far as the answers tell their accounts and keys."""
        read = [item.pair for item in facts]
        return cls((*read, *(_completed(unresolved(pair), read) for pair in others)))

    def of_role(self, pair: ResolvedPair) -> list[ResolvedPair]:
        """Return the pairs that use the same role, this one among them."""
        return [
            other
            for other in self.pairs
            if (other.source_uid, other.pair.role.lower()) == (pair.source_uid, pair.pair.role.lower())
        ]

    def in_bucket(self, pair: ResolvedPair, *, versioned: bool) -> frozenset[Right]:
        """Return the rights that the pair's role may have on the destination bucket, for this pair and others.

        :param versioned: whether one of the pair's buckets is or was versioned, so that the role may delete.
        """
        bucket = pair.pair.destination_bucket
        sharing = [other for other in self.of_role(pair) if other.pair.destination_bucket == bucket]
        needs = [
            replace(other, destination_uid=pair.destination_uid, versioned=versioned or other.versioned)
            for other in sharing
        ]
        return all_rights(destination_grant.grant(other) for other in needs)

    def role_names(self) -> frozenset[str]:
        """Return the names of all roles, in lower case."""
        return frozenset(pair.pair.role.lower() for pair in self.pairs)


def _completed(pair: ResolvedPair, read: Sequence[ResolvedPair]) -> ResolvedPair:
    """Return a pair that was not read, with what pairs of the same connections tell of it."""
    same_source = [known for known in read if known.pair.source_conn_id == pair.pair.source_conn_id]
    same_key = [
        known.kms_key_arn
        for known in read
        if pair.pair.kms_instance_id and known.pair.kms_instance_id == pair.pair.kms_instance_id
    ]
    return replace(
        pair,
        source_uid=next((known.source_uid for known in same_source), pair.source_uid),
        versioned=True,  # It may be: then the role may delete.
        kms_key_arn=next(iter(same_key), pair.kms_key_arn),
    )


def source_rights(facts: PairFacts, sharing: Sequence[ResolvedPair]) -> frozenset[Right]:
    """Return the rights on source buckets that the role may have.

    A bucket of no known pair counts where it has a rule that may use the role: another inventory's pair.
    """
    known = [statement for pair in sharing for statement in SOURCE_GRANT.grants(pair)]
    live = [_of_bucket(facts.pair, bucket) for bucket, rules in facts.live.items() if _in_use(facts, rules)]
    return all_rights([*known, *(statement for pair in live for statement in SOURCE_GRANT.grants(pair))])


def kms_rights(facts: PairFacts, sharing: Sequence[ResolvedPair]) -> frozenset[Right]:
    """Return the rights on keys that the role may have, those for keys in the rules of unknown pairs included."""
    pairs = [pair for pair in sharing if pair.replicates_kms_objects]
    keys = {
        rule.kms_key_arn
        for rules in facts.live.values()
        if not isinstance(rules, OssCrrError)
        for rule in rules
        if rule.kms_key_arn
    }
    pairs += [replace(facts.pair, kms_key_arn=key) for key in keys]
    return all_rights(statement for pair in pairs for statement in KMS_GRANT.grants(pair))


def undecided(facts: PairFacts) -> dict[str, OssCrrError]:
    """Return the buckets of no known pair of which it could not be read whether they have a rule."""
    return {bucket: rules for bucket, rules in facts.live.items() if isinstance(rules, OssCrrError)}


def _of_bucket(pair: ResolvedPair, bucket: str) -> ResolvedPair:
    return replace(pair, pair=replace(pair.pair, source_bucket=bucket))


def _in_use(facts: PairFacts, rules: Sequence[Rule] | OssCrrError) -> bool:
    """Tell whether rules use the role, or may: OSS hides the role of most. What cannot be read counts as in use."""
    if isinstance(rules, OssCrrError):
        return True
    role = facts.pair.pair.role.lower()
    names = [rule.role_name for rule in rules if rule.status != "closing"]
    return any(name is None or name.rpartition("/")[2].lower() == role for name in names)
