"""Each error of the OSS signature check: status, code and detail code as the service answers them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from urllib.parse import quote, urlsplit

import oss2
import pytest

from localcloud.auth.claim import hmac_sha256, signing_key
from localcloud.auth.oss import authenticate
from localcloud.cloud import Cloud
from localcloud.errors import OssError
from localcloud.http import Request
from localcloud.oss.addressing import parse_address

HOST = {"host": "127.0.0.1:9090"}


def refusal(cloud: Cloud, request: Request) -> OssError:
    address = parse_address(request.headers["host"], request.raw_path)
    with pytest.raises(OssError) as caught:
        authenticate(cloud, request, address)
    return caught.value


def summary(error: OssError) -> tuple[int, str, str | None]:
    return error.status, error.code, error.ec


def plain(headers: Mapping[str, str] | None = None, query: str = "") -> Request:
    return Request("GET", "/bkt/k", query, {**HOST, **(headers or {})})


def v4_request(
    cloud: Cloud,
    *,
    credential: str = "root-key/{day}/cn-hangzhou/oss/aliyun_v4_request",
    payload: str | None = "UNSIGNED-PAYLOAD",
    host: str = "127.0.0.1",
    date: str | None = None,
    template: str = "{algorithm} Credential={credential}, Signature={signature}",
) -> Request:
    """Sign ``GET /bkt/k`` by hand, so that each part can be wrong on its own."""
    stamp = cloud.clock.now().strftime("%Y%m%dT%H%M%SZ") if date is None else date
    credential = credential.format(day=cloud.clock.now().strftime("%Y%m%d"))
    headers = {"x-oss-date": stamp} if stamp else {}
    if payload:
        headers["x-oss-content-sha256"] = payload
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"GET\n/bkt/k\n\n{lines}\n\n{payload}"
    scope = credential.partition("/")[2]
    text = f"OSS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac_sha256(signing_key("root-secret", *scope.split("/")), text.encode()).hex()
    authorization = template.format(algorithm="OSS4-HMAC-SHA256", credential=credential, signature=signature)
    return Request("GET", "/bkt/k", "", {"host": host, "authorization": authorization, **headers})


@pytest.mark.parametrize(
    "template",
    [
        "{algorithm} Credential={credential}, Signature={signature}",
        "{algorithm} Credential={credential},Signature={signature}",
        "{algorithm} Signature={signature},AdditionalHeaders=,Credential={credential}",
        "{algorithm}  Signature={signature} , Credential={credential}",
    ],
)
def test_v4_fields_come_in_any_order(cloud: Cloud, template: str) -> None:
    request = v4_request(cloud, template=template)
    assert authenticate(cloud, request, parse_address("127.0.0.1", "/bkt/k")).kind == "account"


def test_v4_accepts_the_bodys_hash_and_refuses_another(cloud: Cloud) -> None:
    right = v4_request(cloud, payload=hashlib.sha256(b"").hexdigest())
    assert authenticate(cloud, right, parse_address("127.0.0.1", "/bkt/k")).kind == "account"
    wrong = v4_request(cloud, payload=hashlib.sha256(b"other").hexdigest())
    assert summary(refusal(cloud, wrong)) == (400, "InvalidArgument", "0002-00000214")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"payload": None}, (400, "InvalidArgument", "0002-00000214")),
        ({"date": ""}, (403, "AccessDenied", "0002-00000503")),
        ({"date": "2026-11-01"}, (403, "AccessDenied", "0002-00000503")),
        ({"credential": ""}, (400, "InvalidArgument", "0002-00000213")),
        ({"credential": "root-key/{day}/cn-hangzhou/oss"}, (400, "InvalidArgument", "0002-00000213")),
        ({"credential": "root-key/{day}/cn-hangzhou/oss/abc"}, (400, "InvalidArgument", "0002-00000213")),
        ({"credential": "root-key/{day}/cn-hangzhou/s3/aliyun_v4_request"}, (400, "InvalidArgument", "0002-00000227")),
        (
            {"credential": "root-key/{day}/oss-cn-hangzhou/oss/aliyun_v4_request"},
            (400, "InvalidArgument", "0002-00000226"),
        ),
        ({"credential": "root-key/{day}//oss/aliyun_v4_request"}, (400, "InvalidArgument", "0002-00000226")),
        ({"host": "oss-cn-shenzhen.aliyuncs.com"}, (400, "InvalidArgument", "0002-00000226")),
        (
            {"credential": "root-key/20200101/cn-hangzhou/oss/aliyun_v4_request"},
            (400, "InvalidArgument", "0002-00000212"),
        ),
        (
            {"credential": "nobody/{day}/cn-hangzhou/oss/aliyun_v4_request"},
            (403, "InvalidAccessKeyId", "0002-00000902"),
        ),
        ({"template": "{algorithm} Credential={credential}"}, (403, "SignatureDoesNotMatch", "0002-00000201")),
    ],
)
def test_v4_header_errors(cloud: Cloud, change: dict[str, str], expected: tuple[int, str, str]) -> None:
    assert summary(refusal(cloud, v4_request(cloud, **change))) == expected


@pytest.mark.parametrize(
    ("headers", "query", "expected"),
    [
        ({"authorization": "OSS root-key"}, "", (400, "InvalidArgument", "0002-00000062")),
        ({"authorization": "OSS root-key:"}, "", (400, "InvalidArgument", "0002-00000062")),
        ({"authorization": "OSS :abc="}, "", (400, "InvalidArgument", "0002-00000062")),
        ({"authorization": "AWS root-key:abc="}, "", (400, "InvalidArgument", "0002-00000002")),
        ({"authorization": "OSS root-key:abc="}, "", (403, "AccessDenied", "0002-00000503")),
        ({"authorization": "OSS root-key:abc=", "date": "today"}, "", (403, "AccessDenied", "0002-00000503")),
        (
            {"authorization": "OSS a:b"},
            "OSSAccessKeyId=a&Expires=1&Signature=b",
            (400, "InvalidArgument", "0002-00000061"),
        ),
        ({}, "Expires=1&Signature=b", (403, "AccessDenied", "0002-00000071")),
        ({}, "OSSAccessKeyId=a&Signature=b", (403, "AccessDenied", "0002-00000067")),
        ({}, "OSSAccessKeyId=a&Expires=1&Signature=", (403, "AccessDenied", "0002-00000074")),
        ({}, "OSSAccessKeyId=a&Expires=soon&Signature=b", (403, "AccessDenied", "0002-00000070")),
        ({}, "OSSAccessKeyId=a&Expires=99999999999999999999&Signature=b", (403, "AccessDenied", "0002-00000070")),
        ({}, "OSSAccessKeyId=a&Expires=1141889120&Signature=b", (403, "AccessDenied", "0002-00000069")),
        ({}, "OSSAccessKeyId=a&Expires=4102444800&Signature=b", (403, "InvalidAccessKeyId", "0002-00000902")),
    ],
)
def test_v1_errors(cloud: Cloud, headers: dict[str, str], query: str, expected: tuple[int, str, str]) -> None:
    assert summary(refusal(cloud, plain(headers, query))) == expected


V4_URL = {
    "x-oss-signature-version": "OSS4-HMAC-SHA256",
    "x-oss-credential": "root-key/{day}/cn-hangzhou/oss/aliyun_v4_request",
    "x-oss-date": "{stamp}",
    "x-oss-expires": "60",
    "x-oss-signature": "0" * 64,
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, (403, "SignatureDoesNotMatch", "0002-00000201")),
        ({"x-oss-credential": "root-key"}, (400, "InvalidArgument", "0002-00000213")),
        ({"x-oss-date": ""}, (403, "AccessDenied", "0002-00000503")),
        ({"x-oss-expires": ""}, (400, "InvalidArgument", "0002-00000216")),
        ({"x-oss-expires": "0"}, (400, "InvalidArgument", "0002-00000232")),
        ({"x-oss-expires": "soon"}, (400, "InvalidArgument", "0002-00000232")),
        ({"x-oss-expires": "9" * 5000}, (400, "InvalidArgument", "0002-00000232")),
        ({"x-oss-expires": "604801"}, (400, "InvalidArgument", "0002-00000232")),
        ({"x-oss-expires": "604800"}, (403, "SignatureDoesNotMatch", "0002-00000201")),
    ],
)
def test_v4_url_errors(cloud: Cloud, change: dict[str, str], expected: tuple[int, str, str]) -> None:
    now = cloud.clock.now()
    values = {**V4_URL, **change}
    filled = {name: value.format(day=f"{now:%Y%m%d}", stamp=f"{now:%Y%m%dT%H%M%SZ}") for name, value in values.items()}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in filled.items())
    assert summary(refusal(cloud, plain(query=query))) == expected


SECRETS = {"root": "root-secret", "user": "user-secret", "disabled": "disabled-secret", "nobody": "x"}
AUTHS = [
    lambda key, token=None: oss2.ProviderAuth(
        oss2.credentials.StaticCredentialsProvider(f"{key}-key", SECRETS[key], token)
    ),
    lambda key, token=None: oss2.ProviderAuthV4(
        oss2.credentials.StaticCredentialsProvider(f"{key}-key", SECRETS[key], token)
    ),
]
Catch = Callable[[Callable[[], object]], Request]


def temporary(auth_class: type, token: str | None) -> object:
    return auth_class(oss2.credentials.StaticCredentialsProvider("STS.key", "sts-secret", token))


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize(
    ("key", "token", "expected"),
    [
        ("nobody", None, "InvalidAccessKeyId"),
        ("disabled", None, "InvalidAccessKeyId"),
        ("root", "some-token", "InvalidAccessKeyId"),
    ],
)
def test_keys(
    cloud: Cloud,
    bucket: Callable[..., oss2.Bucket],
    catch: Catch,
    auth: Callable[..., object],
    key: str,
    token: str | None,
    expected: str,
) -> None:
    error = refusal(cloud, catch(lambda: bucket(auth(key, token)).get_bucket_acl()))
    assert (error.status, error.code) == (403, expected)
    assert error.details["OSSAccessKeyId"] == f"{key}-key"


@pytest.mark.parametrize("auth_class", [oss2.ProviderAuth, oss2.ProviderAuthV4])
@pytest.mark.parametrize(("token", "expected"), [(None, "InvalidAccessKeyId"), ("foreign", "InvalidSecurityToken")])
def test_tokens(
    cloud: Cloud,
    bucket: Callable[..., oss2.Bucket],
    catch: Catch,
    auth_class: type,
    token: str | None,
    expected: str,
) -> None:
    error = refusal(cloud, catch(lambda: bucket(temporary(auth_class, token)).get_bucket_acl()))
    assert (error.status, error.code) == (403, expected)


@pytest.mark.parametrize("auth_class", [oss2.ProviderAuth, oss2.ProviderAuthV4])
def test_expired_token(cloud: Cloud, bucket: Callable[..., oss2.Bucket], catch: Catch, auth_class: type) -> None:
    request = catch(lambda: bucket(temporary(auth_class, "sts-token")).get_bucket_acl())
    cloud.behaviour.clock_skew_seconds = 86_400
    cloud.clock.advance(3601)
    assert summary(refusal(cloud, request)) == (403, "SecurityTokenExpired", "0002-00000007")


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("direction", [1, -1])
def test_clock_skew(
    cloud: Cloud, bucket: Callable[..., oss2.Bucket], catch: Catch, auth: Callable[..., object], direction: int
) -> None:
    cloud.behaviour.clock_skew_seconds = 300
    request = catch(lambda: bucket(auth("root")).get_bucket_acl())
    address = parse_address(request.headers["host"], request.raw_path)
    cloud.clock.advance(direction * 290)
    assert authenticate(cloud, request, address).kind == "account"
    cloud.clock.advance(direction * 20)
    error = refusal(cloud, request)
    assert summary(error) == (403, "RequestTimeTooSkewed", "0002-00000504")
    assert set(error.details) == {"RequestTime", "ServerTime"}


@pytest.mark.parametrize("auth", AUTHS)
def test_expired_url(cloud: Cloud, bucket: Callable[..., oss2.Bucket], auth: Callable[..., object]) -> None:
    parts = urlsplit(bucket(auth("root")).sign_url("GET", "k", 60))
    request = Request("GET", parts.path, parts.query, {"host": parts.netloc})
    cloud.clock.advance(62)
    error = refusal(cloud, request)
    assert summary(error) == (403, "AccessDenied", "0002-00000069")
    assert error.message == "Request has expired."


def test_v4_url_from_the_future(cloud: Cloud, bucket: Callable[..., oss2.Bucket]) -> None:
    parts = urlsplit(bucket(AUTHS[1]("root")).sign_url("GET", "k", 60))
    cloud.clock.advance(-timedelta(hours=1).total_seconds())
    error = refusal(cloud, Request("GET", parts.path, parts.query, {"host": parts.netloc}))
    assert error.code == "RequestTimeTooSkewed"


def test_secrets_are_compared_in_constant_time(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    original = partial(hmac.compare_digest)

    def record(given: bytes, expected: bytes) -> bool:
        compared.append(1)
        return original(given, expected)

    monkeypatch.setattr("localcloud.auth.claim.hmac.compare_digest", record)
    authenticate(cloud, v4_request(cloud), parse_address("127.0.0.1", "/bkt/k"))
    assert compared == [1]
