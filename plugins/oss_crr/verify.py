"""Prove that the destination holds what it should: list both sides, and look closely where they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING

from oss_crr.converge import in_parallel
from oss_crr.errors import NotFound, VerificationFailed
from oss_crr.inventory import Comparison, Suspect, suspects
from oss_crr.model import ObjectSummary
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Accounts

if TYPE_CHECKING:
    from oss_crr.hooks.oss import OssApi
    from oss_crr.model import ObjectHead

#: After this many faults no object is looked at on its own any more: the pair is broken. Suspects that turn out to be
#: in order do not count: where KMS or multipart uploads make other ETags, every object is one.
MAX_FAULTS = 1000
#: Suspects that are looked at side by side, before their faults are counted.
LOOKS_AT_ONCE = 64

#: Counts a suspect as what it turned out to be.
Verdict = Callable[[Comparison], None]


def verify_pair(accounts: Accounts, pair: ResolvedPair, copied_until: datetime | None) -> Comparison:
    """Compare the two buckets of a pair within its prefixes.

    :param copied_until: source objects written at or after this time need not be there yet; None for no limit.
    :returns: the counts, all in order.
    :raises VerificationFailed: naming what is missing or different.
    """
    source = accounts.source(pair.pair).oss(pair.pair.source_region)
    destination = accounts.destination(pair.pair).oss(pair.pair.destination_region)
    counts = Comparison()
    found = suspects(
        _objects(source, pair.pair.source_bucket, pair),
        _objects(destination, pair.pair.destination_bucket, pair),
        # Listings show whole seconds: an object of the same second may have been written after that time.
        copied_until.replace(microsecond=0) if copied_until else None,
        counts,
    )
    while some := list(islice(found, LOOKS_AT_ONCE)):
        _look_closer(some, source, destination, pair, counts)
    if not counts.ok:
        raise VerificationFailed(f"bucket `{pair.pair.destination_bucket}` does not hold what it should: {counts}")
    return counts


def _objects(oss: OssApi, bucket: str, pair: ResolvedPair) -> Iterator[ObjectSummary]:
    """List a bucket within the pair's prefixes, in key order: no prefix lies within another."""
    prefixes = sorted(pair.pair.prefixes) or [""]
    return chain.from_iterable(oss.list_objects(bucket, prefix) for prefix in prefixes)


def _look_closer(
    found: Sequence[Suspect], source: OssApi, destination: OssApi, pair: ResolvedPair, counts: Comparison
) -> None:
    if counts.missing + counts.different >= MAX_FAULTS:
        verdicts = [_fault(suspect) for suspect in found]
    else:
        verdicts = in_parallel(lambda suspect: _judge(suspect, source, destination, pair), found)
    for count in verdicts:
        count(counts)


def _judge(suspect: Suspect, source: OssApi, destination: OssApi, pair: ResolvedPair) -> Verdict:
    original = _head(source, pair.pair.source_bucket, suspect.source.key)
    if original is None:
        return partial(Comparison.exclude, reason="deleted at the source meanwhile")
    if original.encryption == "KMS" and original.kms_key_id and not pair.replicates_kms_objects:
        return partial(Comparison.exclude, reason="encrypted with a KMS key, which the rule does not replicate")
    if suspect.destination is not None and _same_content(original, destination, pair):
        return partial(Comparison.match, item=suspect.source)
    if (original.size, original.etag) != (suspect.source.size, suspect.source.etag):
        return Comparison.postpone  # It was overwritten since it was listed.
    return _fault(suspect)


def _fault(suspect: Suspect) -> Verdict:
    kind = "missing" if suspect.destination is None else "different"
    return partial(Comparison.fault, kind=kind, key=suspect.source.key)


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
