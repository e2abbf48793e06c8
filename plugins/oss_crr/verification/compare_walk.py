"""Walk a part of both buckets of a pair, side by side, beginning behind a key."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING

from oss_crr.inventory import Suspect, side_by_side
from oss_crr.listing import prefetched
from oss_crr.pair import BucketPair
from oss_crr.resources.base import Accounts
from oss_crr.verification.canary_keys import is_canary

if TYPE_CHECKING:
    from oss_crr.hooks.oss import OssApi
    from oss_crr.model import ObjectSummary

    Pages = Iterator[tuple[ObjectSummary, ...]]


class Walk:
    """What both buckets hold within the pair's prefixes, key by key; this product's test objects are left out.

    :param after: begin behind this key; empty for the beginning.
    :param limit: keys at most.
    """

    def __init__(self, accounts: Accounts, pair: BucketPair, after: str, limit: int) -> None:
        self._accounts = accounts
        self._pair = pair
        self._limit = limit
        #: The last key that was walked over; empty when the end of both buckets was reached.
        self.last = after
        #: How many keys were walked over.
        self.seen = 0

    def __iter__(self) -> Generator[Suspect, None, None]:
        """Yield what both sides hold under each key."""
        pair, prefixes, after = self._pair, sorted(self._pair.prefixes) or [""], self.last
        source = self._accounts.source(pair).oss(pair.source_region)
        destination = self._accounts.destination(pair).oss(pair.destination_region)
        with (
            closing(prefetched(_pages(source, pair.source_bucket, prefixes, after))) as here,
            closing(prefetched(_pages(destination, pair.destination_bucket, prefixes, after))) as there,
        ):
            for item in side_by_side(chain.from_iterable(here), chain.from_iterable(there)):
                if self.seen == self._limit:
                    return
                self.seen += 1
                self.last = item.key
                if not is_canary(item.key):
                    yield item
        self.last = ""


def _pages(oss: OssApi, bucket: str, prefixes: Sequence[str], after: str) -> Pages:
    """List the prefixes in the order of their keys; no prefix lies within another.

    What lies before ``after`` is skipped. So the key alone tells where to continue, also when prefixes were added or
    taken away meanwhile.
    """
    for prefix in prefixes:
        if prefix > after:
            yield from oss.list_pages(bucket, prefix)
        elif after.startswith(prefix):
            yield from oss.list_pages(bucket, prefix, after)
