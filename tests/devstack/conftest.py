"""Fixtures for the tests of the stack."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from devstack.guard import Guard
from devstack.ports import LOOPBACK


@pytest.fixture
def guard() -> Iterator[Guard]:
    """A watchdog that has ended by the end of the test."""
    guard = Guard()
    yield guard
    guard.close()


@pytest.fixture
def occupied() -> Iterator[int]:
    """A port on which a server listens."""
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        yield server.getsockname()[1]
