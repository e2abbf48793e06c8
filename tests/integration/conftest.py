"""Worlds for tests that run the package's steps against a local cloud, without Airflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from localcloud.server import LocalCloudServer
from tests.integration.world import World, world_config

MakeWorld = Callable[..., World]


@pytest.fixture
def make_world() -> Iterator[MakeWorld]:
    """Return a function that starts a cloud; it takes a config to use instead of the usual one."""
    with ExitStack() as stack:

        def start(config: dict[str, Any] | None = None, user: str = "user") -> World:
            return World(stack.enter_context(LocalCloudServer(config or world_config())), user)

        yield start


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """Return the usual world: two accounts, users with the documented rights, twenty objects."""
    return make_world()
