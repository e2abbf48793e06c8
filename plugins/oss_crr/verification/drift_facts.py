"""Read what is configured for pairs, to be compared with what should be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oss_crr import policy
from oss_crr.errors import NotFound, OssCrrError
from oss_crr.model import (
    AttachedPolicy,
    BucketInfo,
    Identity,
    KeyInfo,
    KmsInstanceInfo,
    PolicyInfo,
    Retention,
    RoleInfo,
    Rule,
)
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.preflight import known, transfer_type
from oss_crr.resources.base import CREATED_BY, Accounts
from oss_crr.resources.kms_key import alias
from oss_crr.resources.rule import find_rule
from oss_crr.verification.drift_asks import (
    KMS_GRANT,
    KMS_KEY,
    SOURCE_GRANT,
    SourceBuckets,
    destination_ask,
    first_asks,
    former_key,
    instance_ask,
    key_ask,
    key_policy_ask,
    own_policies,
    second_asks,
    source_ask,
    source_buckets,
    strangers,
    third_asks,
    unresolved,
)
from oss_crr.verification.reader import Ask, Reader

_ROLE_UID = re.compile(r"acs:ram::(\d+):role/")


@dataclass(frozen=True)
class PairFacts:
    """What was read of one pair; an error takes the place of what could not be read.

    Fields of a side without a connection keep their defaults.

    :param pair: with the account UIDs as far as they are known, empty otherwise.
    :param role: None when it does not exist.
    :param attached: everything that is attached to the role.
    :param policies: the product's policies of the role by name, those that exist or could not be read.
    :param rules: of the source bucket.
    :param key: the key by its ARN or alias.
    :param instance: the KMS instance of the key, or the one that the pair names.
    :param former_key: the key that replicas were encrypted with, where the alias names another one, or none.
    :param live: rules of buckets that the role may read and no known pair has, by bucket; none for a bucket that does
        not exist.
    """

    pair: ResolvedPair
    source_bucket: BucketInfo | OssCrrError | None = None
    destination_bucket: BucketInfo | OssCrrError | None = None
    source_policy: policy.Document | OssCrrError | None = None
    destination_policy: policy.Document | OssCrrError | None = None
    retention: Retention | OssCrrError | None = None
    role: RoleInfo | OssCrrError | None = None
    attached: tuple[AttachedPolicy, ...] | OssCrrError | None = ()
    policies: Mapping[str, PolicyInfo | OssCrrError] = field(default_factory=dict)
    rules: tuple[Rule, ...] | OssCrrError = ()
    key: KeyInfo | OssCrrError | None = None
    instance: KmsInstanceInfo | OssCrrError | None = None
    former_key: KeyInfo | OssCrrError | None = None
    key_policy: policy.Document | OssCrrError | None = None
    live: Mapping[str, tuple[Rule, ...] | OssCrrError] = field(default_factory=dict)

    @property
    def rule(self) -> Rule | None:
        """Return the pair's rule; None when there is none, or it could not be read."""
        rules = known(self.rules)
        return find_rule(rules, self.pair.pair.destination_bucket) if rules else None

    @property
    def knows_versioning(self) -> bool:
        """Tell whether one of the buckets is versioned, or was."""
        return any(isinstance(bucket, BucketInfo) and bucket.versioning for bucket in self.buckets)

    @property
    def buckets(self) -> tuple[BucketInfo | OssCrrError | None, ...]:
        """Return both buckets, or what took their place."""
        return self.source_bucket, self.destination_bucket

    @property
    def accounts_known(self) -> bool:
        """Tell whether it is known which accounts the pair's grants have to name."""
        return bool(self.pair.source_uid and self.pair.destination_uid)


def read_pairs(accounts: Accounts, pairs: Sequence[BucketPair], others: Sequence[BucketPair] = ()) -> list[PairFacts]:
    """Read all that is configured for pairs.

    :param others: pairs that are not looked at, but may share a role with those.
    """
    reader = Reader(accounts)
    reader.read(ask for pair in pairs for ask in first_asks(pair))
    reader.read(ask for pair in pairs for ask in second_asks(reader, pair))
    resolved = {pair.name: _resolve(reader, pair) for pair in pairs}
    sources = source_buckets((*pairs, *others))
    reader.read(ask for pair in resolved.values() for ask in third_asks(reader, pair, sources))
    return [_facts(reader, resolved[pair.name], sources) for pair in pairs]


# --- putting the answers together ------------------------------------------------------------------------------------


def _resolve(reader: Reader, pair: BucketPair) -> ResolvedPair:
    sides = [source_ask(pair, "bucket")] if pair.manages_source else []
    sides += [destination_ask(pair, "bucket")] if pair.manages_destination else []
    states = [found.versioning for found in map(reader.__getitem__, sides) if isinstance(found, BucketInfo)]
    return ResolvedPair(
        pair=pair,
        source_uid=_source_uid(reader, pair) if pair.manages_source else pair.source_uid,
        destination_uid=_bucket_uid(reader, destination_ask(pair, "bucket"))
        if pair.manages_destination
        else pair.destination_uid,
        # Suspended versioning was enabled once: what was granted because of it is still to be there.
        versioned=len(states) == len(sides) and all(states),
        transfer_type=transfer_type(pair),
        kms_key_arn=_key_arn(reader, pair),
        accelerated=pair.manages_destination and _is_accelerated(reader[destination_ask(pair, "bucket")]),
    )


def _is_accelerated(bucket: BucketInfo | OssCrrError) -> bool:
    return isinstance(bucket, BucketInfo) and bucket.acceleration


def _source_uid(reader: Reader, pair: BucketPair) -> str:
    """Return the account of the role, which is the connection's, whoever owns the bucket by now."""
    role = known(reader[Ask("role", pair.source_conn_id, pair.role)])
    found = _ROLE_UID.match(role.arn) if role else None
    return found[1] if found else _bucket_uid(reader, source_ask(pair, "bucket"))


def _bucket_uid(reader: Reader, ask: Ask) -> str:
    bucket = reader[ask]
    if isinstance(bucket, BucketInfo):
        return bucket.owner_uid
    identity = reader[Ask("identity", ask.conn_id)]
    return identity.account_uid if isinstance(identity, Identity) else ""


def _key_arn(reader: Reader, pair: BucketPair) -> str:
    """Return the key that the pair uses: the one given, or the product's own, also where its alias was moved away."""
    if not pair.kms_instance_id or not pair.manages_destination:
        return pair.kms_key_arn
    key, former = known(reader[key_ask(pair, alias(unresolved(pair)))]), known(_former_key(reader, pair))
    if former is not None and former.instance_id == pair.kms_instance_id and (key is None or _lost_alias(former, key)):
        return former.arn
    return key.arn if key else ""


def _lost_alias(former: KeyInfo, key: KeyInfo) -> bool:
    return former.description.startswith(CREATED_BY) and not key.description.startswith(CREATED_BY)


def _former_key(reader: Reader, pair: BucketPair) -> KeyInfo | OssCrrError | None:
    former = former_key(reader, pair)
    found: KeyInfo | OssCrrError | None = reader[key_ask(pair, former)] if former else None
    return found


def _facts(reader: Reader, pair: ResolvedPair, sources: SourceBuckets) -> PairFacts:
    return PairFacts(
        pair=pair,
        **(_source_facts(reader, pair, sources) if pair.pair.manages_source else {}),
        **(_destination_facts(reader, pair) if pair.pair.manages_destination else {}),
    )


def _source_facts(reader: Reader, pair: ResolvedPair, sources: SourceBuckets) -> dict[str, Any]:
    conn_id, places = pair.pair.source_conn_id, strangers(reader, pair, sources)
    return {
        "source_bucket": reader[source_ask(pair.pair, "bucket")],
        "source_policy": reader[source_ask(pair.pair, "bucket policy")],
        "rules": reader[source_ask(pair.pair, "rules")],
        "role": reader[Ask("role", conn_id, pair.pair.role)],
        "attached": reader[Ask("attached", conn_id, pair.pair.role)],
        "policies": own_policies(reader, pair, [SOURCE_GRANT, KMS_GRANT]),
        "live": {place[0]: _live(reader[Ask("rules", conn_id, *place)]) for place in places},
    }


def _live(rules: tuple[Rule, ...] | OssCrrError) -> tuple[Rule, ...] | OssCrrError:
    """Return a bucket's rules; none where there is no such bucket."""
    return () if isinstance(rules, NotFound) else rules


def _destination_facts(reader: Reader, pair: ResolvedPair) -> dict[str, Any]:
    facts = {
        "destination_bucket": reader[destination_ask(pair.pair, "bucket")],
        "destination_policy": reader[destination_ask(pair.pair, "bucket policy")],
        "retention": reader[destination_ask(pair.pair, "retention")],
    }
    return {**facts, **(_key_facts(reader, pair) if KMS_KEY.applies(pair) else {})}


def _key_facts(reader: Reader, pair: ResolvedPair) -> dict[str, Any]:
    key = reader[key_ask(pair.pair, pair.pair.kms_key_arn or alias(pair))]
    instance = pair.pair.kms_instance_id or (key.instance_id if isinstance(key, KeyInfo) else None)
    return {
        "key": key,
        "instance": reader[instance_ask(pair.pair, instance)] if instance else None,
        "former_key": _former_key(reader, pair.pair),
        "key_policy": reader[key_policy_ask(pair)] if pair.kms_key_arn else None,
    }
