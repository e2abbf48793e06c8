"""Values that take effect some time after they were written."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


class Propagating(Generic[T]):
    """A value whose reads are up to date but whose *effect* lags, as with access policies.

    :param initial: the value that is effective from the beginning.
    """

    # Keeps the type parameter, which typing adds to instances with a ``__dict__``, out of saved clouds.
    __slots__ = ("_history",)

    def __init__(self, initial: T) -> None:
        self._history: list[tuple[datetime | None, T]] = [(None, initial)]

    @property
    def current(self) -> T:
        """Return what a read of the document answers."""
        return self._history[-1][1]

    def set(self, value: T, now: datetime, delay_seconds: float) -> None:
        """Write a value that is effective ``delay_seconds`` after ``now``."""
        effective_at = now + timedelta(seconds=delay_seconds)
        kept = [entry for entry in self._history if entry[0] is None or entry[0] <= now]
        pending = [entry for entry in self._history if entry[0] is not None and entry[0] > now]
        self._history = [kept[-1], *pending, (effective_at, value)]

    def effective(self, now: datetime) -> T:
        """Return the value that access decisions use at ``now``."""
        return next(value for at, value in reversed(self._history) if at is None or at <= now)
