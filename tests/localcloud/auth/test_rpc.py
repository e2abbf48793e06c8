"""RAM, STS and KMS requests signed by the vendor's SDK core, and each error of the gateway's signature check."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from alibabacloud_gateway_pop.client import Client as Acs4Signer
from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest

from localcloud.auth.rpc import NonceLog, authenticate
from localcloud.cloud import Cloud
from localcloud.errors import RpcError
from localcloud.http import Request, parse_query
from localcloud.identity import Caller

QUERY = {"RoleName": "a b/+*~你", "Empty": ""}
EMPTY_HASH = hashlib.sha256(b"").hexdigest()


def acs_headers(cloud: Cloud, token: str | None = None) -> dict[str, str]:
    headers = {
        "host": "127.0.0.1:9090",
        "x-acs-action": "GetRole",
        "x-acs-version": "2015-05-01",
        "x-acs-date": cloud.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": "nonce-1",
        "x-acs-content-sha256": EMPTY_HASH,
        "user-agent": "test  agent",
        "accept": "application/json",
    }
    return headers | ({"x-acs-accesskey-id": "STS.key", "x-acs-security-token": token} if token else {})


def acs3(cloud: Cloud, key: str = "root-key", secret: str = "root-secret", token: str | None = None) -> Request:
    signed = DaraRequest()
    signed.method, signed.pathname, signed.query, signed.headers = "POST", "/", QUERY, acs_headers(cloud, token)
    authorization = Utils.get_authorization(signed, "ACS3-HMAC-SHA256", EMPTY_HASH, key, secret)
    return Request("POST", "/", urlencode(QUERY), {**signed.headers, "authorization": authorization})


def acs4(cloud: Cloud, key: str = "root-key", secret: str = "root-secret", token: str | None = None) -> Request:
    signer, headers, day = Acs4Signer(), acs_headers(cloud, token), cloud.clock.now().strftime("%Y%m%d")
    signing_key = signer.get_signingkey("ACS4-HMAC-SHA256", secret, "Kms", "cn-hangzhou", day)
    authorization = signer.get_authorization(
        "/", "POST", QUERY, headers, "ACS4-HMAC-SHA256", EMPTY_HASH, key, signing_key, "Kms", "cn-hangzhou", day
    )
    return Request("POST", "/", urlencode(QUERY), {**headers, "authorization": authorization})


def rpc_v1(cloud: Cloud, key: str = "root-key", secret: str = "root-secret", token: str | None = None) -> Request:
    params = {
        **QUERY,
        "Action": "GetRole",
        "Version": "2015-05-01",
        "AccessKeyId": key,
        "Timestamp": cloud.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": "nonce-1",
    } | ({"SecurityToken": token} if token else {})
    params["Signature"] = Utils.get_rpcsignature(params, "GET", secret)
    return Request("GET", "/", urlencode(params), {"host": "127.0.0.1:9090"})


Sign = Callable[..., Request]
SCHEMES = [acs3, acs4, rpc_v1]


def verify(cloud: Cloud, request: Request, nonces: NonceLog | None = None) -> Caller:
    return authenticate(cloud, request, dict(request.query), nonces or NonceLog())


def refusal(cloud: Cloud, request: Request, nonces: NonceLog | None = None) -> tuple[int, str]:
    with pytest.raises(RpcError) as caught:
        verify(cloud, request, nonces)
    return caught.value.status, caught.value.code


@pytest.mark.parametrize("sign", SCHEMES)
def test_every_kind_of_key(cloud: Cloud, sign: Sign) -> None:
    assert verify(cloud, sign(cloud)).kind == "account"
    assert verify(cloud, sign(cloud, "user-key", "user-secret")).arn == "acs:ram::1000000000000001:user/alice"
    assert verify(cloud, sign(cloud, "STS.key", "sts-secret", "sts-token")).kind == "assumed_role"


@pytest.mark.parametrize("sign", SCHEMES)
@pytest.mark.parametrize(
    ("key", "secret", "token", "expected"),
    [
        ("nobody", "x", None, (404, "InvalidAccessKeyId.NotFound")),
        ("disabled-key", "disabled-secret", None, (400, "InvalidAccessKeyId.Inactive")),
        ("root-key", "wrong", None, (400, "SignatureDoesNotMatch")),
        ("root-key", "root-secret", "token", (400, "InvalidSecurityToken.MismatchWithAccessKey")),
        ("STS.key", "sts-secret", None, (400, "MissingSecurityToken")),
        ("STS.key", "sts-secret", "foreign", (400, "InvalidSecurityToken.MismatchWithAccessKey")),
    ],
)
def test_keys_and_tokens(
    cloud: Cloud, sign: Sign, key: str, secret: str, token: str | None, expected: tuple[int, str]
) -> None:
    assert refusal(cloud, sign(cloud, key, secret, token)) == expected


@pytest.mark.parametrize("sign", SCHEMES)
def test_expired_token(cloud: Cloud, sign: Sign) -> None:
    cloud.clock.advance(3601)
    request = sign(cloud, "STS.key", "sts-secret", "sts-token")
    assert refusal(cloud, request) == (400, "InvalidSecurityToken.Expired")


@pytest.mark.parametrize("sign", SCHEMES)
@pytest.mark.parametrize("seconds", [902, -902])
def test_clock_skew(cloud: Cloud, sign: Sign, seconds: int) -> None:
    request = sign(cloud)
    cloud.clock.advance(seconds)
    assert refusal(cloud, request) == (400, "InvalidTimeStamp.Expired")


@pytest.mark.parametrize("sign", SCHEMES)
def test_a_request_counts_once(cloud: Cloud, sign: Sign) -> None:
    nonces = NonceLog()
    assert refusal(cloud, sign(cloud, "root-key", "wrong"), nonces) == (400, "SignatureDoesNotMatch")
    assert verify(cloud, sign(cloud), nonces).kind == "account"
    assert refusal(cloud, sign(cloud), nonces) == (400, "SignatureNonceUsed")
    cloud.clock.advance(1801)
    assert verify(cloud, sign(cloud), nonces).kind == "account"


@pytest.mark.parametrize("sign", [acs3, acs4])
@pytest.mark.parametrize(
    "name", ["host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-security-token"]
)
def test_tampering_with_a_signed_header(cloud: Cloud, sign: Sign, name: str) -> None:
    request = sign(cloud, "STS.key", "sts-secret", "sts-token")
    value = "2026-01-01T00:00:00Z" if name == "x-acs-date" else "other"
    codes = {"SignatureDoesNotMatch", "InvalidTimeStamp.Expired", "InvalidSecurityToken.MismatchWithAccessKey"}
    assert refusal(cloud, dataclasses.replace(request, headers={**request.headers, name: value}))[1] in codes


@pytest.mark.parametrize("sign", [acs3, acs4])
@pytest.mark.parametrize(
    "change", [{"method": "PUT"}, {"raw_query": "RoleName=b"}, {"raw_path": "/x"}, {"body": b"RoleName=c"}]
)
def test_tampering_with_an_acs_request(cloud: Cloud, sign: Sign, change: dict[str, Any]) -> None:
    assert refusal(cloud, dataclasses.replace(sign(cloud), **change)) == (400, "SignatureDoesNotMatch")


def test_tampering_with_an_rpc_v1_request(cloud: Cloud) -> None:
    request = rpc_v1(cloud)
    other_query = request.raw_query.replace("RoleName=a", "RoleName=b")
    for changed in (dataclasses.replace(request, method="POST"), dataclasses.replace(request, raw_query=other_query)):
        assert refusal(cloud, changed) == (400, "SignatureDoesNotMatch")


def test_rpc_v1_signs_query_and_form_together(cloud: Cloud) -> None:
    form = dict(parse_query(rpc_v1(cloud).raw_query)) | {"Extra": "in the form"}
    del form["Signature"]
    form["Signature"] = Utils.get_rpcsignature(form, "POST", "root-secret")
    request = Request("POST", "/", "", {"host": "127.0.0.1"})
    assert authenticate(cloud, request, form, NonceLog()).kind == "account"
    with pytest.raises(RpcError, match="SignatureDoesNotMatch"):
        authenticate(cloud, request, form | {"Extra": "changed"}, NonceLog())


@pytest.mark.parametrize("name", ["AccessKeyId", "Signature", "SignatureMethod", "SignatureNonce", "Timestamp"])
def test_rpc_v1_missing_parameters(cloud: Cloud, name: str) -> None:
    params = dict(rpc_v1(cloud).query)
    del params[name]
    with pytest.raises(RpcError) as caught:
        authenticate(cloud, rpc_v1(cloud), params, NonceLog())
    assert (caught.value.status, caught.value.code) == (400, f"Missing{name}")


def test_rpc_v1_unknown_method(cloud: Cloud) -> None:
    params = dict(rpc_v1(cloud).query) | {"SignatureMethod": "HMAC-MD5"}
    with pytest.raises(RpcError, match="InvalidSignatureMethod"):
        authenticate(cloud, rpc_v1(cloud), params, NonceLog())


@pytest.mark.parametrize(
    "authorization",
    [
        "ACS3-HMAC-SHA256",
        "ACS3-HMAC-SHA256 Credential=root-key",
        "ACS3-HMAC-SHA256 Credential=,SignedHeaders=host,Signature=00",
        "ACS3-HMAC-SM3 Credential=root-key,SignedHeaders=host,Signature=00",
        "ACS3-HMAC-SHA256 Credential=root-key,SignedHeaders=host;x-acs-date,Signature=00",
        "ACS4-HMAC-SHA256 Credential=root-key,SignedHeaders=host,Signature=00",
    ],
)
def test_malformed_acs_authorization(cloud: Cloud, authorization: str) -> None:
    request = acs3(cloud)
    changed = dataclasses.replace(request, headers={**request.headers, "authorization": authorization})
    assert refusal(cloud, changed) == (400, "IncompleteSignature")


@pytest.mark.parametrize(("value", "code"), [("", "MissingTimestamp"), ("yesterday", "InvalidTimeStamp.Format")])
def test_acs_dates(cloud: Cloud, value: str, code: str) -> None:
    request = acs3(cloud)
    changed = dataclasses.replace(request, headers={**request.headers, "x-acs-date": value})
    assert refusal(cloud, changed) == (400, code)


def test_timestamps_may_have_milliseconds(cloud: Cloud) -> None:
    params = dict(rpc_v1(cloud).query) | {"Timestamp": cloud.clock.now().strftime("%Y-%m-%dT%H:%M:%S.123Z")}
    del params["Signature"]
    params["Signature"] = Utils.get_rpcsignature(params, "POST", "root-secret")
    assert authenticate(cloud, Request("POST", "/", "", {}), params, NonceLog()).kind == "account"
