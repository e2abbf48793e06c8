"""Saving the cloud to a file and loading it again."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from localcloud.cloud import Cloud

_FORMAT = 2
#: What a saved cloud is made of, besides this package's own classes. Anything else in a file is refused, so a file
#: from somebody else cannot run code.
_PLAIN_CLASSES = frozenset(
    {
        ("builtins", "set"),
        ("builtins", "frozenset"),
        ("collections", "deque"),
        ("collections", "OrderedDict"),
        ("collections", "defaultdict"),
        ("datetime", "datetime"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("sortedcontainers.sorteddict", "SortedDict"),
    }
)
#: Attributes of the cloud that are not data: the clock is saved as an offset, settings come from the configuration.
_NOT_SAVED = frozenset({"clock", "behaviour"})


class StateError(Exception):
    """A state file that cannot be used."""


@dataclass(frozen=True)
class _Saved:
    """Content of a state file."""

    format: int
    clock_offset: timedelta
    data: dict[str, Any]


def save_state(cloud: Cloud, file: Path) -> None:
    """Write the cloud's data to a file; an older file stays whole until the new one is complete."""
    data = {name: value for name, value in vars(cloud).items() if name not in _NOT_SAVED}
    temporary = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as stream:
        pickle.dump(_Saved(_FORMAT, cloud.clock.offset, data), stream, protocol=pickle.HIGHEST_PROTOCOL)
    temporary.replace(file)


def load_state(cloud: Cloud, file: Path) -> None:
    """Put the data of a file into a cloud, in place of what it had.

    :raises StateError: when the file is damaged, foreign, or of another version of this program.
    """
    try:
        with file.open("rb") as stream:
            saved = _Reader(stream).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError, ValueError) as error:
        raise StateError(f"{file} is not a state file of this version: {error}") from error
    if not isinstance(saved, _Saved) or saved.format != _FORMAT:
        raise StateError(f"{file} is not a state file of this version")
    vars(cloud).update(saved.data)
    cloud.clock.advance(saved.clock_offset.total_seconds())


class _Reader(pickle.Unpickler):
    """Reads nothing but classes of this package and plain containers."""

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        """Return a class that the file names.

        :raises UnpicklingError: when it has no place in a saved cloud.
        """
        if (module, name) not in _PLAIN_CLASSES and not _is_own_class(module, name):
            raise pickle.UnpicklingError(f"{module}.{name} does not belong in a state file")
        found: Callable[..., Any] = super().find_class(module, name)
        if not isinstance(found, type):
            raise pickle.UnpicklingError(f"{module}.{name} is not a class")
        return found


def _is_own_class(module: str, name: str) -> bool:
    """Tell whether a name is defined in this package; dots would reach through a module into what it imports."""
    return module.startswith("localcloud.") and "." not in name
