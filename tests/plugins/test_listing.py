"""Reading listings ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from oss_crr.listing import prefetched


def test_pages_keep_their_order() -> None:
    assert list(prefetched(iter(range(1, 50)))) == list(range(1, 50))


def test_next_page_is_fetched_while_one_is_worked_on() -> None:
    """With a second page that is never asked for, this would wait for ever."""
    asked = threading.Event()

    def pages() -> Iterator[int]:
        yield 1
        asked.set()
        yield 2

    found = prefetched(pages())
    assert next(found) == 1
    assert asked.wait(10)


def test_one_page_is_read_ahead_and_no_more() -> None:
    fetched: list[int] = []

    def pages() -> Iterator[int]:
        for number in range(1, 10):
            fetched.append(number)
            yield number

    found = prefetched(pages())
    next(found)
    found.close()
    assert fetched == [1, 2]


def test_error_comes_through_at_its_place() -> None:
    def pages() -> Iterator[int]:
        yield 1
        raise ConnectionError("cut")

    found = prefetched(pages())
    assert next(found) == 1
    with pytest.raises(ConnectionError, match="cut"):
        next(found)
