"""Reading that goes on when something cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from oss_crr.errors import OssCrrError

Answer = TypeVar("Answer")


def attempt(read: Callable[[], Answer]) -> Answer | OssCrrError:
    """Return what a read answers, or the error it raises."""
    try:
        return read()
    except OssCrrError as error:
        return error
