"""Writers of one document that is replaced as a whole: whatever order their calls take effect in, no part is lost.

Time is virtual: a schedule says how long each call takes to reach the service, and its answer to come back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oss_crr import converge
from oss_crr.concurrency import IN_FLIGHT_SECONDS, QUIET_SECONDS, WRITE_WINDOW_SECONDS, Look, Timing, check_in_time
from oss_crr.converge import Convergence
from oss_crr.errors import StaleRead
from oss_crr.outcome import Outcome
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Accounts, Change, Resource
from tests.plugins.fake_cloud import make_resolved
from tests.plugins.virtual_time import VirtualTime

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
Parts = tuple[str, ...]


class Store:
    """A document that is read and replaced as a whole, at a distance.

    :param delays: how long each way of a call takes, as a fraction of the longest.
    """

    def __init__(self, time: VirtualTime, delays: Iterable[float]) -> None:
        self.time = time
        self.parts: Parts = ("foreign",)
        self.replaced = 0
        self._delays: Iterator[float] = cycle(delays)

    def read(self) -> Parts:
        # A read may take longer than a write window: then it must not be written any more.
        self.time.sleep(next(self._delays) * 1.5)
        parts = self.parts
        self.time.sleep(next(self._delays) * 1.5)
        return parts

    def replace(self, parts: Parts) -> None:
        check_in_time("replacing", self.time.clock)
        self.time.sleep(next(self._delays) * IN_FLIGHT_SECONDS * 0.99)
        self.parts = parts
        self.replaced += 1
        self.time.sleep(next(self._delays))


class Part(Resource[Parts]):
    """The name of each pair, as one part of the document."""

    name = "part"

    def __init__(self, store: Store) -> None:
        self.store = store

    def contended(self, pair: ResolvedPair) -> bool:
        return True

    def scope(self, pair: ResolvedPair) -> tuple[str, ...]:
        return ("document",)

    def desired(self, pair: ResolvedPair) -> Any:
        return pair.name

    def observe(self, accounts: Accounts, pair: ResolvedPair) -> Parts:
        return self.store.read()

    def changes(self, pair: ResolvedPair, observed: Parts) -> tuple[Change, ...]:
        return () if pair.name in observed else (Change(self.name, "update", f"{pair.name} is missing"),)

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: Parts) -> None:
        self.store.replace((*observed, *(pair.name for pair in pairs)))

    def remove(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: Parts) -> None:
        raise NotImplementedError


class NoPart(Part):
    """The opposite: the pair's part is not there, as a teardown wants it."""

    def changes(self, pair: ResolvedPair, observed: Parts) -> tuple[Change, ...]:
        return (Change(self.name, "delete", f"{pair.name} is there"),) if pair.name in observed else ()

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: Parts) -> None:
        names = {pair.name for pair in pairs}
        self.store.replace(tuple(part for part in observed if part not in names))


def pair(label: str) -> ResolvedPair:
    return make_resolved(label=label)


def writer(
    resource: Part, labels: Sequence[str], pause: float = 0.0, *, looks_again: bool = True
) -> Callable[[], list[Outcome]]:
    """Return what a run does: write, go on with other things for a while, and look again."""
    time = resource.store.time
    timing = Timing(time.clock, time.clock, time.sleep, random.Random(repr(labels)).uniform)  # noqa: S311
    pairs = [pair(label) for label in labels]

    def run() -> list[Outcome]:
        convergence = Convergence(resource, Accounts(_no_account), "step", {}, NOW, timing=timing)
        outcomes = convergence.run(pairs)
        time.sleep(pause)
        looks = {item.pair: look for item in outcomes if (look := Look.in_details(item.details))}
        if looks and looks_again:
            return convergence.look_again([item for item in pairs if item.name in looks], looks)
        return outcomes

    return run


def _no_account(conn_id: str) -> Any:
    raise AssertionError(conn_id)


# --- any schedule ----------------------------------------------------------------------------------------------------


def play(
    delays: Sequence[float], starts: Sequence[float], *, looks_again: bool = True
) -> tuple[set[str], set[str], int]:
    """Let four setups and a teardown write one document.

    A run that fails, because all of its reads take too long or it loses every time, promises nothing.

    :returns: what is missing in the end, what should not be there any more, and how many pairs were finished.
    """
    time = VirtualTime()
    store = Store(time, delays)
    store.parts = ("foreign", "old-1", "old-2")
    finished: set[str] = set()

    def run(work: Callable[[], list[Outcome]]) -> None:
        finished.update(outcome.pair for outcome in work() if outcome.ok)

    for number, start in enumerate(starts[:4]):
        labels = [f"new-{number}-{index}" for index in range(1 + number % 2)]
        work = writer(Part(store), labels, pause=start, looks_again=looks_again)
        time.spawn(partial(run, work), at=start)
    teardown = writer(NoPart(store), ["old-1"], pause=starts[4], looks_again=looks_again)
    time.spawn(partial(run, teardown), at=starts[4])
    time.run()
    wanted = {"foreign", "old-2", *finished} - {"old-1"}
    unwanted = {"old-1"} & finished
    return wanted - set(store.parts), unwanted & set(store.parts), len(finished)


fractions = st.floats(0, 1, allow_nan=False)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(fractions, min_size=7, max_size=97), st.lists(st.floats(0, 8), min_size=5, max_size=5))
def test_no_schedule_loses_a_part(delays: list[float], starts: list[float]) -> None:
    missing, back, _ = play(delays, starts)
    assert (missing, back) == (set(), set())


def losses(seeds: range, *, looks_again: bool) -> tuple[int, int]:
    """Count the schedules after which a part is missing or back, and the pairs that were finished in all of them."""
    lost = finished = 0
    for seed in seeds:
        draw = random.Random(seed)  # noqa: S311
        delays = [draw.random() for _ in range(61)]
        starts = [draw.uniform(0, 4) for _ in range(5)]
        missing, back, count = play(delays, starts, looks_again=looks_again)
        lost += bool(missing or back)
        finished += count
    return lost, finished


def test_without_the_later_look_parts_are_lost() -> None:
    """What the later look is for, and that the schedules above are hard enough to need it."""
    lost, _ = losses(range(100), looks_again=False)
    assert lost > 5


def test_with_the_later_look_none_is_lost() -> None:
    lost, finished = losses(range(100), looks_again=True)
    assert lost == 0
    assert finished > 100 * 6


# --- scripted schedules ----------------------------------------------------------------------------------------------


def stranger(store: Store, part: str, *, waits: float, reaches: float) -> Callable[[], None]:
    """Return a writer within the rules: it writes some time after its read, and the write is some time on its way."""

    def run() -> None:
        read = store.parts
        store.time.sleep(waits)
        store.time.sleep(reaches)
        store.parts = (*read, part)

    return run


def test_write_that_was_on_its_way_is_healed() -> None:
    time = VirtualTime()
    store = Store(time, [0.0])
    time.spawn(stranger(store, "theirs", waits=WRITE_WINDOW_SECONDS, reaches=IN_FLIGHT_SECONDS * 0.9), at=0.0)
    time.spawn(writer(Part(store), ["ours"]), at=1.0)
    time.run()
    assert store.parts == ("foreign", "theirs", "ours")


def alternating(time: VirtualTime, store: Store) -> None:
    """Take our part out, bring it back just before the first look, and take it out after that.

    Each stranger writes within the rules; the last one read while our part was away.
    """
    time.spawn(stranger(store, "b", waits=1.0, reaches=2.0), at=0.0)  # read before ours; takes it out at 3.0
    time.spawn(stranger(store, "d", waits=1.0, reaches=2.5), at=1.0)  # read with ours; brings it back at 4.5
    time.spawn(stranger(store, "c", waits=2.0, reaches=2.9), at=3.5)  # read without ours; takes it out at 8.4


def test_part_that_comes_and_goes_is_healed_at_last() -> None:
    """That our part is there at the first look says nothing; that the document did not change does."""
    time = VirtualTime()
    store = Store(time, [0.0])
    time.spawn(writer(Part(store), ["ours"]), at=0.5)
    alternating(time, store)
    time.run()
    assert "ours" in store.parts


def test_one_look_would_not_be_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converge, "MAX_LOOKS", 1)
    time = VirtualTime()
    store = Store(time, [0.0])
    time.spawn(writer(Part(store), ["ours"]), at=0.5)
    alternating(time, store)
    time.run()
    assert "ours" not in store.parts


def test_undisturbed_run_looks_once_more_and_writes_nothing() -> None:
    time = VirtualTime()
    store = Store(time, [0.0])
    time.spawn(writer(Part(store), ["ours"]))
    time.run()
    assert (store.replaced, time.now) == (1, QUIET_SECONDS)


def test_time_that_passed_anyway_is_not_waited_for_again() -> None:
    time = VirtualTime()
    store = Store(time, [0.0])
    time.spawn(writer(Part(store), ["ours"], pause=60.0))
    time.run()
    assert time.now == 60.0


@pytest.mark.parametrize(("seen", "waits"), [(100.0, 5.0), (97.0, 2.0), (60.0, 0.0), (3700.0, 5.0)])
def test_wait_is_bounded_whatever_the_clock_of_another_worker_says(seen: float, waits: float) -> None:
    slept: list[float] = []
    Timing(clock=lambda: 100.0, sleep=slept.append).wait_for_quiet(Look(seen, "state"))
    assert slept == [waits]


def test_run_that_finds_all_in_order_looks_no_more() -> None:
    time = VirtualTime()
    store = Store(time, [0.0])
    store.parts = ("foreign", "ours")
    time.spawn(writer(Part(store), ["ours"]))
    time.run()
    assert (store.replaced, time.now) == (0, 0.0)


def test_further_try_counts_as_having_written() -> None:
    """An earlier one may have ended between its write and telling of it."""
    store = Store(VirtualTime(), [0.0])
    store.parts = ("ours",)
    store.time.sleep = lambda seconds: None  # type: ignore[method-assign]
    convergence = Convergence(Part(store), Accounts(_no_account), "step", {}, NOW, wrote_before=True)
    (outcome,) = convergence.run([pair("ours")])
    assert outcome.result == "in order"
    assert Look.in_details(outcome.details) is not None


# --- the write window ------------------------------------------------------------------------------------------------


def test_write_is_not_sent_long_after_its_read() -> None:
    time = VirtualTime()
    timing = Timing(time.clock, time.clock, time.sleep)
    with timing.sending_in_time(read_at=0.0):
        time.now = WRITE_WINDOW_SECONDS
        check_in_time("writing", time.clock)
        time.now += 0.001
        with pytest.raises(StaleRead, match="writing was not sent: what it replaces was read more than 2 s before"):
            check_in_time("writing", time.clock)
    check_in_time("writing", time.clock)


def test_slow_read_is_repeated_before_anything_is_written() -> None:
    time = VirtualTime()
    # The first read takes three seconds, all that follows nothing.
    store = Store(time, [1.0, 1.0, *[0.0] * 1000])
    time.spawn(writer(Part(store), ["ours"]))
    time.run()
    assert (store.parts, store.replaced) == (("foreign", "ours"), 1)


def test_pauses_after_a_lost_update_grow_and_are_drawn() -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    slept: list[float] = []
    timing = Timing(sleep=slept.append, uniform=uniform)
    for attempt in range(7):
        timing.pause(attempt)
    assert slept == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert {low for low, _ in drawn} == {0.0}
