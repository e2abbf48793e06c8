"""Are the two buckets of a pair still such that OSS replicates from one to the other? Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from oss_crr.errors import Conflict, NotFound
from oss_crr.model import BucketInfo, Retention
from oss_crr.preflight import known
from oss_crr.verification.drift_facts import PairFacts
from oss_crr.verification.making import Part
from oss_crr.verification.model import Finding

if TYPE_CHECKING:
    from oss_crr.hooks.connection import AccountConfig


def judge_buckets(
    facts: PairFacts, source: AccountConfig | None = None, destination: AccountConfig | None = None
) -> list[Finding]:
    """Return what is wrong with the pair's buckets.

    :param source: settings of the source's connection: the account it belongs to, and where data may be sent.
    :param destination: the same of the destination's.
    """
    return [
        *_existence(facts),
        *_owners(facts, source, destination),
        *(finding for judge in _JUDGES for finding in judge(facts)),
    ]


def _source(facts: PairFacts) -> Part:
    return Part(facts.pair.name, "source_bucket")


def _destination(facts: PairFacts) -> Part:
    return Part(facts.pair.name, "destination_bucket")


def _existence(facts: PairFacts) -> Iterable[Finding]:
    pair = facts.pair.pair
    sides = (
        (_source(facts), facts.source_bucket, pair.source_bucket, pair.source_region),
        (_destination(facts), facts.destination_bucket, pair.destination_bucket, pair.destination_region),
    )
    for part, bucket, name, region in sides:
        if isinstance(bucket, NotFound):
            cause = f"bucket `{name}` does not exist any more: somebody deleted it, and with it all that was configured"
            repair = "create the bucket again with its former settings, then run oss_crr_setup; or take the pair out"
            yield part.broken("exists", name, None, cause, repair, repairable=False)
        elif isinstance(bucket, Conflict):
            yield part.broken("region", region, str(bucket), _moved(name), _CORRECT_REGION, repairable=False)
        elif isinstance(bucket, BucketInfo) and bucket.region != region:
            yield part.broken("region", region, bucket.region, _moved(name), _CORRECT_REGION, repairable=False)


_CORRECT_REGION = "correct the pair's region, or create the bucket again where it was"


def _moved(name: str) -> str:
    return f"bucket `{name}` is in another region: it was deleted and created again there"


def _owners(facts: PairFacts, source: AccountConfig | None, destination: AccountConfig | None) -> Iterable[Finding]:
    pair = facts.pair
    sides = (
        # The role is in the account of the source's connection, whoever owns the bucket.
        (_source(facts), known(facts.source_bucket), (pair.source_uid, pair.pair.source_uid, _uid(source))),
        (_destination(facts), known(facts.destination_bucket), (pair.pair.destination_uid, _uid(destination))),
    )
    for part, bucket, expected in sides:
        wanted = next((uid for uid in expected if uid and bucket and uid != bucket.owner_uid), None)
        if bucket and wanted:
            cause = f"bucket `{bucket.name}` belongs to another account: it was deleted, and somebody else created it"
            yield part.broken("owner", wanted, bucket.owner_uid, cause, _ASK_OWNER, repairable=False)
    yield from _not_allowed(facts, source.allowed_destination_uids if source else frozenset())


def _uid(settings: AccountConfig | None) -> str:
    return (settings and settings.account_uid) or ""


def _not_allowed(facts: PairFacts, allowed: frozenset[str]) -> Iterable[Finding]:
    bucket = known(facts.destination_bucket)
    if bucket and allowed and bucket.owner_uid not in allowed:
        cause = f"account {bucket.owner_uid} is not among those that the source's connection lets data be sent to"
        repair = "stop the pair, or add the account to the connection's allowed_destination_uids"
        part = _destination(facts)
        yield part.broken("allowed_owner", sorted(allowed), bucket.owner_uid, cause, repair, repairable=False)


_ASK_OWNER = "find out who owns the bucket now before anything else; point the pair at a bucket of yours"


def _versioning(facts: PairFacts) -> Iterable[Finding]:
    """OSS replicates between buckets that are both versioned or both not, and none of them suspended."""
    source, destination = known(facts.source_bucket), known(facts.destination_bucket)
    sides = ((_source(facts), source, destination), (_destination(facts), destination, source))
    for part, bucket, other in sides:
        if bucket is None:
            continue
        if bucket.versioning == "Suspended":
            cause = f"versioning of `{bucket.name}` was suspended: OSS replicates no such bucket"
            yield part.broken("versioning", "Enabled", "Suspended", cause, _ENABLE, repairable=False)
        elif other and _is_odd(bucket, other, facts):
            cause = (
                f"versioning of `{bucket.name}` is {bucket.versioning or 'not enabled'}, that of `{other.name}` is "
                f"{other.versioning or 'not enabled'}: OSS replicates only between buckets that are alike"
            )
            yield part.broken(
                "versioning", _shown(other.versioning), _shown(bucket.versioning), cause, _ENABLE, repairable=False
            )


_ENABLE = "enable versioning on both buckets: once enabled it cannot be taken back, so a person has to decide"


def _shown(versioning: str) -> str:
    return versioning or "not enabled"


def _is_odd(bucket: BucketInfo, other: BucketInfo, facts: PairFacts) -> bool:
    """Tell whether it is this bucket, of two that differ, whose versioning was changed.

    Versioning that was enabled once can be suspended only, so the enabled bucket is the one that was changed; unless
    the role may delete although no deletions are asked for, which it was given for the markers of versioned buckets.
    """
    if bool(bucket.versioning) is bool(other.versioning):
        return False
    was_versioned = not facts.pair.pair.replicates_deletes and "ReplicateDelete" in str(facts.destination_policy)
    return bool(bucket.versioning) is not was_versioned


def _encryption(facts: PairFacts) -> Iterable[Finding]:
    """Objects that are bound for a key of their own are left out silently, unless the rule says otherwise."""
    if facts.pair.replicates_kms_objects:
        return
    sides = (
        (_destination(facts), known(facts.destination_bucket), "no plain object is copied to it any more, silently"),
        (_source(facts), known(facts.source_bucket), "objects written to it from then on are not copied, silently"),
    )
    for part, bucket, effect in sides:
        if bucket and bucket.encryption == "KMS" and bucket.kms_key_id:
            cause = f"`{bucket.name}` encrypts with a KMS key of its own by default: {effect}"
            repair = (
                "take the key out of the bucket's default encryption, or switch replicate_kms_objects on for the pair"
            )
            found = {"algorithm": "KMS", "key": bucket.kms_key_id}
            yield part.broken("encryption", "no KMS key of its own", found, cause, repair, repairable=False)


def _acceleration(facts: PairFacts) -> Iterable[Finding]:
    """A rule that uses transfer acceleration switches it on at the destination when it is made."""
    bucket, rule = known(facts.destination_bucket), facts.rule
    if bucket and not bucket.acceleration and facts.pair.transfer_type == "oss_acc" and rule:
        cause = f"transfer acceleration of `{bucket.name}` was switched off, and the rule's transfer type needs it"
        repair = "switch transfer acceleration on again; it takes up to 30 minutes to have effect"
        yield _destination(facts).broken("acceleration", True, False, cause, repair)


def _retention(facts: PairFacts) -> Iterable[Finding]:
    found = facts.retention
    if isinstance(found, Retention):
        cause = (
            f"`{facts.pair.pair.destination_bucket}` keeps objects for {found.days} days (WORM, {found.state}): until "
            "then OSS applies no overwrite and no deletion to a replica, so the two buckets drift apart"
        )
        repair = "end the retention policy where it is not locked yet, or keep objects that never change in this pair"
        value = {"state": found.state, "days": found.days}
        yield _destination(facts).broken("retention", None, value, cause, repair, repairable=False)


_JUDGES: tuple[Callable[[PairFacts], Iterable[Finding]], ...] = (_versioning, _encryption, _acceleration, _retention)
