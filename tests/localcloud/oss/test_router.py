"""Which operation a request asks for, and what is refused before any handler runs."""

from __future__ import annotations

import pytest

from localcloud.errors import OssError
from localcloud.http import Request
from localcloud.oss import router
from localcloud.oss.addressing import parse_address
from tests.localcloud.oss.harness import OTHER_UID, Oss


def name_of(method: str, path: str, headers: dict[str, str] | None = None) -> str:
    raw_path, _, raw_query = path.partition("?")
    request = Request(method, raw_path, raw_query, headers or {})
    return router.match(request, parse_address("127.0.0.1", raw_path)).name


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/", "ListBuckets"),
        ("GET", "/b", "ListObjects"),
        ("GET", "/b/?list-type=2", "ListObjectsV2"),
        ("GET", "/b/?versions=&prefix=acl", "ListObjectVersions"),
        ("GET", "/b?uploads", "ListMultipartUploads"),
        ("PUT", "/b/", "PutBucket"),
        ("PUT", "/b/?policy", "PutBucketPolicy"),
        ("POST", "/b/?delete=", "DeleteMultipleObjects"),
        ("POST", "/b/?comp=add&replication", "PutBucketReplication"),
        ("POST", "/b/?replication&comp=delete", "DeleteBucketReplication"),
        ("GET", "/b/?replicationProgress&rule-id=x", "GetBucketReplicationProgress"),
        ("PUT", "/b/?rtc", "PutBucketRTC"),
        ("GET", "/b/k?versionId=v", "GetObject"),
        ("HEAD", "/b/k?objectMeta", "GetObjectMeta"),
        ("PUT", "/b/k?partNumber=1&uploadId=u", "UploadPart"),
        ("POST", "/b/k?uploads", "InitiateMultipartUpload"),
        ("POST", "/b/k?uploadId=u", "CompleteMultipartUpload"),
        ("DELETE", "/b/k?uploadId=u", "AbortMultipartUpload"),
        ("DELETE", "/b/k", "DeleteObject"),
        ("POST", "/b/k?append&position=0", "AppendObject"),
        ("OPTIONS", "/b/k", "OptionObject"),
        ("POST", "/b/?wormExtend&wormId=1", "ExtendBucketWorm"),
        ("POST", "/b/?wormId=1", "CompleteBucketWorm"),
        ("GET", "/b/k?OSSAccessKeyId=a&Expires=1&Signature=s", "GetObject"),
    ],
)
def test_operations(method: str, path: str, name: str) -> None:
    assert name_of(method, path) == name


def test_a_header_makes_a_put_a_copy() -> None:
    copy = {"x-oss-copy-source": "/b/k"}
    assert name_of("PUT", "/b/k", copy) == "CopyObject"
    assert name_of("PUT", "/b/k?partNumber=1&uploadId=u", copy) == "UploadPartCopy"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("DELETE", "/b/?acl", 405, "MethodNotAllowed"),
        ("DELETE", "/b/?versioning", 405, "MethodNotAllowed"),
        ("POST", "/b/?policy", 405, "MethodNotAllowed"),
        ("POST", "/b/?replication&comp=other", 405, "MethodNotAllowed"),
        ("PUT", "/b/k?partNumber=1", 405, "MethodNotAllowed"),
        ("PUT", "/", 405, "MethodNotAllowed"),
        ("PATCH", "/b/k", 405, "MethodNotAllowed"),
        ("TRACE", "/b", 405, "MethodNotAllowed"),
        ("PUT", "/b/?cors", 501, "NotImplemented"),
        ("GET", "/b/?resourceGroup", 501, "NotImplemented"),
        ("DELETE", "/b/?publicAccessBlock", 501, "NotImplemented"),
        ("GET", "/b/k?x-oss-process=image/resize", 501, "NotImplemented"),
        ("GET", "/?regions", 501, "NotImplemented"),
    ],
)
def test_refused_instead_of_taken_for_something_else(method: str, path: str, status: int, code: str) -> None:
    with pytest.raises(OssError) as caught:
        name_of(method, path)
    assert (caught.value.status, caught.value.code) == (status, code)


@pytest.mark.parametrize(
    ("parameter", "code"),
    [
        ("lifecycle", "NoSuchLifecycle"),
        ("cors", "NoSuchCORSConfiguration"),
        ("website", "NoSuchWebsiteConfiguration"),
        ("inventory&inventoryId=i", "NoSuchInventory"),
    ],
)
def test_features_that_nobody_configured(oss: Oss, parameter: str, code: str) -> None:
    error = oss.refusal("GET", f"/data/?{parameter}")
    assert (error.status, error.code) == (404, code)
    assert oss.refusal("GET", f"/missing/?{parameter}").code == "NoSuchBucket"


def test_defaults_of_features_that_nobody_configured(oss: Oss) -> None:
    assert oss.document("/data/?logging").tag == "BucketLoggingStatus"
    assert oss.document("/data/?referer").findtext("AllowEmptyReferer") == "true"
    assert oss.document("/data/?requestPayment").findtext("Payer") == "BucketOwner"
    assert oss.send("DELETE", "/data/?lifecycle").status == 204


def test_missing_bucket(oss: Oss) -> None:
    error = oss.refusal("GET", "/missing/key")
    assert (error.status, error.code, error.details) == (404, "NoSuchBucket", {"BucketName": "missing"})


def test_wrong_endpoint_names_the_right_one(oss: Oss) -> None:
    error = oss.refusal("GET", "/data/", region="cn-shanghai")
    assert (error.status, error.code) == (403, "AccessDenied")
    assert error.details == {"Bucket": "data", "Endpoint": "oss-cn-hangzhou.aliyuncs.com"}
    assert oss.send("GET", "/data/", region=None).status == 200


def test_other_accounts_and_strangers_are_refused(oss: Oss) -> None:
    for uid in (OTHER_UID, None):
        for method, path in (("GET", "/data/k"), ("PUT", "/data/k"), ("GET", "/data/?policy"), ("DELETE", "/data/")):
            assert oss.refusal(method, path, uid=uid).status == 403


def test_preflight_is_refused_without_rights(oss: Oss) -> None:
    error = oss.refusal("OPTIONS", "/data/k", uid=None)
    assert (error.status, error.code) == (403, "AccessForbidden")


@pytest.mark.parametrize("path", ["/data/%2Fk", "/data/%5Ck", "/data/" + "k" * 1024, "/data/%FF"])
def test_bad_keys(oss: Oss, path: str) -> None:
    error = oss.refusal("PUT", path)
    assert (error.status, error.code) == (400, "InvalidObjectName")
    assert all(isinstance(value, str) and value.encode() for value in error.details.values())


def test_longest_key(oss: Oss) -> None:
    assert oss.send("PUT", "/data/" + "k" * 1023).status == 200


def test_every_operation_is_reachable() -> None:
    for operation in router.OPERATIONS:
        path = {"service": "/", "bucket": "/b/", "object": "/b/k"}[operation.level]
        query = "&".join(f"{name}={value or ''}" for name, value in operation.params.items())
        headers = dict.fromkeys(operation.headers, "x")
        assert name_of(operation.method, f"{path}?{query}", headers) == operation.name
