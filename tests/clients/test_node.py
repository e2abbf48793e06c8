"""The vendor's Node.js clients of several generations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.conftest import RunClient, node_client
from tests.clients.expected import OSS, REPLICATION, RPC, only, without

pytestmark = pytest.mark.clients

#: ali-oss has no replication calls at all.
_ALI_OSS_6 = ("async", *REPLICATION)
_ALI_OSS_5 = ("list_v2", "no_policy", "policy", "versions", *_ALI_OSS_6)
_ALI_OSS_4 = ("owner", *_ALI_OSS_5)
#: What aliyun-sdk and the generated client can ask for.
_ALIYUN_SDK = (
    *("put", "get", "range", "missing_key", "copy", "multipart", "list", "prefixes", "buckets", "missing_bucket"),
    *("wrong_secret", "unknown_key", "denied", "session", "forged_token"),
)
_GENERATED = (
    *("put", "get", "missing_key", "missing_bucket", "wrong_secret", "unknown_key", "denied", "no_policy"),
    *("no_rule", "session", "forged_token"),
)


@pytest.mark.parametrize(
    ("module", "signature", "style", "lacks"),
    [
        ("ali-oss", "v1", "host", _ALI_OSS_6),
        ("ali-oss", "v4", "host", _ALI_OSS_6),
        ("ali-oss", "v4", "path", _ALI_OSS_6),
        ("ali-oss-5", "v1", "path", _ALI_OSS_5),
        ("ali-oss-4", "v1", "host", _ALI_OSS_4),
    ],
)
def test_ali_oss(by_name: RunClient, module: str, signature: str, style: str, lacks: tuple[str, ...]) -> None:
    found = by_name(node_client("ali_oss.js"), module=module, signature=signature, style=style)
    assert found == without(OSS, *lacks)


@pytest.mark.parametrize("signature", ["v1", "v4"])
def test_ali_oss_by_address(by_address: RunClient, signature: str) -> None:
    """It then sends the Host header that it would send to the service."""
    found = by_address(node_client("ali_oss.js"), module="ali-oss", signature=signature)
    # For want of a bucket the Host header is wrong when buckets are listed, and it refuses to make URLs.
    assert found == without(OSS, "expired", "presigned", *_ALI_OSS_6)


def test_ali_oss_sts(by_name: RunClient) -> None:
    found = by_name(node_client("sts.js"))
    assert found == {"ali_oss": "object-00001", "ali_oss_wrong_secret": [400, "SignatureDoesNotMatch"]}


def test_aliyun_sdk(by_name: RunClient) -> None:
    assert by_name(node_client("aliyun_sdk.js")) == only(OSS, *_ALIYUN_SDK)


def test_generated_oss(by_name: RunClient) -> None:
    assert by_name(node_client("tea_oss.js")) == only(OSS, *_GENERATED)


@pytest.mark.parametrize("signature", ["", "v2"])
def test_rpc(by_address: RunClient, signature: str) -> None:
    expected: dict[str, Any] = without(RPC, "unknown_action")
    # The SDK for KMS keeps no status, and puts a word behind the code.
    expected["missing_key"] = [None, "Forbidden.AliasNotFoundError"]
    assert by_address(node_client("rpc.js"), module="tea", signature=signature) == expected


def test_pop_core(by_address: RunClient) -> None:
    assert by_address(node_client("rpc.js"), module="pop-core") == RPC


def test_aliyun_sdk_rpc(by_address: RunClient) -> None:
    """It is older than KMS, and has no security tokens for RAM and STS."""
    found = by_address(node_client("rpc.js"), module="aliyun-sdk")
    assert found.pop("session").startswith("MissingSecurityToken")
    assert found == without(RPC, "unknown_action", "kms", "missing_key", "session")
