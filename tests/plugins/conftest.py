"""What tests of the package share."""

from __future__ import annotations

import pytest

from tests.plugins.fake_cloud import FakeCloud


@pytest.fixture
def cloud() -> FakeCloud:
    """Return two accounts in memory, each with one empty bucket."""
    return FakeCloud()
