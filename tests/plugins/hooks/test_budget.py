"""How fast calls may follow one another, and what an answer of "too many" changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from oss_crr.errors import InputError, StaleRead, Throttled
from oss_crr.hooks import budget as budget_module
from oss_crr.hooks.budget import SHARE_VARIABLE, UNLIMITED, Budget, Budgets, budgets_for, quota_of, quota_share
from oss_crr.hooks.retry import Retrier


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def budget(time: Time, per_second: float = 10.0) -> Budget:
    return Budget(per_second, clock=lambda: time.now, sleep=time.sleep)


def sent_within(time: Time, calls: Budget, seconds: float) -> int:
    """Send calls one after the other; return how many fit into a time."""
    end = time.now + seconds
    count = 0
    while True:
        calls.wait_turn()
        if time.now >= end:
            return count
        count += 1


# --- rate ------------------------------------------------------------------------------------------------------------


def test_calls_follow_at_the_rate() -> None:
    time = Time()
    assert sent_within(time, budget(time, 20.0), 10.0) in range(200, 207)


def test_first_calls_need_not_wait() -> None:
    time = Time()
    calls = budget(time)
    for _ in range(3):
        calls.wait_turn()
    assert time.now == 100.0


def test_pause_saves_up_a_burst_but_no_more() -> None:
    time = Time()
    calls = budget(time)
    sent_within(time, calls, 1.0)
    time.now += 3600
    assert sent_within(time, calls, 1.0) <= 14


def test_threads_share_the_rate() -> None:
    """In real time: forty calls of eight threads at 100 a second take no less than 0.15 s."""
    import time as real

    calls = Budget(100.0)
    started = real.monotonic()

    def five_calls() -> None:
        for _ in range(5):
            calls.wait_turn()

    threads = [threading.Thread(target=five_calls) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert real.monotonic() - started >= 0.14


def test_unlimited_never_waits() -> None:
    time = Time()
    calls = budget(time, UNLIMITED)
    for _ in range(1000):
        calls.wait_turn()
    calls.throttled(None)
    calls.wait_turn()
    assert (time.now, calls.rate) == (100.0, UNLIMITED)


# --- answers ---------------------------------------------------------------------------------------------------------


def test_refusal_halves_the_rate_and_it_comes_back_slowly() -> None:
    time = Time()
    calls = budget(time, 10.0)
    calls.throttled(None)
    assert calls.rate == 5.0
    time.now += 4.0
    assert calls.rate == pytest.approx(7.0)
    time.now += 60.0
    assert calls.rate == 10.0


def test_refusals_of_one_wave_count_once() -> None:
    time = Time()
    calls = budget(time, 10.0)
    for _ in range(8):
        calls.throttled(None)
    assert calls.rate == 5.0


def test_rate_never_falls_to_nothing() -> None:
    time = Time()
    calls = budget(time, 20.0)
    for _ in range(30):
        calls.throttled(None)
        time.now += 1.01
    assert calls.rate >= 1.0


def test_pause_that_the_service_asks_for_holds_all_threads() -> None:
    time = Time()
    calls = budget(time, 100.0)
    calls.throttled(3.0)
    calls.wait_turn()
    assert time.now >= 103.0


def test_pause_also_holds_who_waits_already() -> None:
    time = Time()
    calls = budget(time, 1.0)
    calls.wait_turn()

    def sleep(seconds: float) -> None:
        time.now += seconds
        if time.now < 105.0:
            calls.throttled(105.0 - time.now)

    calls._sleep = sleep
    for _ in range(2):
        calls.wait_turn()
    assert time.now >= 105.0


def test_pause_longer_than_a_call_may_take_is_an_error() -> None:
    time = Time()
    calls = budget(time)
    calls.throttled(3600.0)
    with pytest.raises(Throttled, match="pause of 3600 s") as caught:
        calls.wait_turn(30.0)
    assert caught.value.retry_after == 3600.0
    assert time.now == 100.0


def test_calls_do_not_follow_all_at_once_after_a_pause() -> None:
    time = Time()
    calls = budget(time, 10.0)
    calls.throttled(2.0)
    assert sent_within(time, calls, 3.0) <= 8


# --- repeated calls --------------------------------------------------------------------------------------------------


def test_retrier_tells_the_budget_and_waits_with_it() -> None:
    time = Time()
    calls = budget(time, 10.0)
    answers: Iterator[Exception | None] = iter([Throttled("slowly", 2.0), Throttled("slowly"), None])

    def call() -> str:
        failure = next(answers)
        if failure:
            raise failure
        return "done"

    retrier = Retrier(sleep=time.sleep, clock=lambda: time.now, uniform=lambda low, high: high)
    assert retrier.call(call, calls) == "done"
    assert time.now >= 102.0
    assert calls.rate < 10.0


def test_turn_of_a_write_that_came_too_late_is_kept() -> None:
    """The read that follows must not cost the place in the queue."""
    time = Time()
    calls = budget(time, 1.0)
    retrier = Retrier(sleep=time.sleep, clock=lambda: time.now)

    def too_late() -> None:
        raise StaleRead("too late")

    calls.wait_turn()
    with pytest.raises(StaleRead):
        retrier.call(too_late, calls)
    before = time.now
    retrier.call(lambda: None, calls)
    assert time.now == before
    retrier.call(lambda: None, calls)
    assert time.now > before


# --- quotas ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "action", "per_second"),
    [
        ("ram", "GetRole", 100),
        ("ram", "ListPoliciesForRole", 100),
        ("ram", "CreatePolicyVersion", 20),
        ("ram", "AttachPolicyToRole", 20),
        ("ram", "DetachPolicyFromRole", 10),
        ("kms", "CreateKey", 10),
        ("kms", "CreateAlias", 30),
        ("kms", "SetKeyPolicy", 30),
        ("kms", "GetKeyPolicy", 50),
        ("sts", "AssumeRole", 100),
        ("oss", "oss:PutBucketPolicy", 10_000),
    ],
)
def test_quotas_are_the_published_ones(product: str, action: str, per_second: float) -> None:
    assert quota_of(product, action).per_second == per_second


def test_ram_counts_each_api_and_kms_each_kind_and_region() -> None:
    budgets = Budgets(1.0)
    assert budgets.of("ram", "GetRole") is budgets.of("ram", "GetRole")
    assert budgets.of("ram", "GetRole") is not budgets.of("ram", "GetPolicy")
    assert budgets.of("kms", "GetKeyPolicy", "cn-beijing") is budgets.of("kms", "DescribeKey", "cn-beijing")
    assert budgets.of("kms", "DescribeKey", "cn-beijing") is not budgets.of("kms", "DescribeKey", "cn-shanghai")


def test_account_objects_of_one_account_share_their_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget_module, "_accounts", {})
    assert budgets_for("url", "key") is budgets_for("url", "key")
    assert budgets_for("url", "key") is not budgets_for("url", "other")


def test_share_is_half_unless_it_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget_module, "_accounts", {})
    monkeypatch.delenv(SHARE_VARIABLE, raising=False)
    assert budgets_for("a").of("ram", "CreateRole").rate == 10.0
    assert budgets_for("b", has_quotas=False).of("ram", "CreateRole").rate == UNLIMITED
    monkeypatch.setenv(SHARE_VARIABLE, "0.25")
    assert budgets_for("c").of("ram", "CreateRole").rate == 5.0
    assert budgets_for("d", has_quotas=False).of("ram", "CreateRole").rate == 5.0


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "half", "nan"])
def test_share_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(SHARE_VARIABLE, text)
    with pytest.raises(InputError, match=rf"OSS_CRR_QUOTA_SHARE: is '{text}'"):
        quota_share()
