"""Objects through a real server: what only a socket can show."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import oss2
import pytest

from localcloud.server import LocalCloudServer

Auth = Callable[[str, str], object]


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloudServer]:
    """Return a server with two buckets, one of which everybody may use."""
    account = {
        "uid": "1000000000000001",
        "access_keys": [{"id": "key", "secret": "secret"}],
        "buckets": [
            {"name": "data", "region": "cn-hangzhou"},
            {"name": "open", "region": "cn-hangzhou", "acl": "public-read-write"},
        ],
    }
    with LocalCloudServer({"accounts": [account]}) as server:
        yield server


@pytest.fixture(params=["v1", "v4"])
def bucket(cloud: LocalCloudServer, request: pytest.FixtureRequest) -> oss2.Bucket:
    auth = oss2.Auth("key", "secret") if request.param == "v1" else oss2.AuthV4("key", "secret")
    return oss2.Bucket(auth, cloud.url, "data", region="cn-hangzhou")


@pytest.mark.parametrize(
    "key",
    ["a b+c%2Fd", "trailing/", "double//slash", "日本語/ключ", "?query&x=1#frag", "tab\tkey", "~.-_", "a=b;c,d'e\"f"],
)
def test_keys_survive_the_wire(bucket: oss2.Bucket, key: str) -> None:
    bucket.put_object(key, key.encode())
    assert bucket.get_object(key).read() == key.encode()
    assert bucket.head_object(key).content_length == len(key.encode())
    assert [o.key for o in bucket.list_objects_v2(prefix=key).object_list] == [key]
    bucket.batch_delete_objects([key])
    assert not bucket.object_exists(key)


def test_chunked_upload_and_big_body(bucket: oss2.Bucket) -> None:
    body = bytes(range(256)) * 8192
    bucket.put_object("big", iter([body[:1_000_000], body[1_000_000:]]))
    assert bucket.get_object("big").read() == body
    assert bucket.get_object("big", byte_range=(1_999_999, 2_000_001)).read() == body[1_999_999:2_000_002]
    bucket.delete_object("big")


def test_not_modified_and_head_errors(bucket: oss2.Bucket) -> None:
    etag = bucket.put_object("k", b"x").etag
    with pytest.raises(oss2.exceptions.NotModified):
        bucket.get_object("k", headers={"If-None-Match": f'"{etag}"'})
    with pytest.raises(oss2.exceptions.NotFound) as caught:
        bucket.head_object("missing")
    assert caught.value.code == "NoSuchKey"
    with pytest.raises(oss2.exceptions.PreconditionFailed):
        bucket.get_object("k", headers={"If-Match": '"other"'})


def test_signed_url(bucket: oss2.Bucket) -> None:
    bucket.put_object("k", b"by url")
    url = bucket.sign_url("GET", "k", 60, params={"response-content-type": "text/x"}, slash_safe=True)
    answer = bucket.get_object_with_url(url)
    assert (answer.read(), answer.content_type) == (b"by url", "text/x")


@pytest.mark.parametrize("path", ["/open/a/../b", "/open/./x", "/open//y"])
def test_paths_are_not_normalised(cloud: LocalCloudServer, path: str) -> None:
    status, _ = raw(cloud, "PUT", path, body=b"body")
    key = path.removeprefix("/open/")
    expected = 400 if key.startswith("/") else 200
    assert status == expected
    assert (key in cloud.cloud.buckets["open"].keys) == (expected == 200)


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("PUT", "/open/k", {"x-oss-object-acl": b"\xff\xfe"}, b""),
        ("PUT", "/open/k", {"x-oss-tagging": b"%FF=%FE"}, b""),
        ("PUT", "/open/%ff%fe", {}, b""),
        ("GET", "/open/?prefix=%ff&max-keys=%00", {}, b""),
        ("GET", "/open/k", {"x-oss-range-behavior": b"standard", "range": b"bytes=" + b"9" * 18 + b"-"}, b""),
        ("GET", "/open/?max-keys=" + "9" * 5000, {}, b""),
        ("POST", "/open/?delete", {"content-md5": b"1B2M2Y8AsgTpgAmY7PhCfg=="}, b""),
        ("PUT", "/open/k", {"x-oss-copy-source": b"/%ff/%ff?versionId=%ff"}, b""),
        ("POST", "/open/k?append&position=" + "9" * 5000, {}, b""),
        ("PUT", "/open/k?partNumber=" + "1" * 5000 + "&uploadId=x", {}, b""),
        ("GET", "/open/?list-type=2&continuation-token=_w", {}, b""),
    ],
    ids=lambda value: str(value)[:40],
)
def test_odd_requests_get_an_answer_of_the_service(
    cloud: LocalCloudServer, method: str, path: str, headers: dict[str, bytes], body: bytes
) -> None:
    raw(cloud, "PUT", "/open/k", body=b"x")
    status, answer = raw(cloud, method, path, headers, body)
    assert 400 <= status < 500, answer
    assert answer.startswith(b"<?xml")


def test_metadata_that_is_not_utf8_comes_back_as_it_was(cloud: LocalCloudServer) -> None:
    assert raw(cloud, "PUT", "/open/meta", {"x-oss-meta-a": b"caf\xe9"})[0] == 200
    connection = http.client.HTTPConnection(urlsplit(cloud.url).netloc, timeout=5)
    connection.request("HEAD", "/open/meta")
    assert connection.getresponse().getheader("x-oss-meta-a") == "café"
    connection.close()


def raw(
    cloud: LocalCloudServer, method: str, path: str, headers: dict[str, bytes] | None = None, body: bytes = b""
) -> tuple[int, bytes]:
    """Send an anonymous request exactly as given; return status and body."""
    connection = http.client.HTTPConnection(urlsplit(cloud.url).netloc, timeout=5)
    try:
        connection.putrequest(method, path)
        for name, value in {"Content-Length": str(len(body)).encode(), **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
