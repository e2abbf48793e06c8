"""Is anything late? Look for an object that was written since the watermark, long ago, and has not arrived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from oss_crr.closer_look import CloserLook
from oss_crr.converge import in_parallel
from oss_crr.inventory import NOT_REPLICATED
from oss_crr.model import ObjectSummary
from oss_crr.resources.base import Accounts
from oss_crr.verification.target import Target

#: Pages of the source's listing that are looked through, and candidates in them that are looked at.
MAX_PAGES = 5
MAX_LOOKS = 16


@dataclass(frozen=True)
class LateObject:
    """An object that should have arrived.

    :param written: when it was written at the source.
    """

    key: str
    written: datetime


def find_late(accounts: Accounts, target: Target, watermark: datetime | None, now: datetime) -> LateObject | None:
    """Return an object that is late; None when none was found in the part of the source that was looked through.

    :param watermark: writes before this time have been copied.
    :raises OssCrrError: one of the sides cannot be read.
    """
    if watermark is None:
        return None
    # Listings show whole seconds: an object of the watermark's second may be on either side of it.
    since = watermark.replace(microsecond=0)
    young = _written_between(_listed(accounts, target), since, now - target.limit)
    if target.resolved is not None and target.pair.manages_destination:
        late = _not_there(CloserLook(accounts, target.resolved), list(islice(young, MAX_LOOKS)))
    else:
        late = [item for item in young if item.last_modified > since]
    return min((LateObject(item.key, item.last_modified) for item in late), key=lambda item: item.written, default=None)


def _not_there(look: CloserLook, found: Sequence[ObjectSummary]) -> list[ObjectSummary]:
    verdicts = in_parallel(lambda item: look.verdict(item.key, item), found)
    return [item for item, verdict in zip(found, verdicts, strict=True) if verdict in ("missing", "different")]


def _listed(accounts: Accounts, target: Target) -> Iterable[ObjectSummary]:
    oss = accounts.source(target.pair).oss(target.pair.source_region)
    prefixes = sorted(target.pair.prefixes) or [""]
    pages = chain.from_iterable(oss.list_pages(target.pair.source_bucket, prefix) for prefix in prefixes)
    return chain.from_iterable(islice(pages, MAX_PAGES))


def _written_between(listed: Iterable[ObjectSummary], since: datetime, until: datetime) -> Iterator[ObjectSummary]:
    for item in listed:
        if since <= item.last_modified < until and item.storage_class not in NOT_REPLICATED:
            yield item
