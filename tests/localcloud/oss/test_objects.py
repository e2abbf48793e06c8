"""Reading and writing single objects: conditions, checksums, attributes, versions, retention."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from localcloud.oss import digest
from localcloud.oss.model import Change, Retention
from tests.localcloud.oss.harness import Oss

MD5_OF_HELLO = "XUFAKrxLKna5cZ2REBfFkg=="


def test_headers_of_a_written_and_read_object(oss: Oss) -> None:
    put = oss.send("PUT", "/data/k", body=b"hello", headers={"cache-control": "no-cache", "x-oss-meta-a": "1"})
    assert put.headers["ETag"] == '"5D41402ABC4B2A76B9719D911017C592"'
    assert put.headers["x-oss-hash-crc64ecma"] == "11177612005948864433"
    assert "x-oss-version-id" not in put.headers
    got = oss.send("GET", "/data/k").headers
    assert got["Content-Type"] == "application/octet-stream"
    assert got["Cache-Control"] == "no-cache"
    assert got["x-oss-meta-a"] == "1"
    assert got["Content-MD5"] == MD5_OF_HELLO
    assert (got["x-oss-object-type"], got["x-oss-storage-class"]) == ("Normal", "Standard")


def test_crc_is_the_published_check_value(oss: Oss) -> None:
    assert oss.send("PUT", "/data/k", body=b"123456789").headers["x-oss-hash-crc64ecma"] == "11051210869376104954"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content-md5": MD5_OF_HELLO[::-1]}, "InvalidDigest"),
        ({"content-md5": "no base64"}, "InvalidDigest"),
        ({"x-oss-hash-crc64ecma": "1"}, "InvalidCRC64"),
        ({"x-oss-object-acl": "public"}, "InvalidArgument"),
        ({"x-oss-storage-class": "Glacier"}, "InvalidArgument"),
        ({"x-oss-server-side-encryption": "AES128"}, "InvalidEncryptionAlgorithmError"),
        ({"x-oss-server-side-encryption": "AES256", "x-oss-server-side-encryption-key-id": "k"}, "InvalidArgument"),
        ({"x-oss-tagging": "a=1&a=2"}, "InvalidArgument"),
        ({"x-oss-tagging": "&".join(f"k{n}=v" for n in range(11))}, "InvalidArgument"),
        ({"x-oss-tagging": "a%3F=1"}, "InvalidTaggingKey"),
        ({"x-oss-meta-a": "x" * 8192}, "InvalidArgument"),
    ],
)
def test_refused_writes_change_nothing(oss: Oss, headers: dict[str, str], code: str) -> None:
    error = oss.refusal("PUT", "/data/k", body=b"hello", headers=headers)
    assert (error.status, error.code) == (400, code)
    assert not oss.bucket.keys


def test_digests_that_fit_are_accepted(oss: Oss) -> None:
    headers = {"content-md5": MD5_OF_HELLO, "x-oss-hash-crc64ecma": "11177612005948864433"}
    assert oss.send("PUT", "/data/k", body=b"hello", headers=headers).status == 200


def test_forbid_overwrite_counts_only_without_versioning(oss: Oss) -> None:
    forbid = {"x-oss-forbid-overwrite": "true"}
    oss.send("PUT", "/data/k", headers=forbid)
    error = oss.refusal("PUT", "/data/k", headers=forbid)
    assert (error.status, error.code) == (409, "FileAlreadyExists")
    assert oss.refusal("POST", "/data/k?uploads", headers=forbid).code == "FileAlreadyExists"
    oss.send(
        "PUT", "/data/?versioning", body=b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    )
    assert oss.send("PUT", "/data/k", headers=forbid).status == 200


def test_conditions(oss: Oss) -> None:
    etag = oss.send("PUT", "/data/k", body=b"x").headers["ETag"]
    time = oss.bucket.keys["k"][0].last_modified
    later, earlier = (format_datetime(time + timedelta(hours=h), usegmt=True) for h in (1, -1))
    for method in ("GET", "HEAD"):

        def status(name: str, value: str, method: str = method) -> int:
            return oss.send(method, "/data/k", headers={name: value}).status

        assert status("if-match", etag) == 200
        assert status("if-match", etag.strip('"')) == 200
        assert status("if-none-match", etag) == 304
        assert status("if-none-match", '"other"') == 200
        assert status("if-modified-since", earlier) == 200
        assert status("if-modified-since", later) == 304
        assert status("if-modified-since", "no date") == 200
        assert status("if-unmodified-since", later) == 200
        for name, value in (("if-match", '"other"'), ("if-unmodified-since", earlier)):
            error = oss.refusal(method, "/data/k", headers={name: value})
            assert (error.status, error.code) == (412, "PreconditionFailed")


def test_not_modified_has_no_body(oss: Oss) -> None:
    etag = oss.send("PUT", "/data/k", body=b"x").headers["ETag"]
    answer = oss.send("GET", "/data/k", headers={"if-none-match": etag})
    assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", etag)


def test_range_of_an_object(oss: Oss) -> None:
    oss.send("PUT", "/data/k", body=b"0123456789")
    part = oss.send("GET", "/data/k", headers={"range": "bytes=2-4"})
    assert (part.status, part.body, part.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    assert "Content-MD5" not in part.headers
    ignored = oss.send("GET", "/data/k", headers={"range": "bytes=5-99"})
    assert (ignored.status, ignored.body) == (200, b"0123456789")
    standard = {"range": "bytes=20-", "x-oss-range-behavior": "standard"}
    assert oss.refusal("GET", "/data/k", headers=standard).status == 416


def test_response_headers_can_be_overridden_with_a_signature(oss: Oss) -> None:
    oss.bucket.acl = "public-read"
    oss.send("PUT", "/data/k", body=b"x")
    path = "/data/k?response-content-type=text/html&response-content-disposition=attachment"
    headers = oss.send("GET", path).headers
    assert (headers["Content-Type"], headers["Content-Disposition"]) == ("text/html", "attachment")
    assert oss.refusal("GET", path, uid=None).code == "InvalidRequest"
    assert oss.send("GET", "/data/k", uid=None).body == b"x"


def test_delete_marker_answers(oss: Oss) -> None:
    oss.bucket.versioning = "Enabled"
    oss.send("PUT", "/data/k", body=b"x")
    marker = oss.send("DELETE", "/data/k").headers
    assert marker["x-oss-delete-marker"] == "true"
    current = oss.refusal("GET", "/data/k")
    assert (current.status, current.code, current.headers["x-oss-delete-marker"]) == (404, "NoSuchKey", "true")
    named = oss.refusal("HEAD", f"/data/k?versionId={marker['x-oss-version-id']}")
    assert (named.status, named.code) == (405, "MethodNotAllowed")
    assert oss.refusal("GET", "/data/k?versionId=CAEQ").code == "NoSuchVersion"
    assert oss.refusal("GET", "/data/k?versionId=").code == "InvalidArgument"


def test_suspended_versioning_replaces_the_null_version(oss: Oss) -> None:
    oss.bucket.versioning = "Enabled"
    kept = oss.send("PUT", "/data/k", body=b"1").headers["x-oss-version-id"]
    oss.bucket.versioning = "Suspended"
    for body in (b"2", b"3"):
        assert oss.send("PUT", "/data/k", body=body).headers["x-oss-version-id"] == "null"
    assert [v.version_id for v in oss.bucket.keys["k"]] == ["null", kept]
    assert oss.send("DELETE", "/data/k").headers["x-oss-version-id"] == "null"
    assert [(v.version_id, v.delete_marker) for v in oss.bucket.keys["k"]] == [("null", True), (kept, False)]


def test_every_change_is_announced(oss: Oss) -> None:
    changes: list[Change] = []
    oss.bucket.listeners.append(lambda _bucket, change: changes.append(change))
    oss.send("PUT", "/data/k", body=b"1")
    oss.send("POST", "/data/log?append&position=0", body=b"1")
    oss.send("PUT", "/data/c", headers={"x-oss-copy-source": "/data/k"})
    oss.send("PUT", "/data/s?symlink", headers={"x-oss-symlink-target": "k"})
    oss.send("PUT", "/data/k?acl", headers={"x-oss-object-acl": "private"})
    oss.send("DELETE", "/data/k?tagging")
    oss.send("DELETE", "/data/k")
    oss.bucket.versioning = "Enabled"
    marker = oss.send("DELETE", "/data/c").headers["x-oss-version-id"]
    oss.send("DELETE", f"/data/c?versionId={marker}")
    kinds = ["put", "put", "put", "put", "acl", "tagging", "delete", "delete_marker", "delete_version"]
    assert [change.kind for change in changes] == kinds
    assert not any(change.by_replication for change in changes)


def test_deleting_nothing_succeeds_and_announces_nothing(oss: Oss) -> None:
    changes: list[Change] = []
    oss.bucket.listeners.append(lambda _bucket, change: changes.append(change))
    answer = oss.send("DELETE", "/data/nothing")
    assert (answer.status, answer.headers, changes) == (204, {}, [])


def test_retention_protects_until_it_ends(oss: Oss) -> None:
    oss.send("PUT", "/data/k", body=b"1")
    oss.bucket.worm_days = 1
    oss.bucket.retention = Retention("W", 1, oss.bucket.created, locked=True)
    for method, path in (("PUT", "/data/k"), ("DELETE", "/data/k"), ("DELETE", "/data/k?versionId=null")):
        error = oss.refusal(method, path)
        assert (error.status, error.code) == (409, "FileImmutable")
    assert oss.send("PUT", "/data/new").status == 200
    oss.cloud.clock.advance(24 * 3600 + 1)
    assert oss.send("DELETE", "/data/k").status == 204


def test_archived_objects_must_be_restored(oss: Oss) -> None:
    oss.send("PUT", "/data/k", body=b"x", headers={"x-oss-storage-class": "Archive"})
    assert (oss.refusal("GET", "/data/k").status, oss.refusal("GET", "/data/k").code) == (403, "InvalidObjectState")
    assert oss.send("HEAD", "/data/k").headers["x-oss-storage-class"] == "Archive"
    body = b"<RestoreRequest><Days>2</Days></RestoreRequest>"
    assert oss.send("POST", "/data/k?restore", body=body).status == 202
    assert oss.send("POST", "/data/k?restore").status == 200
    assert oss.send("GET", "/data/k").body == b"x"
    oss.cloud.clock.advance(3 * 24 * 3600)
    assert oss.refusal("GET", "/data/k").code == "InvalidObjectState"
    oss.send("PUT", "/data/plain")
    assert oss.refusal("POST", "/data/plain?restore").code == "OperationNotSupported"


def test_symlinks(oss: Oss) -> None:
    link = {"x-oss-symlink-target": "target%2Fa"}
    oss.send("PUT", "/data/link?symlink", headers=link)
    assert oss.refusal("GET", "/data/link").code == "SymlinkTargetNotExist"
    oss.send("PUT", "/data/target/a", body=b"x")
    assert oss.send("GET", "/data/link").headers["x-oss-object-type"] == "Symlink"
    assert oss.send("GET", "/data/link?symlink").headers["x-oss-symlink-target"] == "target%2Fa"
    oss.send("PUT", "/data/second?symlink", headers={"x-oss-symlink-target": "link"})
    assert oss.refusal("GET", "/data/second").code == "InvalidTargetType"
    assert oss.refusal("GET", "/data/target/a?symlink").code == "NotSymlink"


def test_delete_many_needs_a_digest_and_is_all_or_nothing(oss: Oss) -> None:
    oss.send("PUT", "/data/k")
    body = b"<Delete><Quiet>true</Quiet><Object><Key>k</Key></Object></Delete>"
    assert oss.refusal("POST", "/data/?delete", body=body).code == "MissingArgument"
    md5 = {"content-md5": "F+pHPAYsH4Ak7jmJ1Z/qDw=="}
    assert oss.refusal("POST", "/data/?delete", body=body, headers=md5).code == "InvalidDigest"
    too_many = b"<Delete>" + b"<Object><Key>k</Key></Object>" * 1001 + b"</Delete>"
    for bad in (b"", b"<Delete/>", b"<Other/>", b"<!DOCTYPE x><Delete/>", too_many):
        error = oss.refusal("POST", "/data/?delete", body=bad, headers={"content-md5": md5_of(bad)})
        assert (error.status, error.code) == (400, "MalformedXML")
    assert "k" in oss.bucket.keys
    answer = oss.send("POST", "/data/?delete", body=body, headers={"content-md5": md5_of(body)})
    assert (answer.status, answer.body) == (200, b"")
    assert not oss.bucket.keys


def md5_of(body: bytes) -> str:
    return digest.content_md5(digest.etag(body))
