"""Running local clouds for tests that talk to them over the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import pytest

from localcloud.server import LocalCloudServer

StartCloud = Callable[..., LocalCloudServer]

#: Two accounts with a bucket each, and a RAM user who may only read roles.
TWO_ACCOUNTS: dict[str, object] = {
    "accounts": [
        {
            "uid": "1000000000000001",
            "access_keys": [{"id": "key-a", "secret": "secret-a"}],
            "users": [
                {
                    "name": "reader",
                    "access_keys": [{"id": "key-reader", "secret": "secret-reader"}],
                    "policies": ["AliyunRAMReadOnlyAccess"],
                }
            ],
            "buckets": [{"name": "bucket-a", "region": "cn-hangzhou", "objects": {"count": 5, "size": 20}}],
        },
        {
            "uid": "1000000000000002",
            "access_keys": [{"id": "key-b", "secret": "secret-b"}],
            "buckets": [{"name": "bucket-b", "region": "cn-shanghai"}],
        },
    ],
    "behaviour": {"rule_start_seconds": 0, "rule_close_seconds": 0},
}


@pytest.fixture
def start_cloud() -> Iterator[StartCloud]:
    """Return a function that starts a local cloud; without a configuration, one with two accounts."""
    with ExitStack() as stack:

        def start(config: Mapping[str, object] = TWO_ACCOUNTS) -> LocalCloudServer:
            return stack.enter_context(LocalCloudServer(config))

        yield start


@pytest.fixture
def server(start_cloud: StartCloud) -> LocalCloudServer:
    """Return a running local cloud with two accounts."""
    return start_cloud()
