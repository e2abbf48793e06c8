"""Prove that the destination holds what it should: list both sides, and look closely where they differ."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from oss_crr.errors import NotFound, VerificationFailed
from oss_crr.inventory import Comparison, Suspect, suspects
from oss_crr.model import ObjectSummary
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Accounts

if TYPE_CHECKING:
    from oss_crr.hooks.oss import OssApi
    from oss_crr.model import ObjectHead

#: Beyond this many suspects no object is looked at on its own any more: the pair is broken, whatever the reason.
MAX_CLOSER_LOOKS = 1000


def verify_pair(accounts: Accounts, pair: ResolvedPair, copied_until: datetime | None) -> Comparison:
    """Compare the two buckets of a pair within its prefixes.

    :param copied_until: see :func:`oss_crr.inventory.suspects`.
    :returns: the counts, all in order.
    :raises VerificationFailed: naming what is missing or different.
    """
    source = accounts.source(pair.pair).oss(pair.pair.source_region)
    destination = accounts.destination(pair.pair).oss(pair.pair.destination_region)
    counts = Comparison()
    found = suspects(
        _objects(source, pair.pair.source_bucket, pair),
        _objects(destination, pair.pair.destination_bucket, pair),
        copied_until,
        counts,
    )
    for number, suspect in enumerate(found):
        _judge(suspect, source, destination, pair, counts, look_closer=number < MAX_CLOSER_LOOKS)
    if not counts.ok:
        raise VerificationFailed(f"bucket `{pair.pair.destination_bucket}` does not hold what it should: {counts}")
    return counts


def _objects(oss: OssApi, bucket: str, pair: ResolvedPair) -> Iterator[ObjectSummary]:
    """List a bucket within the pair's prefixes, in key order: no prefix lies within another."""
    prefixes = sorted(pair.pair.prefixes) or [""]
    return chain.from_iterable(oss.list_objects(bucket, prefix) for prefix in prefixes)


def _judge(
    suspect: Suspect, source: OssApi, destination: OssApi, pair: ResolvedPair, counts: Comparison, *, look_closer: bool
) -> None:
    kind = "missing" if suspect.destination is None else "different"
    if not look_closer:
        counts.fault(kind, suspect.source.key)
        return
    original = _head(source, pair.pair.source_bucket, suspect.source.key)
    if original is None:
        counts.exclude("deleted at the source meanwhile")
    elif original.encryption == "KMS" and original.kms_key_id and not pair.replicates_kms_objects:
        counts.exclude("encrypted with a KMS key, which the rule does not replicate")
    elif suspect.destination is not None and _same_content(original, destination, pair):
        counts.match(suspect.source)
    elif (original.size, original.etag) != (suspect.source.size, suspect.source.etag):
        counts.too_new += 1  # It was overwritten since it was listed.
    else:
        counts.fault(kind, suspect.source.key)


def _same_content(original: ObjectHead, destination: OssApi, pair: ResolvedPair) -> bool:
    """Compare by size and CRC-64: the ETag of a multipart object is no digest of its content."""
    replica = _head(destination, pair.pair.destination_bucket, original.key)
    if replica is None or original.crc64 is None:
        return False
    return (replica.size, replica.crc64) == (original.size, original.crc64)


def _head(oss: OssApi, bucket: str, key: str) -> ObjectHead | None:
    try:
        return oss.head_object(bucket, key)
    except NotFound:
        return None
