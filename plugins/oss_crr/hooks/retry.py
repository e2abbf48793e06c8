"""Repeat a call that failed for a passing reason.

Neither oss2 nor the SDKs of RAM, STS and KMS repeat anything by itself when used as here, so tries are not multiplied.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from oss_crr.errors import ServiceUnavailable, StaleRead, Throttled
from oss_crr.hooks.budget import UNLIMITED, Budget

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Tries at most of a call that is refused as one too many: others use the same quota, and each try slows them down.
THROTTLED_ATTEMPTS = 12


class Retrier:
    """Repeats throttled and unanswered calls with exponential backoff and full jitter.

    A repeated call may meet the effect of its predecessor, when only the answer was lost. Each operation says what that
    means for it: taking something away that is gone already is success, and creating something that is there raises
    :class:`oss_crr.errors.AlreadyExists`, upon which the caller reads again and compares.

    :param attempts: tries at most; of throttled calls, for which time is what helps, :data:`THROTTLED_ATTEMPTS`.
    :param budget_seconds: no further try begins this long after the first one.
    :param first_seconds: upper bound of the first wait; it doubles with each try.
    :param longest_seconds: upper bound of every wait that the service did not ask for.
    :param sleep: waits for a number of seconds.
    :param clock: monotonic time in seconds.
    :param uniform: draws a number between two bounds.
    """

    def __init__(
        self,
        *,
        attempts: int = 5,
        budget_seconds: float = 30.0,
        first_seconds: float = 0.5,
        longest_seconds: float = 8.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._attempts = attempts
        self._budget = budget_seconds
        self._first = first_seconds
        self._longest = longest_seconds
        self._sleep = sleep
        self._clock = clock
        self._uniform = uniform

    def call(self, function: Callable[[], T], budget: Budget | None = None) -> T:
        """Return what ``function`` returns, trying again while that can help.

        :param function: one try; raises errors of :mod:`oss_crr.errors`.
        :param budget: where each try takes its turn.
        :raises Throttled: the service kept asking to slow down.
        :raises ServiceUnavailable: the service kept failing.
        :raises StaleRead: a write had to wait so long that what it replaces has to be read again.
        """
        budget = budget or Budget(UNLIMITED, clock=self._clock, sleep=self._sleep)
        budget.wait_turn(self._budget)
        deadline = self._clock() + self._budget
        tried = 0
        while True:
            try:
                return self._try(function, budget)
            except (Throttled, ServiceUnavailable) as error:
                tried += 1
                wait = self._wait(tried, error)
                allowed = self._allowed(error)
                if tried >= allowed or self._clock() + wait > deadline:
                    raise
                # That a quota is shared with others is nothing to worry about, as long as there are tries left.
                level = logging.INFO if isinstance(error, Throttled) else logging.WARNING
                log.log(level, "Attempt %d of %d in %.1f s: %s", tried + 1, allowed, wait, error)
                self._sleep(wait)
                budget.wait_turn(self._budget)

    @staticmethod
    def _try(function: Callable[[], T], budget: Budget) -> T:
        try:
            return function()
        except Throttled as error:
            budget.throttled(error.retry_after)
            raise
        except StaleRead:
            budget.keep_turn()
            raise

    def _allowed(self, error: Throttled | ServiceUnavailable) -> int:
        return THROTTLED_ATTEMPTS if isinstance(error, Throttled) and self._attempts > 1 else self._attempts

    def _wait(self, tried: int, error: Throttled | ServiceUnavailable) -> float:
        # With full jitter the callers of a thread pool do not come back all at once.
        wait = self._uniform(0, min(self._longest, self._first * 2 ** (tried - 1)))
        asked = error.retry_after if isinstance(error, Throttled) else None
        return max(wait, asked or 0.0)
