"""Listings of both sides, each read ahead by a page while the other one is compared. Pure."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Page = TypeVar("Page")


def prefetched(pages: Iterator[Page]) -> Generator[Page, None, None]:
    """Yield pages while the next one is fetched in a thread; two at most are held in memory.

    Comparing two listings takes no longer that way than the slower of the two.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead = pool.submit(next, pages, None)
        while (page := ahead.result()) is not None:
            ahead = pool.submit(next, pages, None)
            yield page
