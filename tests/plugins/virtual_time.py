"""Threads that run one at a time, in the order of a clock that only their sleeping moves."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from itertools import count

_STUCK_SECONDS = 20.0


class VirtualTime:
    """A clock, and the threads that sleep by it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.failures: list[BaseException] = []
        self._sleeping: list[tuple[float, int, threading.Event]] = []
        self._numbers = count()
        self._yielded = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let others run until the time has come."""
        woken = threading.Event()
        heapq.heappush(self._sleeping, (self.now + seconds, next(self._numbers), woken))
        self._yielded.release()
        if not woken.wait(_STUCK_SECONDS):
            raise TimeoutError("nobody woke this thread")

    def spawn(self, work: Callable[[], object], at: float = 0.0) -> None:
        """Have a thread begin its work at a time."""

        def begin() -> None:
            self.sleep(at)
            try:
                work()
            except BaseException as failure:  # noqa: BLE001 - told by the test's own thread
                self.failures.append(failure)
            self._yielded.release()

        thread = threading.Thread(target=begin, daemon=True)
        self._threads.append(thread)
        thread.start()
        self._wait()

    def run(self) -> None:
        """Run until every thread has ended; raise what one of them raised."""
        while self._sleeping:
            at, _, woken = heapq.heappop(self._sleeping)
            self.now = max(self.now, at)
            woken.set()
            self._wait()
        if self.failures:
            raise self.failures[0]

    def _wait(self) -> None:
        if not self._yielded.acquire(timeout=_STUCK_SECONDS):
            raise TimeoutError("a thread neither sleeps nor ends")
