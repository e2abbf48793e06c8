"""Prove that the destination holds what it should: list both sides, and look closely where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING

from oss_crr.closer_look import CloserLook, Verdict, count
from oss_crr.errors import VerificationFailed
from oss_crr.inventory import Comparison, Suspect, side_by_side, suspects
from oss_crr.listing import prefetched
from oss_crr.model import ObjectSummary
from oss_crr.pair import ResolvedPair
from oss_crr.parallel import in_parallel
from oss_crr.resources.base import Accounts
from oss_crr.verification.canary_keys import is_canary

if TYPE_CHECKING:
    from oss_crr.hooks.oss import OssApi

#: After this many faults no object is looked at on its own any more: the pair is broken. Suspects that turn out to be
#: in order do not count: where KMS or multipart uploads make other ETags, every object is one.
MAX_FAULTS = 1000
#: Suspects that are looked at side by side, before their faults are counted.
LOOKS_AT_ONCE = 64


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
        side_by_side(
            _objects(source, pair.pair.source_bucket, pair), _objects(destination, pair.pair.destination_bucket, pair)
        ),
        # Listings show whole seconds: an object of the same second may have been written after that time.
        copied_until.replace(microsecond=0) if copied_until else None,
        counts,
    )
    # A verification of the same pair may have a test object on its way.
    doubtful = (suspect for suspect in found if suspect.source is not None and not is_canary(suspect.key))
    look = CloserLook(accounts, pair)
    while some := list(islice(doubtful, LOOKS_AT_ONCE)):
        for suspect, verdict in zip(some, _verdicts(look, some, counts), strict=True):
            count(counts, suspect, verdict)
    if not counts.ok:
        raise VerificationFailed(f"bucket `{pair.pair.destination_bucket}` does not hold what it should: {counts}")
    return counts


def _objects(oss: OssApi, bucket: str, pair: ResolvedPair) -> Iterator[ObjectSummary]:
    """List a bucket within the pair's prefixes, in key order: no prefix lies within another."""
    prefixes = sorted(pair.pair.prefixes) or [""]
    pages = chain.from_iterable(oss.list_pages(bucket, prefix) for prefix in prefixes)
    return chain.from_iterable(prefetched(pages))


def _verdicts(look: CloserLook, found: Sequence[Suspect], counts: Comparison) -> list[Verdict]:
    if counts.missing + counts.different >= MAX_FAULTS:
        return ["missing" if suspect.destination is None else "different" for suspect in found]
    return in_parallel(lambda suspect: look.verdict(suspect.key, suspect.source), found)
