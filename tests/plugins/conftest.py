"""What tests of the package share."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.plugins.fake_cloud import FakeCloud

# A busy machine must not fail a test.
settings.register_profile("plugins", deadline=None, max_examples=60)
settings.load_profile("plugins")


@pytest.fixture
def cloud() -> FakeCloud:
    """Return two accounts in memory, each with one empty bucket."""
    return FakeCloud()
