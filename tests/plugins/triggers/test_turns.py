"""Pauses between polls, and polls that keep out of one another's way."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from oss_crr.hooks.budget import Budget
from oss_crr.triggers import turns
from oss_crr.triggers.turns import in_turn, next_pause, with_jitter


def test_pauses_differ_so_that_batches_do_not_poll_together() -> None:
    pauses = {with_jitter(30.0) for _ in range(100)}
    assert len(pauses) > 90
    assert all(20 < pause <= 30 for pause in pauses)


def test_pauses_grow_up_to_the_poll_interval() -> None:
    assert [next_pause(waited, 30) for waited in (0, 3, 10, 60, 600)] == [2, 2, 5, 30, 30]
    assert next_pause(0, 0.5) == 0.5


def test_the_event_loop_is_free_while_a_poll_blocks() -> None:
    async def both() -> str:
        loop_is_free = threading.Event()
        asyncio.get_running_loop().call_later(0.01, loop_is_free.set)
        return await in_turn(lambda: "free" if loop_is_free.wait(10) else "blocked")

    assert asyncio.run(both()) == "free"


def test_polls_share_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty polls at a hundred a second: time for fifteen of them is saved up at most."""
    monkeypatch.setattr(turns, "_polls", Budget(100.0))

    async def forty() -> None:
        await asyncio.gather(*(in_turn(time.monotonic) for _ in range(40)))

    started = time.monotonic()
    asyncio.run(forty())
    assert time.monotonic() - started >= 0.13
