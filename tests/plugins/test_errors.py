"""The error tree: as drawn, as caught, and as Airflow is told."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator

import pytest

from oss_crr import errors
from oss_crr.errors import InputError, OssCrrError, PermanentError, ServiceAnswer, TransientError

#: ``│   ├── InputError`` and the like: every level takes four characters.
DRAWN = re.compile(r"^((?:[│ ]   )*(?:[├└]── )?)([A-Z]\w+)(?:\s{2,}.*)?$")


def drawn_parents() -> dict[str, str]:
    """Return each drawn class's parent, empty for the root."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = DRAWN.match(line)
        if match:
            level = len(match[1]) // 4
            path[level:] = [match[2]]
            parents[match[2]] = path[level - 1] if level else ""
    return parents


def classes(cls: type[OssCrrError] = OssCrrError) -> Iterator[type[OssCrrError]]:
    yield cls
    for child in cls.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from classes(child)


def test_drawn_tree_is_the_real_one() -> None:
    real = {cls.__name__: cls.__bases__[0].__name__ if cls is not OssCrrError else "" for cls in classes()}
    assert drawn_parents() == real
    assert len(real) > 20


def test_no_error_is_left_out_of_the_tree() -> None:
    defined = {
        name for name, item in vars(errors).items() if isinstance(item, type) and issubclass(item, BaseException)
    }
    assert defined == {cls.__name__ for cls in classes()}


@pytest.mark.parametrize("cls", [cls for cls in classes() if cls is not OssCrrError])
def test_every_error_is_permanent_or_transient(cls: type[OssCrrError]) -> None:
    assert issubclass(cls, PermanentError) != issubclass(cls, TransientError)
    assert cls.__doc__


def test_input_and_connection_errors_are_value_errors() -> None:
    found = {cls.__name__ for cls in classes() if issubclass(cls, ValueError)}
    assert found == {"InputError", "InventoryError", "ConnectionSetupError"}


def test_input_error_names_every_field() -> None:
    error = InputError(("a", "is required"), ("b", "must be text"))
    assert str(error) == "a: is required; b: must be text"
    assert error.problems == (("a", "is required"), ("b", "must be text"))


def test_answer_of_the_service_stays_with_its_error() -> None:
    error, other = PermanentError("x"), PermanentError("y")
    error.answer = ServiceAnswer(403, "NoPermission")
    assert error.answer.access_denied == {}
    assert other.answer is None


@pytest.mark.parametrize("cls", [cls for cls in classes() if cls is not InputError])
def test_errors_survive_pickling(cls: type[OssCrrError]) -> None:
    error = pickle.loads(pickle.dumps(cls("what happened")))  # noqa: S301
    assert (type(error), str(error)) == (cls, "what happened")
