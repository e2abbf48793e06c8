"""Multipart uploads: what goes wrong, and paging. What goes right is tested with the SDKs."""

from __future__ import annotations

import hashlib
from xml.etree import ElementTree

import pytest

from localcloud.oss.multipart import MIN_PART_BYTES
from tests.localcloud.oss.harness import Oss

PIECE = b"p" * MIN_PART_BYTES


def start(oss: Oss, key: str = "k", **headers: str) -> str:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    root = ElementTree.fromstring(oss.send("POST", f"/data/{key}?uploads", headers=sent).body)  # noqa: S314
    return root.findtext("UploadId") or ""


def upload(oss: Oss, upload_id: str, number: int, body: bytes) -> str:
    return oss.send("PUT", f"/data/k?partNumber={number}&uploadId={upload_id}", body=body).headers["ETag"]


def completion(*parts: tuple[int, str]) -> bytes:
    items = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag></Part>" for n, etag in parts)
    return f"<CompleteMultipartUpload>{items}</CompleteMultipartUpload>".encode()


def test_etag_is_the_md5_of_md5s(oss: Oss) -> None:
    upload_id = start(oss, x_oss_meta_a="1", content_type="text/plain")
    etags = [upload(oss, upload_id, n, body) for n, body in ((1, PIECE), (2, b"end"))]
    answer = oss.send("POST", f"/data/k?uploadId={upload_id}", body=completion((1, etags[0]), (2, etags[1].strip('"'))))
    digests = b"".join(hashlib.md5(body, usedforsecurity=False).digest() for body in (PIECE, b"end"))
    expected = hashlib.md5(digests, usedforsecurity=False).hexdigest().upper() + "-2"
    assert answer.headers["ETag"] == f'"{expected}"'
    head = oss.send("HEAD", "/data/k").headers
    assert (head["x-oss-meta-a"], head["Content-Type"], head["x-oss-object-type"]) == ("1", "text/plain", "Multipart")
    assert head["Content-Length"] == str(len(PIECE) + 3)
    assert not oss.bucket.uploads


def test_refused_completions_keep_the_upload(oss: Oss) -> None:
    upload_id = start(oss)
    small, large = upload(oss, upload_id, 1, b"small"), upload(oss, upload_id, 2, PIECE)
    cases = {
        "EntityTooSmall": completion((1, small), (2, large)),
        "InvalidPartOrder": completion((2, large), (1, small)),
        "InvalidPart": completion((2, small)),
        "MalformedXML": completion(),
    }
    for code, body in cases.items():
        error = oss.refusal("POST", f"/data/k?uploadId={upload_id}", body=body)
        assert (error.status, error.code) == (400, code)
    assert oss.refusal("POST", f"/data/k?uploadId={upload_id}", body=completion((3, large))).code == "InvalidPart"
    assert oss.refusal("POST", f"/data/k?uploadId={upload_id}", body=completion((1, small), (1, small))).status == 400
    assert list(oss.bucket.uploads) == [upload_id]
    assert "k" not in oss.bucket.keys


def test_complete_all(oss: Oss) -> None:
    upload_id = start(oss)
    everything = {"x-oss-complete-all": "yes"}
    path = f"/data/k?uploadId={upload_id}"
    assert oss.refusal("POST", path, headers=everything).code == "InvalidPart"
    etag = upload(oss, upload_id, 7, b"one")
    assert oss.refusal("POST", path, headers=everything, body=completion((7, etag))).code == "InvalidArgument"
    oss.send("POST", path, headers=everything)
    assert oss.bucket.keys["k"][0].body == b"one"


@pytest.mark.parametrize("number", ["0", "10001", "x", ""])
def test_part_numbers(oss: Oss, number: str) -> None:
    upload_id = start(oss)
    error = oss.refusal("PUT", f"/data/k?partNumber={number}&uploadId={upload_id}", body=b"x")
    assert (error.status, error.code) == (400, "InvalidArgument")


def test_uploads_belong_to_their_key(oss: Oss) -> None:
    upload_id = start(oss)
    for method, path in (
        ("PUT", f"/data/other?partNumber=1&uploadId={upload_id}"),
        ("GET", f"/data/other?uploadId={upload_id}"),
        ("DELETE", f"/data/other?uploadId={upload_id}"),
        ("POST", "/data/k?uploadId=0"),
    ):
        error = oss.refusal(method, path, body=completion((1, "x")))
        assert (error.status, error.code) == (404, "NoSuchUpload")


def test_listing_uploads_of_one_key_page_by_page(oss: Oss) -> None:
    ids = sorted(start(oss) for _ in range(3))
    start(oss, "z/1")
    first = oss.document("/data/?uploads&max-uploads=2&delimiter=/")
    assert [u.findtext("UploadId") for u in first.findall("Upload")] == ids[:2]
    markers = f"key-marker={first.findtext('NextKeyMarker')}&upload-id-marker={first.findtext('NextUploadIdMarker')}"
    second = oss.document(f"/data/?uploads&max-uploads=2&delimiter=/&{markers}")
    assert [u.findtext("UploadId") for u in second.findall("Upload")] == ids[2:]
    assert second.findtext("CommonPrefixes/Prefix") == "z/"
    assert (second.findtext("IsTruncated"), second.findtext("NextKeyMarker")) == ("false", "")


def test_an_upload_keeps_the_bucket(oss: Oss) -> None:
    upload_id = start(oss)
    assert oss.refusal("DELETE", "/data/").code == "BucketNotEmpty"
    oss.send("DELETE", f"/data/k?uploadId={upload_id}")
    assert oss.send("DELETE", "/data/").status == 204
