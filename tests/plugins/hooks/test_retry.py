"""When a call is repeated, and how long that may take."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oss_crr.errors import OssCrrError, PermissionDenied, ServiceUnavailable, Throttled
from oss_crr.hooks.retry import Retrier


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def failing(times: int, error: OssCrrError) -> Callable[[], str]:
    left = iter([error] * times)

    def call() -> str:
        for failure in left:
            raise failure
        return "done"

    return call


def retrier(time: Time, **settings: float) -> Retrier:
    """Return a retrier that always waits as long as it may."""
    return Retrier(
        sleep=time.sleep,
        clock=lambda: time.now,
        uniform=lambda low, high: high,
        **settings,  # type: ignore[arg-type]
    )


def test_passing_failures_are_repeated_with_growing_waits() -> None:
    time = Time()
    assert retrier(time).call(failing(4, ServiceUnavailable("down"))) == "done"
    assert time.waits == [0.5, 1.0, 2.0, 4.0]


def test_gives_up_after_five_tries() -> None:
    time = Time()
    with pytest.raises(ServiceUnavailable, match="down"):
        retrier(time).call(failing(5, ServiceUnavailable("down")))
    assert len(time.waits) == 4


def test_lasting_failures_are_not_repeated() -> None:
    time = Time()
    with pytest.raises(PermissionDenied):
        retrier(time).call(failing(1, PermissionDenied("no")))
    assert time.waits == []


def test_waits_as_long_as_the_service_asks() -> None:
    time = Time()
    retrier(time).call(failing(2, Throttled("slow down", retry_after=3.0)))
    assert time.waits == [3.0, 3.0]


def test_waits_stay_under_their_bound() -> None:
    time = Time()
    retrier(time, longest_seconds=1.5).call(failing(4, ServiceUnavailable("down")))
    assert time.waits == [0.5, 1.0, 1.5, 1.5]


def test_no_try_begins_after_the_budget() -> None:
    time = Time()
    with pytest.raises(Throttled):
        retrier(time, budget_seconds=10).call(failing(9, Throttled("slow down", retry_after=4.0)))
    assert time.waits == [4.0, 4.0]


def test_waits_are_drawn_between_nothing_and_the_bound() -> None:
    bounds: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        bounds.append((low, high))
        return low

    Retrier(sleep=lambda seconds: None, uniform=uniform).call(failing(2, ServiceUnavailable("down")))
    assert bounds == [(0, 0.5), (0, 1.0)]
