"""Work side by side: cloud calls spend their time on the way."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from oss_crr.errors import InputError

#: How many pairs, or documents, one task works on at the same time.
THREADS_VARIABLE = "OSS_CRR_THREADS"
DEFAULT_THREADS = 16
#: More threads than that share connections (see ``POOL_SIZE`` of the hooks), and gain nothing.
MOST_THREADS = 32

Item = TypeVar("Item")
Result = TypeVar("Result")


def max_threads() -> int:
    """Return how many items are worked on at the same time.

    :raises InputError: the number that was set cannot be used.
    """
    text = os.environ.get(THREADS_VARIABLE) or str(DEFAULT_THREADS)
    if not (text.isdecimal() and 1 <= int(text) <= MOST_THREADS):
        raise InputError((THREADS_VARIABLE, f"is {text!r}; give a whole number from 1 to {MOST_THREADS}"))
    return int(text)


def in_parallel(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Apply a function to all items in a bounded thread pool; results keep the order of the items."""
    with ThreadPoolExecutor(max_workers=max_threads()) as pool:
        return list(pool.map(work, items))
