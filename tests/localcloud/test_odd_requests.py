"""Odd requests get an answer of the service, never an internal error."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localcloud.configuration.loading import load_config
from localcloud.gateway import Cut
from localcloud.http import Request, Response
from localcloud.identity import Caller
from localcloud.products import RPC_PRODUCTS
from localcloud.runtime import Runtime
from localcloud.server import LocalCloudServer
from tests.localcloud.conftest import TWO_ACCOUNTS

ROOT = Caller("account", "1000000000000001", principal_id="1000000000000001")

METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH"])
PATHS = st.sampled_from(
    [
        "/",
        "//",
        "/bucket-a",
        "/bucket-a/object-00001",
        "/bucket-a//",
        "/bucket-b/%ff",
        "/no-bucket/k",
        "/Bucket/k",
        "/b/",
    ]
)
HOSTS = st.sampled_from(["127.0.0.1:1", "bucket-a.oss-cn-hangzhou.aliyuncs.com", "", "[::1", "..aliyuncs.com"])
QUERIES = st.lists(
    st.sampled_from(
        [
            "acl",
            "policy",
            "policyStatus",
            "replication",
            "comp=add",
            "comp=delete",
            "replicationProgress",
            "rule-id=",
            "replicationLocation",
            "rtc",
            "versioning",
            "versions",
            "versionId=x",
            "uploads",
            "uploadId=u",
            "partNumber=1",
            "partNumber=x",
            "tagging",
            "encryption",
            "bucketInfo",
            "location",
            "stat",
            "transferAcceleration",
            "delete",
            "append",
            "position=0",
            "list-type=2",
            "prefix=%ff",
            "max-keys=a",
            "encoding-type=x",
            "continuation-token=z%C3%A9",
            "worm",
            "symlink",
            "restore",
            "objectMeta",
            "lifecycle",
            "website",
            "x-oss-process=image",
        ]
    ),
    max_size=2,
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "range",
            "if-modified-since",
            "x-oss-copy-source",
            "content-md5",
            "x-oss-acl",
            "x-oss-tagging",
            "x-oss-object-acl",
            "x-oss-meta-a",
            "x-oss-server-side-encryption",
            "x-oss-storage-class",
            "if-none-match",
            "x-oss-copy-source-range",
            "content-type",
        ]
    ),
    st.sampled_from(["", "x", "bytes=5-1", "/bucket-a/object-00001", "a=b&a=c", "%", "\udcff", "KMS", "*", "private"]),
    max_size=3,
)
BODIES = st.sampled_from(
    [b"", b"x", b"{}", b"<a/>", b"\xff", b'{"Version":"1","Statement":[{}]}', b"<Delete><Object/></Delete>"]
    + [f"<{root}/>".encode() for root in ("ReplicationConfiguration", "ReplicationRules", "VersioningConfiguration")]
)
VALUES = st.sampled_from(
    ["", "x", "你", "-1", "1e9", "[]", '{"Version":"1","Statement":[]}', "Custom", "System", "reader"]
)
PARAMETERS = st.dictionaries(
    st.sampled_from(
        [
            "RoleName",
            "PolicyName",
            "PolicyType",
            "PolicyDocument",
            "AssumeRolePolicyDocument",
            "UserName",
            "VersionId",
            "Marker",
            "MaxItems",
            "RoleArn",
            "RoleSessionName",
            "DurationSeconds",
            "KeyId",
            "PageSize",
            "Filters",
            "PendingWindowInDays",
            "CiphertextBlob",
            "Plaintext",
            "Policy",
        ]
    ),
    VALUES,
)
ACTIONS = st.sampled_from([(product.version, name) for product in RPC_PRODUCTS for name in product.operations])
QUIETLY = settings(max_examples=400, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """Return a cloud that takes every request for the account's own."""
    monkeypatch.setattr("localcloud.auth.oss.authenticate", lambda *_: ROOT)
    monkeypatch.setattr("localcloud.auth.rpc.authenticate", lambda *_: ROOT)
    return Runtime(load_config(TWO_ACCOUNTS))


def answer(runtime: Runtime, request: Request) -> Response:
    outcome = asyncio.run(runtime.gateway.answer(request))
    assert not isinstance(outcome, Cut)
    return outcome


@QUIETLY
@given(method=METHODS, path=PATHS, host=HOSTS, query=QUERIES, headers=HEADERS, body=BODIES)
def test_oss(
    runtime: Runtime, method: str, path: str, host: str, query: list[str], headers: dict[str, str], body: bytes
) -> None:
    response = answer(runtime, Request(method, path, "&".join(query), {"host": host, **headers}, body))
    assert response.status < 500 or response.status == 501
    assert response.headers["x-oss-request-id"]


@QUIETLY
@given(operation=ACTIONS, params=PARAMETERS)
def test_rpc(runtime: Runtime, operation: tuple[str, str], params: dict[str, str]) -> None:
    version, action = operation
    query = urlencode({"Action": action, "Version": version, "Format": "JSON", **params})
    response = answer(runtime, Request("POST", "/", query, {"host": "kms.cn-hangzhou.aliyuncs.com"}))
    assert response.status < 500


def test_an_internal_error_has_the_products_form(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("secret detail")

    monkeypatch.setattr("localcloud.oss.router.handle", fail)
    response = answer(runtime, Request("GET", "/bucket-a", "acl", {"host": "127.0.0.1"}))
    assert response.status == 500
    assert b"<Code>InternalError</Code>" in response.body
    assert b"secret" not in response.body


def raw(server: LocalCloudServer, head: bytes) -> bytes:
    """Send bytes that no HTTP library would, and return the answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(head)
        connection.shutdown(socket.SHUT_WR)
        chunks = []
        while chunk := connection.recv(65536):
            chunks.append(chunk)
    return b"".join(chunks)


def test_a_path_reaches_the_cloud_as_it_was_sent(server: LocalCloudServer) -> None:
    body = raw(server, b"GET /bucket-a/a/../b//%2e%2E HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert body.startswith(b"HTTP/1.1 403")
    server.cloud.buckets["bucket-a"].acl = "public-read"
    body = raw(server, b"GET /bucket-a/a/../b//%2e%2E HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert b"<Key>a/../b//..</Key>" in body


def test_a_line_break_cannot_be_smuggled_into_a_header(server: LocalCloudServer) -> None:
    server.cloud.buckets["bucket-a"].acl = "public-read"
    path = b"/bucket-a/object-00001?response-content-type=a%0D%0AX-Smuggled:1"
    body = raw(server, b"GET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert b"\r\nx-smuggled" not in body.lower()
    assert b"HTTP/1.1" in body


def test_header_bytes_that_are_not_utf8(server: LocalCloudServer) -> None:
    head = b"GET /bucket-a HTTP/1.1\r\nHost: 127.0.0.1\r\nx-oss-meta-a: \xff\xfe\r\nConnection: close\r\n\r\n"
    assert raw(server, head).startswith(b"HTTP/1.1 403")
