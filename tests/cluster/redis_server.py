"""A real Redis for one test run."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import redis

from devstack import process
from devstack.guard import Guard
from devstack.ports import LOOPBACK, free_port

PROGRAM = "redis-server"
PASSWORD = "only-for-this-test"

_START_SECONDS = 30.0


def is_installed() -> bool:
    """Tell whether this machine has Redis."""
    return shutil.which(PROGRAM) is not None


@contextmanager
def running(folder: Path, command: Sequence[str]) -> Iterator[str]:
    """Run Redis while the block runs.

    :param folder: for its log and its working folder.
    :param command: a shell and its arguments, the last of which is a script that runs Redis in the foreground.
    :returns: the address of its first database, with the password.
    """
    port = free_port()
    url = f"redis://:{PASSWORD}@{LOOPBACK}:{port}/0"
    guard = Guard()
    part = process.start(
        "redis",
        [*command[:-1], f"{command[-1]} --port {port} --bind {LOOPBACK}"],
        log_folder=folder,
        environment={"PATH": "/usr/bin:/bin:/usr/local/bin", "REDISCLI_AUTH": PASSWORD},
        working_folder=folder,
        guard=guard,
    )
    try:
        _wait(part, url)
        yield url
    finally:
        process.stop([part], grace_seconds=5.0)
        guard.close()


def _wait(part: process.Part, url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    with redis.Redis.from_url(url) as client:
        while True:
            part.check()
            try:
                client.ping()
            except redis.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return
