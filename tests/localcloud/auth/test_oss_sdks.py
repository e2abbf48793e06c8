"""OSS requests signed by the vendor's SDKs are accepted, and refused once any signed part was touched."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

import alibabacloud_oss_v2
import oss2
import pytest

from localcloud.auth import oss_v1, oss_v4
from localcloud.auth.oss import authenticate
from localcloud.cloud import Cloud
from localcloud.errors import OssError
from localcloud.http import Request
from localcloud.identity import ANONYMOUS, Caller
from localcloud.oss.addressing import parse_address

Catch = Callable[[Callable[[], object]], Request]
MakeBucket = Callable[..., oss2.Bucket]
MakeClient = Callable[..., alibabacloud_oss_v2.Client]

KEYS = ["plain", "a//b/../c", "a+b c&d=e?f", "你好/世界.txt", "100%25", "~tilde*star'quote(1)!"]


def verify(cloud: Cloud, request: Request) -> Caller:
    address = parse_address(request.headers["host"], request.raw_path)
    return authenticate(cloud, request, address)


def v1(key: str = "root", token: str | None = None) -> oss2.ProviderAuth:
    return oss2.ProviderAuth(provider(key, token))


def v4(key: str = "root", token: str | None = None) -> oss2.ProviderAuthV4:
    return oss2.ProviderAuthV4(provider(key, token))


def provider(key: str, token: str | None) -> oss2.credentials.StaticCredentialsProvider:
    if token is None:
        return oss2.credentials.StaticCredentialsProvider(f"{key}-key", f"{key}-secret")
    return oss2.credentials.StaticCredentialsProvider("STS.key", "sts-secret", token)


def signed_url_request(bucket: oss2.Bucket, method: str, key: str, **kwargs: object) -> Request:
    parts = urlsplit(bucket.sign_url(method, key, 60, slash_safe=True, **kwargs))
    return Request(method, parts.path, parts.query, {"host": parts.netloc})


@pytest.mark.parametrize("auth", [v1, v4])
@pytest.mark.parametrize("key", KEYS)
def test_oss2_header(cloud: Cloud, bucket: MakeBucket, catch: Catch, auth: Callable[..., object], key: str) -> None:
    headers = {"x-oss-meta-name": "value with  blanks", "Content-MD5": "x", "Content-Type": "text/plain"}
    request = catch(lambda: bucket(auth()).put_object(key, b"data", headers=headers))
    assert verify(cloud, request) == Caller(
        "account", "1000000000000001", "", "1000000000000001", access_key_id="root-key"
    )


@pytest.mark.parametrize("auth", [v1, v4])
@pytest.mark.parametrize(
    "call",
    [
        lambda bucket: bucket.get_bucket_policy(),
        lambda bucket: bucket.get_bucket_replication_progress("rule-1"),
        lambda bucket: bucket.delete_bucket_replication("rule-1"),
        lambda bucket: bucket.list_objects_v2(prefix="a b/", continuation_token="CgN0b2tlbg--", delimiter="/"),
        lambda bucket: bucket.list_object_versions(key_marker="键", versionid_marker="v"),
        lambda bucket: bucket.upload_part("k", "UPLOAD", 3, b"x"),
        lambda bucket: bucket.get_object("k", byte_range=(0, 9), params={"response-content-type": "text/x; a=b"}),
    ],
)
def test_oss2_operations(
    cloud: Cloud, bucket: MakeBucket, catch: Catch, auth: Callable[..., object], call: Callable[[oss2.Bucket], object]
) -> None:
    assert verify(cloud, catch(lambda: call(bucket(auth("user"))))).kind == "ram_user"


@pytest.mark.parametrize("auth", [v1, v4])
def test_oss2_virtual_host(cloud: Cloud, bucket: MakeBucket, catch: Catch, auth: Callable[..., object]) -> None:
    request = catch(lambda: bucket(auth(), "http://oss-cn-hangzhou.aliyuncs.com").get_object_meta("k/1"))
    assert request.headers["host"].startswith("source-bucket.oss-cn-hangzhou")
    assert verify(cloud, request).kind == "account"


@pytest.mark.parametrize("auth", [v1, v4])
@pytest.mark.parametrize("key", KEYS)
def test_oss2_signed_url(cloud: Cloud, bucket: MakeBucket, auth: Callable[..., object], key: str) -> None:
    params = {"versionId": "v1", "response-content-disposition": "attachment; filename=a b"}
    request = signed_url_request(bucket(auth()), "GET", key, params=params)
    assert verify(cloud, request).kind == "account"


@pytest.mark.parametrize("auth", [v1, v4])
def test_oss2_security_token(cloud: Cloud, bucket: MakeBucket, catch: Catch, auth: Callable[..., object]) -> None:
    expected = Caller("assumed_role", "1000000000000001", "Reader", "3001", "job", None, "STS.key")
    temporary = bucket(auth(token="sts-token"))
    assert verify(cloud, catch(lambda: temporary.get_bucket_acl())) == expected
    assert verify(cloud, signed_url_request(temporary, "GET", "k")) == expected


def test_oss2_anonymous(cloud: Cloud, bucket: MakeBucket, catch: Catch) -> None:
    assert verify(cloud, catch(lambda: bucket(oss2.AnonymousAuth()).get_object("k"))) == ANONYMOUS


def test_oss2_additional_headers(cloud: Cloud, bucket: MakeBucket, catch: Catch) -> None:
    class SigningAuth(oss2.ProviderAuthV4):
        def _sign_request(self, req: object, bucket_name: str, key: str, in_additional_headers: object = None) -> None:
            super()._sign_request(req, bucket_name, key, {"If-Modified-Since", "Range"})

    auth = SigningAuth(provider("root", None))
    headers = {"If-Modified-Since": "Tue, 20 Dec 2022 08:48:18 GMT"}
    request = catch(lambda: bucket(auth).get_object("k", byte_range=(0, 1), headers=headers))
    assert "AdditionalHeaders=if-modified-since;range" in request.headers["authorization"]
    assert verify(cloud, request).kind == "account"
    with pytest.raises(OssError, match="SignatureDoesNotMatch"):
        verify(cloud, with_header(request, "range", "bytes=0-100"))


@pytest.mark.parametrize("version", ["v1", "v4"])
@pytest.mark.parametrize("token", [None, "sts-token"])
def test_oss_v2(cloud: Cloud, oss_v2_client: MakeClient, catch: Catch, version: str, token: str | None) -> None:
    client = oss_v2_client(version, token)
    kind = "assumed_role" if token else "account"
    put = alibabacloud_oss_v2.PutObjectRequest("source-bucket", "a b/你+好", body=b"data", metadata={"a": "b"})
    rtc = alibabacloud_oss_v2.PutBucketRtcRequest(
        "source-bucket",
        rtc_configuration=alibabacloud_oss_v2.RtcConfiguration(
            id="rule-1", rtc=alibabacloud_oss_v2.ReplicationTimeControl(status="enabled")
        ),
    )
    progress = alibabacloud_oss_v2.GetBucketReplicationProgressRequest("source-bucket", rule_id="rule-1")
    calls: list[Callable[[], object]] = [
        lambda: client.put_object(put),
        lambda: client.put_bucket_rtc(rtc),
        lambda: client.get_bucket_replication_progress(progress),
        lambda: client.list_buckets(alibabacloud_oss_v2.ListBucketsRequest(prefix="a")),
    ]
    assert [verify(cloud, catch(call)).kind for call in calls] == [kind] * len(calls)


@pytest.mark.parametrize("version", ["v1", "v4"])
@pytest.mark.parametrize("token", [None, "sts-token"])
def test_oss_v2_presigned(cloud: Cloud, oss_v2_client: MakeClient, version: str, token: str | None) -> None:
    get = alibabacloud_oss_v2.GetObjectRequest("source-bucket", "dir/你 好", version_id="v1")
    result = oss_v2_client(version, token).presign(get)
    parts = urlsplit(result.url)
    request = Request("GET", parts.path, parts.query, {"host": parts.netloc})
    assert verify(cloud, request).kind == ("assumed_role" if token else "account")


def with_header(request: Request, name: str, value: str) -> Request:
    return dataclasses.replace(request, headers={**request.headers, name: value})


@pytest.mark.parametrize("auth", [v1, v4])
@pytest.mark.parametrize(
    "tamper",
    [
        lambda request: dataclasses.replace(request, method="DELETE"),
        lambda request: dataclasses.replace(request, raw_path=request.raw_path + "x"),
        lambda request: dataclasses.replace(request, raw_path=request.raw_path.replace("source-", "other-")),
        lambda request: dataclasses.replace(request, raw_query=request.raw_query + "&acl"),
        lambda request: dataclasses.replace(request, raw_query=request.raw_query.replace("v1", "v2")),
        lambda request: with_header(request, "content-type", "text/html"),
        lambda request: with_header(request, "content-md5", "AAAA"),
        lambda request: with_header(request, "x-oss-meta-a", "2"),
        lambda request: with_header(request, "x-oss-added", "1"),
    ],
)
def test_tampering_is_noticed(
    cloud: Cloud,
    bucket: MakeBucket,
    catch: Catch,
    auth: Callable[..., object],
    tamper: Callable[[Request], Request],
) -> None:
    headers = {"x-oss-meta-a": "1", "Content-Type": "text/plain", "Content-MD5": "BBBB"}
    params = {"versionId": "v1"}
    request = catch(lambda: bucket(auth())._do("PUT", "source-bucket", "k", headers=headers, params=params))
    assert verify(cloud, request).kind == "account"
    with pytest.raises(OssError) as caught:
        verify(cloud, tamper(request))
    assert (caught.value.status, caught.value.code) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("auth", [v1, v4])
@pytest.mark.parametrize(("old", "new"), [("versionId=v1", "versionId=v2"), ("xpires=", "xpires=1"), ("/k?", "/l?")])
def test_tampering_with_a_signed_url_is_noticed(
    cloud: Cloud, bucket: MakeBucket, auth: Callable[..., object], old: str, new: str
) -> None:
    request = signed_url_request(bucket(auth()), "GET", "k", params={"versionId": "v1"})
    url = f"{request.raw_path}?{request.raw_query}"
    assert old in url
    path, _, query = url.replace(old, new).partition("?")
    with pytest.raises(OssError, match=r"SignatureDoesNotMatch|InvalidArgument"):
        verify(cloud, dataclasses.replace(request, raw_path=path, raw_query=query))


def test_the_mismatch_error_shows_what_the_server_signed(cloud: Cloud, bucket: MakeBucket, catch: Catch) -> None:
    request = catch(lambda: bucket(oss2.Auth("root-key", "wrong")).get_bucket_acl())
    with pytest.raises(OssError) as caught:
        verify(cloud, request)
    details = caught.value.details
    assert caught.value.ec == "0002-00000040"
    assert details["OSSAccessKeyId"] == "root-key"
    assert details["SignatureProvided"] == request.headers["authorization"].partition(":")[2]
    assert details["StringToSign"] == f"GET\n\n\n{request.headers['date']}\n/source-bucket/?acl"
    assert bytes.fromhex(str(details["StringToSignBytes"])).decode() == details["StringToSign"]


def test_the_v4_mismatch_error_shows_the_canonical_request(cloud: Cloud, bucket: MakeBucket, catch: Catch) -> None:
    wrong = oss2.ProviderAuthV4(oss2.credentials.StaticCredentialsProvider("root-key", "wrong"))
    with pytest.raises(OssError) as caught:
        verify(cloud, catch(lambda: bucket(wrong).get_bucket_acl()))
    assert caught.value.ec == "0002-00000201"
    assert str(caught.value.details["CanonicalRequest"]).startswith("GET\n/source-bucket/\nacl\n")


@pytest.mark.parametrize("resource", ["/source-bucket", "/source-bucket/"])
def test_a_bucket_without_a_slash_is_signed_either_way(cloud: Cloud, resource: str) -> None:
    """As opendal does in path style; the vendor's own SDKs always end a bucket with a slash."""
    date = format_datetime(cloud.clock.now(), usegmt=True)
    signature = oss_v1.sign("root-secret", f"GET\n\n\n{date}\n{resource}".encode())
    headers = {"date": date, "authorization": f"OSS root-key:{signature}"}
    request = Request("GET", "/source-bucket", "list-type=2&prefix=a", headers)
    assert authenticate(cloud, request, parse_address("127.0.0.1", request.raw_path)).kind == "account"


@pytest.mark.parametrize("shift", [0, 86_400])
def test_v4_takes_the_date_header_for_want_of_another(cloud: Cloud, shift: int) -> None:
    """As the Go SDK sends it, whose string to sign has the header's text."""
    now = cloud.clock.now()
    date = format_datetime(now, usegmt=True)
    credential = oss_v4.Credential(
        "root-key", f"{now + timedelta(seconds=shift):%Y%m%d}", "cn-hangzhou", "oss", "aliyun_v4_request"
    )
    unsigned = Request("GET", "/source-bucket/k", "", {"date": date, "x-oss-content-sha256": "UNSIGNED-PAYLOAD"})
    address = parse_address("127.0.0.1", unsigned.raw_path)
    canonical = oss_v4.canonical_request(unsigned, address, (), "UNSIGNED-PAYLOAD")
    signature = oss_v4.sign(credential, "root-secret", oss_v4.string_to_sign(date, credential.scope, canonical))
    text = f"OSS4-HMAC-SHA256 Credential=root-key/{credential.scope},Signature={signature}"
    request = dataclasses.replace(unsigned, headers={**unsigned.headers, "authorization": text})
    if shift:
        with pytest.raises(OssError, match="signing date"):
            authenticate(cloud, request, address)
    else:
        assert authenticate(cloud, request, address).kind == "account"
