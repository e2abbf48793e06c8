"""Go clients: the vendor's for OSS, and one for RAM and STS by somebody else."""

from __future__ import annotations

import pytest

from tests.clients.conftest import RunClient, go_client
from tests.clients.expected import OSS, REPLICATION, RPC, without

pytestmark = pytest.mark.clients

_LACKS = (
    *("async", "expired", "list_v2", "missing_key_head", "no_policy", "policy", "presigned", "versions"),
    *REPLICATION,
)


def test_oss(by_address: RunClient) -> None:
    assert by_address(go_client("oss_tour")) == without(OSS, *_LACKS)


def test_oss_by_host_name(by_name: RunClient) -> None:
    assert by_name(go_client("oss_tour")) == without(OSS, *_LACKS)


def test_rpc(by_address: RunClient) -> None:
    assert by_address(go_client("rpc_tour")) == without(RPC, "kms", "missing_key")
