"""Which other pairs share a role, a bucket policy or a key: what they need there is no right too much. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from oss_crr.errors import OssCrrError
from oss_crr.model import Rule
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.policy import Statement
from oss_crr.resources import destination_grant
from oss_crr.verification.drift_asks import KMS_GRANT, SOURCE_GRANT, unresolved
from oss_crr.verification.drift_facts import PairFacts
from oss_crr.verification.rights import Right, all_rights

Rights = frozenset[Right]


class Neighbours:
    """All pairs that are known, verified now or not, by the role they use.

    What a role needs for all of its pairs is rendered once: a thousand pairs may share one.
    """

    def __init__(self, pairs: Iterable[ResolvedPair]) -> None:
        self._by_role: dict[tuple[str, str], list[ResolvedPair]] = {}
        for pair in pairs:
            self._by_role.setdefault(_role(pair), []).append(pair)
        #: The names of all roles, in lower case.
        self.role_names = frozenset(name for _, name in self._by_role)
        self._rendered: dict[tuple[object, ...], Rights] = {}

    @classmethod
    def of(cls, facts: Sequence[PairFacts], others: Sequence[BucketPair]) -> Neighbours:
        """Collect the pairs that were read, and further ones as far as the answers tell their accounts and keys."""
        read = [item.pair for item in facts]
        uids = {pair.pair.source_conn_id: pair.source_uid for pair in read}
        keys = {pair.pair.kms_instance_id: pair.kms_key_arn for pair in read if pair.pair.kms_instance_id}
        return cls((*read, *(_completed(unresolved(pair), uids, keys) for pair in others)))

    def of_role(self, pair: ResolvedPair) -> list[ResolvedPair]:
        """Return the pairs that use the same role, this one among them."""
        return self._by_role[_role(pair)]

    def in_bucket(self, pair: ResolvedPair, *, versioned: bool) -> Rights:
        """Return the rights that the pair's role may have on the destination bucket, for this pair and others.

        :param versioned: whether one of the pair's buckets is or was versioned, so that the role may delete.
        """
        bucket = pair.pair.destination_bucket

        def render() -> Rights:
            sharing = [other for other in self.of_role(pair) if other.pair.destination_bucket == bucket]
            needs = [
                replace(other, destination_uid=pair.destination_uid, versioned=versioned or other.versioned)
                for other in sharing
            ]
            return all_rights(destination_grant.grant(other) for other in needs)

        return self._once(("bucket", _role(pair), bucket, pair.destination_uid, versioned), render)

    def on_sources(self, facts: PairFacts) -> Rights:
        """Return the rights on source buckets that the pair's role may have.

        A bucket of no known pair counts where it has a rule that may use the role: another inventory's pair.
        """
        pairs = self.of_role(facts.pair)
        known = self._once(("source", _role(facts.pair)), lambda: _granted(SOURCE_GRANT.grants, pairs))
        live = [_of_bucket(facts.pair, bucket) for bucket, rules in facts.live.items() if _in_use(facts, rules)]
        return known | _granted(SOURCE_GRANT.grants, live)

    def on_keys(self, facts: PairFacts) -> Rights:
        """Return the rights on keys that the role may have, those for keys in the rules of unknown pairs included."""
        pairs = [pair for pair in self.of_role(facts.pair) if pair.replicates_kms_objects]
        known = self._once(("key", _role(facts.pair)), lambda: _granted(KMS_GRANT.grants, pairs))
        live = {rule.kms_key_arn for rules in facts.live.values() for rule in _readable(rules) if rule.kms_key_arn}
        return known | _granted(KMS_GRANT.grants, [replace(facts.pair, kms_key_arn=key) for key in live])

    def _once(self, key: tuple[object, ...], render: Callable[[], Rights]) -> Rights:
        if key not in self._rendered:
            self._rendered[key] = render()
        return self._rendered[key]


def undecided(facts: PairFacts) -> dict[str, OssCrrError]:
    """Return the buckets of no known pair of which it could not be read whether they have a rule."""
    return {bucket: rules for bucket, rules in facts.live.items() if isinstance(rules, OssCrrError)}


def _role(pair: ResolvedPair) -> tuple[str, str]:
    return pair.source_uid, pair.pair.role.lower()


def _completed(pair: ResolvedPair, uids: dict[str, str], keys: dict[str, str]) -> ResolvedPair:
    """Return a pair that was not read, with what others of the same connections and instances tell of it."""
    return replace(
        pair,
        source_uid=uids.get(pair.pair.source_conn_id, pair.source_uid),
        versioned=True,  # It may be: then the role may delete.
        kms_key_arn=pair.kms_key_arn or keys.get(pair.pair.kms_instance_id, ""),
    )


def _granted(grants: Callable[[ResolvedPair], list[Statement]], pairs: Iterable[ResolvedPair]) -> Rights:
    return all_rights(statement for pair in pairs for statement in grants(pair))


def _of_bucket(pair: ResolvedPair, bucket: str) -> ResolvedPair:
    return replace(pair, pair=replace(pair.pair, source_bucket=bucket))


def _readable(rules: Sequence[Rule] | OssCrrError) -> Sequence[Rule]:
    return () if isinstance(rules, OssCrrError) else rules


def _in_use(facts: PairFacts, rules: Sequence[Rule] | OssCrrError) -> bool:
    """Tell whether rules use the role, or may: OSS hides the role of most. What cannot be read counts as in use."""
    if isinstance(rules, OssCrrError):
        return True
    role = facts.pair.pair.role.lower()
    names = [rule.role_name for rule in rules if rule.status != "closing"]
    return any(name is None or name.rpartition("/")[2].lower() == role for name in names)
