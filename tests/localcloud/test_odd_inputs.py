"""Requests that no SDK makes: each is answered in the service's own form, and the connection stays in order."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

import pytest

from localcloud.server import LocalCloudServer

#: Everybody may do everything with it, so that requests need no signature.
_OPEN_BUCKET = {
    "name": "open",
    "region": "cn-hangzhou",
    "acl": "public-read-write",
    "policy": {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["oss:*"],
                "Principal": ["*"],
                "Resource": ["acs:oss:*:1000000000000001:open", "acs:oss:*:1000000000000001:open/*"],
            }
        ],
    },
    "objects": {"count": 1, "size": 20},
}


@dataclass(frozen=True)
class Answer:
    """One HTTP answer as read from the socket."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """Return the code of an OSS or RPC error."""
        if self.headers.get("content-type", "").startswith("application/json"):
            return str(json.loads(self.body)["Code"])
        return ElementTree.fromstring(self.body).findtext("Code") or ""  # noqa: S314 - the cloud under test wrote it


class Wire:
    """A connection on which bytes are sent as they are."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._file = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._socket.sendall(data)

    def receive(self, *, head: bool = False) -> Answer:
        """Read one answer.

        :param head: whether it answers HEAD, and so has no body whatever its length says.
        """
        status = int(self._file.readline().split()[1])
        headers = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        length = 0 if head else int(headers.get("content-length", "0"))
        return Answer(status, headers, self._file.read(length))

    def ask(self, request_line: str, body: bytes = b"", headers: str = "Host: 127.0.0.1\r\n") -> Answer:
        """Send a request with these headers and a length; read the answer."""
        text = f"{request_line} HTTP/1.1\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self.send(text.encode("latin-1") + body)
        return self.receive(head=request_line.startswith("HEAD "))

    def at_end(self) -> bool:
        """Tell whether the server has closed the connection, with nothing more to say."""
        return self._file.read(1) == b""

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self._socket.close()


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloudServer]:
    """Return a local cloud with a bucket that everybody may use."""
    account = {
        "uid": "1000000000000001",
        "access_keys": [{"id": "key-a", "secret": "secret-a"}],
        "buckets": [_OPEN_BUCKET, {"name": "closed", "region": "cn-hangzhou"}],
    }
    with LocalCloudServer({"accounts": [account]}) as server:
        yield server


@pytest.fixture
def wire(cloud: LocalCloudServer) -> Iterator[Wire]:
    """Return a connection to the cloud."""
    wire = Wire(cloud.port)
    yield wire
    wire.close()


@pytest.mark.parametrize(
    ("request_line", "status", "code"),
    [
        # Sub-resources: unknown ones are ignored as any other parameter is; known ones that are not built say so.
        ("GET /open?nonsense", 200, ""),
        ("GET /open?policy&policy", 200, ""),
        ("GET /open/?resourceGroup", 501, "NotImplemented"),
        ("POST /open/k?restore", 404, "NoSuchKey"),
        ("GET /open/?cors=", 404, "NoSuchCORSConfiguration"),
        ("GET /open/?replication", 404, "NoSuchReplicationConfiguration"),
        ("GET /open/?replicationProgress&rule-id=nobody", 404, "NoSuchReplicationRule"),
        ("GET /open/?acl&policy", 405, "MethodNotAllowed"),
        # Methods.
        ("PATCH /open", 405, "MethodNotAllowed"),
        ("DELETE /open?acl", 405, "MethodNotAllowed"),
        ("TRACE /open/k", 405, "MethodNotAllowed"),
        ("POST /open/k", 405, "MethodNotAllowed"),
        ("PUT /", 405, "MethodNotAllowed"),
        ("DELETE /", 405, "MethodNotAllowed"),
        # Names and paths.
        ("GET /UPPER", 400, "InvalidBucketName"),
        ("GET /a", 400, "InvalidBucketName"),
        ("GET /-bad-", 400, "InvalidBucketName"),
        ("GET /b%00d", 400, "InvalidBucketName"),
        ("GET /%ff%fe", 400, "InvalidBucketName"),
        ("GET //k", 403, "AccessDenied"),
        ("PUT /open//k", 400, "InvalidObjectName"),
        ("PUT /open/%2Fk", 400, "InvalidObjectName"),
        ("PUT /open/%5Ck", 400, "InvalidObjectName"),
        ("PUT /open/%ff", 400, "InvalidObjectName"),
        ("PUT /open/" + "k" * 1024, 400, "InvalidObjectName"),
        ("GET /open/a%00b", 404, "NoSuchKey"),
        ("GET /open/%", 404, "NoSuchKey"),
        ("GET /open/%zz", 404, "NoSuchKey"),
        # Parameters.
        ("GET /open?max-keys=many", 400, "InvalidArgument"),
        ("GET /open?max-keys=-1", 400, "InvalidArgument"),
        ("GET /open?max-keys=" + "9" * 5000, 400, "InvalidArgument"),
        ("GET /open?encoding-type=base64", 400, "InvalidArgument"),
        ("GET /open?list-type=2&continuation-token=%ff", 400, "InvalidArgument"),
        ("GET /open?prefix=%ff", 200, ""),
        ("GET /open/object-00001?versionId=%ff", 404, "NoSuchVersion"),
        ("GET /open/?&&=&=x&", 200, ""),
        # Signatures that are none.
        ("GET /open?Signature=x", 403, "AccessDenied"),
        ("GET /open?OSSAccessKeyId=key-a&Expires=soon&Signature=x", 403, "AccessDenied"),
        ("GET /open?OSSAccessKeyId=key-a&Expires=99999999999999999999&Signature=x", 403, "AccessDenied"),
        ("GET /open?x-oss-signature-version=OSS4-HMAC-SHA256", 400, "InvalidArgument"),
        ("GET /?Action=GetCallerIdentity", 400, "InvalidVersion"),
        ("GET /?Action=GetCallerIdentity&Version=2015-04-01", 400, "MissingAccessKeyId"),
        ("GET /?Action=Nothing&Version=2015-04-01", 404, "InvalidAction.NotFound"),
        ("GET /?Action=%ff&Version=%ff", 400, "InvalidVersion"),
        # The bucket exists but is nobody's to see.
        ("GET /closed", 403, "AccessDenied"),
        ("GET /_localcloud/nothing", 404, None),
    ],
    ids=lambda value: str(value)[:50],
)
def test_request_lines(wire: Wire, request_line: str, status: int, code: str | None) -> None:
    answer = wire.ask(request_line)
    assert answer.status == status, answer.body
    if code:
        assert answer.code == code
    if "_localcloud" not in request_line:
        assert answer.headers.keys() & {"x-oss-request-id", "x-acs-request-id"}
    # Whatever the answer was, the next one comes on the same connection.
    assert wire.ask("GET /open/object-00001").body.startswith(b"object-00001")


def test_query_spellings_are_equal(wire: Wire) -> None:
    documents = {wire.ask(f"GET /open/{query}").body for query in ("?policy", "?policy=", "?policy&x=1", "?x&policy=")}
    assert len(documents) == 1
    assert json.loads(documents.pop())["Version"] == "1"


@pytest.mark.parametrize(
    ("request_line", "body", "status", "code"),
    [
        ("PUT /open/?versioning", b"", 400, "MalformedXML"),
        ("PUT /open/?versioning", b"<VersioningConfiguration>", 400, "MalformedXML"),
        ("PUT /open/?versioning", b"\xff\xfe<\x00", 400, "MalformedXML"),
        ("PUT /open/?versioning", b"<Other/>", 400, "MalformedXML"),
        ("PUT /open/?encryption", b"<?xml version='1.0' encoding='no-such-code'?><a/>", 400, "MalformedXML"),
        ("POST /open/?replication&comp=add", b"<ReplicationConfiguration/>", 400, "NoReplicationRule"),
        ("POST /open/?replication&comp=add", b"[]", 400, "MalformedXML"),
        ("POST /open/?replication&comp=sing", b"<ReplicationRules/>", 405, "MethodNotAllowed"),
        ("POST /open/?replication&comp=delete", b"<ReplicationRules/>", 400, "MissingArgument"),
        ("PUT /open/?policy", b"{", 400, "InvalidPolicyDocument"),
        ("PUT /open/?policy", b"[" * 100_000, 400, "InvalidPolicyDocument"),
        ("PUT /open/?policy", b'{"Version": "1", "Statement": "all"}', 400, "InvalidPolicyDocument"),
        ("PUT /open/?policy", b"\xff\xfe", 400, "InvalidPolicyDocument"),
        ("PUT /open/?transferAcceleration", b"<TransferAccelerationConfiguration/>", 400, "MalformedXML"),
        ("POST /open/k?uploadId=none", b"<CompleteMultipartUpload/>", 404, "NoSuchUpload"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_bodies(wire: Wire, request_line: str, body: bytes, status: int, code: str) -> None:
    answer = wire.ask(request_line, body)
    assert (answer.status, answer.code) == (status, code), answer.body


def test_entities_do_not_grow(wire: Wire) -> None:
    """A billion laughs: a document type is refused before anything is expanded."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = f'<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]><VersioningConfiguration>&l9;</VersioningConfiguration>'.encode()
    assert wire.ask("PUT /open/?versioning", body).code == "MalformedXML"


def test_a_body_on_get_is_not_read_as_the_next_request(wire: Wire) -> None:
    answer = wire.ask("GET /open/object-00001", b"GET /evil HTTP/1.1\r\n\r\n")
    assert answer.body.startswith(b"object-00001")
    assert wire.ask("GET /open/object-00001").status == 200


def test_errors_to_head_are_in_headers_only(wire: Wire) -> None:
    answer = wire.ask("HEAD /open/none")
    assert (answer.status, answer.headers["content-length"]) == (404, "0")
    assert "x-oss-err" in answer.headers
    assert wire.ask("HEAD /open/object-00001").headers["content-length"] == "20"


def test_chunked_bodies(wire: Wire) -> None:
    head = b"PUT /open/chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    wire.send(head + b"3\r\nabc\r\n4;extension=1\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n")
    assert wire.receive().status == 200
    assert wire.ask("GET /open/chunked").body == b"abcdefg"


def test_expect_continue(wire: Wire) -> None:
    wire.send(b"PUT /open/expected HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert wire.receive().status == 100
    wire.send(b"hello")
    assert wire.receive().status == 200


@pytest.mark.parametrize("headers", [b"", b"Host: 127.0.0.1\r\n"])
def test_http_1_0(wire: Wire, headers: bytes) -> None:
    wire.send(b"GET /open/object-00001 HTTP/1.0\r\n" + headers + b"\r\n")
    answer = wire.receive()
    assert (answer.status, answer.body[:12]) == (200, b"object-00001")
    assert wire.at_end()


@pytest.mark.parametrize(
    ("host", "status", "code"),
    [
        ("", 403, "AccessDenied"),
        ("open.oss-cn-hangzhou.aliyuncs.com", 200, ""),
        ("open.oss-cn-shanghai.aliyuncs.com", 403, "AccessDenied"),
        ("OPEN.OSS-CN-HANGZHOU.ALIYUNCS.COM:80", 200, ""),
        ("UPPER_case.oss-cn-hangzhou.aliyuncs.com", 400, "InvalidBucketName"),
        ("[::1]:80", 403, "AccessDenied"),
        ("ram.aliyuncs.com", 403, "AccessDenied"),
        ("b\xffd", 403, "AccessDenied"),
        ("h" * 5000, 403, "AccessDenied"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_hosts(wire: Wire, host: str, status: int, code: str) -> None:
    answer = wire.ask("GET /", headers=f"Host: {host}\r\n")
    assert answer.status == status, answer.body
    if code:
        assert answer.code == code


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("x-oss-meta-long: " + "v" * 9000, 400),
        ("x-oss-object-acl: nobody", 400),
        ("x-oss-storage-class: Paper", 400),
        ("x-oss-server-side-encryption: ROT13", 400),
        ("x-oss-tagging: " + "&".join(f"k{n}=v" for n in range(11)), 400),
        ("Content-MD5: nonsense", 400),
        ("x-oss-hash-crc64ecma: 1", 400),
        ("x-oss-copy-source: nothing", 400),
        ("x-oss-date: yesterday", 200),
        ("Range: bytes=zzz", 200),
        ("x-oss-meta-caf\xe9: \xff", 400),
        ("Authorization: Basic a2V5OnNlY3JldA==", 400),
        ("Authorization: OSS", 400),
        ("Authorization: OSS key-a:", 400),
        ("Authorization: OSS4-HMAC-SHA256 Credential=x", 400),
        ("Authorization: ACS3-HMAC-SHA256 Credential=key-a", 400),
    ],
    ids=lambda value: str(value)[:40],
)
def test_headers(wire: Wire, header: str, status: int) -> None:
    answer = wire.ask("PUT /open/headers", b"x", f"Host: 127.0.0.1\r\n{header}\r\n")
    assert answer.status == status, answer.body
    assert b"Traceback" not in answer.body


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"BREW /open HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /open/a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xe4\xbd\xa0 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"v" * 200_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=lambda value: str(value[:40]),
)
def test_what_is_not_http_ends_the_connection_and_nothing_else(cloud: LocalCloudServer, data: bytes) -> None:
    wire = Wire(cloud.port)
    try:
        wire.send(data + b"\r\n\r\n")
        assert 400 <= wire.receive().status < 500
    finally:
        wire.close()
    other = Wire(cloud.port)
    assert other.ask("GET /open/object-00001").status == 200
    other.close()


def test_many_requests_at_once_are_answered_in_order(wire: Wire) -> None:
    line = b"GET /open/%s HTTP/1.1\r\nHost: x\r\n\r\n"
    wire.send(b"".join(line % name for name in (b"object-00001", b"none", b"object-00001")))
    assert [wire.receive().status for _ in range(3)] == [200, 404, 200]
