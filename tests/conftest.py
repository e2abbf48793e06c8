"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

_ENVIRONMENT = pytest.StashKey[dict[str, str]]()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Remember the environment before the fixtures of a test are made, those of its module included."""
    item.stash[_ENVIRONMENT] = _environment()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that leaves variables behind: they change tests that run later, and the programs those start."""
    result = yield
    before, after = item.stash[_ENVIRONMENT], _environment()
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    assert not changed, f"the test, or a fixture of it, left environment variables changed: {', '.join(changed)}"
    return result
