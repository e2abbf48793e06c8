"""CopyObject: directives, conditions, versions and rights."""

from __future__ import annotations

import pytest

from localcloud.oss.copying import parse_source
from tests.localcloud.oss.harness import OTHER_UID, Oss

SOURCE = {"x-oss-copy-source": "/data/src"}


@pytest.fixture
def source(oss: Oss) -> Oss:
    """Return the cloud with an object that has metadata, tags, an ACL and encryption."""
    headers = {
        "content-type": "text/plain",
        "x-oss-meta-a": "1",
        "x-oss-tagging": "t=1",
        "x-oss-object-acl": "public-read",
        "x-oss-server-side-encryption": "AES256",
    }
    oss.send("PUT", "/data/src", body=b"hello", headers=headers)
    return oss


def test_metadata_and_tags_travel_acl_and_encryption_do_not(source: Oss) -> None:
    source.send("PUT", "/data/dst", headers=SOURCE)
    copy = source.bucket.keys["dst"][0]
    assert (copy.body, copy.headers["content-type"], copy.user_meta, copy.tagging) == (
        b"hello",
        "text/plain",
        {"a": "1"},
        {"t": "1"},
    )
    assert (copy.acl, copy.encryption) == ("default", None)


def test_the_answer_has_the_etag_in_body_and_header(source: Oss) -> None:
    answer = source.send("PUT", "/data/dst", headers=SOURCE)
    assert answer.headers["ETag"] == '"5D41402ABC4B2A76B9719D911017C592"'
    assert answer.headers["ETag"].encode() in answer.body


def test_replace_directives(source: Oss) -> None:
    headers = {
        **SOURCE,
        "x-oss-metadata-directive": "REPLACE",
        "x-oss-tagging-directive": "Replace",
        "x-oss-meta-b": "2",
        "x-oss-tagging": "u=2",
    }
    source.send("PUT", "/data/dst", headers=headers)
    copy = source.bucket.keys["dst"][0]
    assert (copy.user_meta, copy.tagging) == ({"b": "2"}, {"u": "2"})
    assert source.refusal("PUT", "/data/dst", headers={**SOURCE, "x-oss-metadata-directive": "x"}).status == 400


def test_copy_onto_itself_takes_the_request_s_metadata(source: Oss) -> None:
    source.send("PUT", "/data/src", headers={**SOURCE, "x-oss-meta-b": "2"})
    assert source.bucket.keys["src"][0].user_meta == {"b": "2"}


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("if-match", "5D41402ABC4B2A76B9719D911017C592", 200),
        ("if-match", "other", 412),
        ("if-none-match", '"5D41402ABC4B2A76B9719D911017C592"', 304),
        ("if-modified-since", "2100-01-01T00:00:00.000Z", 304),
        ("if-unmodified-since", "2019-04-09T07:01:56.000Z", 412),
    ],
)
def test_conditions(source: Oss, name: str, value: str, status: int) -> None:
    headers = {**SOURCE, f"x-oss-copy-source-{name}": value}
    if status == 412:
        assert source.refusal("PUT", "/data/dst", headers=headers).code == "PreconditionFailed"
    else:
        assert source.send("PUT", "/data/dst", headers=headers).status == status
    assert ("dst" in source.bucket.keys) == (status == 200)


def test_versions(source: Oss) -> None:
    source.bucket.versioning = "Enabled"
    old = source.send("PUT", "/data/k", body=b"old").headers["x-oss-version-id"]
    source.send("PUT", "/data/k", body=b"new")
    headers = {"x-oss-copy-source": f"/data/k?versionId={old}"}
    answer = source.send("PUT", "/data/k", headers=headers)
    assert source.bucket.keys["k"][0].body == b"old"
    assert answer.headers["x-oss-copy-source-version-id"] == old
    assert answer.headers["x-oss-version-id"] not in ("null", old)


def test_foreign_and_far_sources_are_refused(source: Oss) -> None:
    source.make_bucket("foreign", OTHER_UID)
    source.make_bucket("far", region="cn-shanghai")
    for bucket, code in (("foreign", "AccessDenied"), ("far", "AccessDenied"), ("missing", "NoSuchBucket")):
        assert source.refusal("PUT", "/data/dst", headers={"x-oss-copy-source": f"/{bucket}/k"}).code == code
    assert source.refusal("PUT", "/data/dst", headers={"x-oss-copy-source": "/data/missing"}).code == "NoSuchKey"


def test_source_header() -> None:
    assert parse_source("/b/a%2Fb%3F+%2Bc?versionId=v") == ("b", "a/b? +c", "v")
    assert parse_source("b/k") == ("b", "k", None)
