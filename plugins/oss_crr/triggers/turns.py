"""One rate, and threads of their own, for all that the triggers of a triggerer ask the cloud."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from oss_crr.hooks.budget import Budget

T = TypeVar("T")

#: The pause after the first poll; later ones are longer.
FIRST_PAUSE_SECONDS = 2.0
#: Part of a pause that is left to chance.
JITTER = 0.3
#: Polls of all triggers in a triggerer together. A thousand rules take it 20 s, and a fraction of a core.
POLLS_PER_SECOND = 50.0
_polls = Budget(POLLS_PER_SECOND)
#: The SDK blocks. Polling has threads of its own, so that other triggers' calls need not wait behind a fleet's.
_pollers = ThreadPoolExecutor(8, thread_name_prefix="oss_crr_poll")


async def in_turn(poll: Callable[[], T]) -> T:
    """Poll off the event loop, in turn among the polls of all triggers of this process."""
    await asyncio.sleep(_polls.reserve_turn())
    return await asyncio.get_running_loop().run_in_executor(_pollers, poll)


def next_pause(waited: float, poll_interval: float) -> float:
    """Return the seconds until the next poll: a small bucket is done in seconds, a large one is not asked that often.

    :param waited: seconds since the first poll.
    :param poll_interval: the longest pause.
    """
    return min(poll_interval, max(FIRST_PAUSE_SECONDS, waited / 2))


def with_jitter(pause: float) -> float:
    """Return about the pause: a fleet's batches begin to wait together, and must not go on polling together."""
    return pause * random.uniform(1 - JITTER, 1)  # noqa: S311 - no secret
