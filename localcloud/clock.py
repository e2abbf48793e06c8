"""The one source of time: real time plus an offset that tests can move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """UTC wall clock that can be moved forward or backward.

    Everything that has a time in it (signatures, Last-Modified, rule states, propagation) asks this clock, so a
    test that moves it moves the whole cloud.
    """

    def __init__(self) -> None:
        self._offset = timedelta(0)

    @property
    def offset(self) -> timedelta:
        """Return how far the clock is ahead of real time."""
        return self._offset

    def now(self) -> datetime:
        """Return the cloud's time, timezone-aware, in UTC."""
        return datetime.now(UTC) + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock by ``seconds``; negative values move it back."""
        self._offset += timedelta(seconds=seconds)
