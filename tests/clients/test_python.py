"""The vendor's Python clients of several generations, and what others have built."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.conftest import RunClient, python_client
from tests.clients.expected import FILE_SYSTEMS, OSS, REPLICATION, RPC, only, without

pytestmark = pytest.mark.clients

_POLICY = ("no_policy", "policy")
#: Findings for which the generations of oss2 had no call yet.
_OSS2_LACKS = {
    "oss2-2.6": ("async", "list_v2", "versions", *_POLICY, *REPLICATION),
    "oss2-2.12": ("async", *REPLICATION),
    "oss2-2.18": ("async",),
    None: ("async",),
}
#: What the generated client can ask for and understand.
_GENERATED = (
    *("put", "get", "missing_key", "missing_bucket", "wrong_secret", "unknown_key", "denied", "no_policy"),
    *("no_rule", "session", "forged_token"),
)


@pytest.mark.parametrize(
    ("packages", "signature"),
    [("oss2-2.6", "v1"), ("oss2-2.12", "v1"), ("oss2-2.18", "v1"), ("oss2-2.18", "v4"), (None, "v4")],
)
def test_oss2(by_address: RunClient, packages: str | None, signature: str) -> None:
    found = by_address(python_client("oss2_tour", packages), signature=signature)
    assert found == without(OSS, *_OSS2_LACKS[packages])


@pytest.mark.parametrize(("packages", "signature"), [("oss2-2.6", "v1"), (None, "v4")])
def test_oss2_by_host_name(by_name: RunClient, packages: str | None, signature: str) -> None:
    found = by_name(python_client("oss2_tour", packages), signature=signature)
    assert found == without(OSS, *_OSS2_LACKS[packages])


def test_oss_v2(by_address: RunClient) -> None:
    assert by_address(python_client("oss_v2_tour"), signature="v1") == OSS


def test_oss_v2_by_host_name(by_name: RunClient) -> None:
    assert by_name(python_client("oss_v2_tour"), signature="v4") == OSS


@pytest.mark.parametrize("signature", ["v1", "v4"])
def test_generated_oss(by_name: RunClient, signature: str) -> None:
    found = by_name(python_client("tea_oss_tour", "generated"), signature=signature)
    assert found == only(OSS, *_GENERATED)


def test_file_systems(by_address: RunClient) -> None:
    assert by_address(python_client("filesystems_tour", "filesystems")) == FILE_SYSTEMS


@pytest.mark.parametrize("signature", ["acs3", "acs4", "v1"])
def test_rpc(by_address: RunClient, signature: str) -> None:
    assert by_address(python_client("tea_rpc"), signature=signature) == without(RPC, "unknown_action")


def test_classic_rpc(by_address: RunClient) -> None:
    expected: dict[str, Any] = without(RPC, "unknown_action")
    # The client's own code for a wrong secret: it compares the server's string to sign with what it signed.
    expected["wrong_secret"] = [400, "InvalidAccessKeySecret"]
    assert by_address(python_client("core_rpc", "classic")) == expected
