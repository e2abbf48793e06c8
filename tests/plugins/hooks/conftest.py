"""A scripted service, and an account that talks to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oss_crr.hooks.account import Account
from tests.plugins.hooks.accounts import account_at
from tests.plugins.hooks.scripted_service import ScriptedService

KEY_ID = "LTAI-test-key"
SECRET = "s3cr3t/of+the=source"


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    scripted = ScriptedService()
    yield scripted
    scripted.close()


@pytest.fixture
def waits() -> list[float]:
    """Return the seconds that calls have waited between tries, instead of waiting."""
    return []


@pytest.fixture
def account(service: ScriptedService, waits: list[float]) -> Account:
    return account_at(service.url, KEY_ID, SECRET, waits.append)
