"""Parameters and answers of the OpenAPI gateway."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import httpx
import pytest

from localcloud.errors import RpcError
from localcloud.http import Request
from localcloud.server import LocalCloudServer
from localcloud.wire import rpc

UUID = r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"


def request(query: str = "", body: bytes = b"", method: str = "POST", **headers: str) -> Request:
    return Request(method, "/", query, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def test_parameters_come_from_query_and_form() -> None:
    form = request("A=1&B=2", b"B=3&C=a+b%2B", content_type="application/x-www-form-urlencoded; charset=utf-8")
    assert rpc.read_params(form) == {"A": "1", "B": "2", "C": "a b+"}
    assert rpc.read_params(request("A=1", b"B=3", content_type="text/plain")) == {"A": "1"}


@pytest.mark.parametrize(("authorization", "action"), [("", "GetRole"), ("ACS3-HMAC-SHA256 x", "getRole")])
def test_the_action_is_the_signed_one(authorization: str, action: str) -> None:
    call = request(authorization=authorization, x_acs_action="getRole")
    assert rpc.action_of(call, {"Action": "GetRole"}) == action
    assert rpc.action_of(call, {}) == "getRole"


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("kms.cn-hangzhou.aliyuncs.com", "cn-hangzhou"),
        ("kms-vpc.cn-shanghai.aliyuncs.com:443", "cn-shanghai"),
        ("sts.ap-southeast-1.aliyuncs.com", "ap-southeast-1"),
        ("sts.aliyuncs.com", None),
        ("127.0.0.1:9090", None),
    ],
)
def test_region_of_the_host(host: str, region: str | None) -> None:
    assert rpc.region_of(request(host=host)) == region


@pytest.mark.parametrize(("scope", "region"), [("cn-beijing", "cn-beijing"), ("center", None)])
def test_region_of_an_acs4_scope(scope: str, region: str | None) -> None:
    authorization = (
        f"ACS4-HMAC-SHA256 Credential=id/20260101/{scope}/Kms/aliyun_v4_request,SignedHeaders=host,Signature=00"
    )
    assert rpc.region_of(request(host="127.0.0.1", authorization=authorization)) == region


@pytest.mark.parametrize(
    ("params", "authorization", "expected"),
    [
        ({}, "", "xml"),
        ({"Format": "json"}, "", "json"),
        ({"Format": "XML"}, "", "xml"),
        ({}, "ACS3-HMAC-SHA256 x", "json"),
    ],
)
def test_format(params: dict[str, str], authorization: str, expected: str) -> None:
    assert rpc.format_of(request(authorization=authorization), params) == expected


def test_xml_answers() -> None:
    members = {"Roles": {"Role": [{"Name": "a<b"}, {"Name": "c\x01"}]}, "IsTruncated": False, "Marker": ""}
    response = rpc.answer(members, "ListRoles", "REQUEST", "xml")
    root = ElementTree.fromstring(response.body)  # noqa: S314 - our own answer
    assert root.tag == "ListRolesResponse"
    assert root.findtext("RequestId") == "REQUEST"
    assert [role.findtext("Name") for role in root.findall("Roles/Role")] == ["a<b", "c?"]
    assert root.findtext("IsTruncated") == "false"
    assert response.headers["Content-Type"] == "text/xml;charset=utf-8"


def test_errors_in_both_formats() -> None:
    error = RpcError(403, "NoPermission", "No.", details={"AccessDeniedDetail": {"AuthAction": "ram:GetRole"}})
    sent = request(host="ram.aliyuncs.com:80")
    as_json = rpc.error_response(error, sent, "Ram", "REQUEST", "json")
    assert as_json.status == 403
    assert json.loads(as_json.body) == {
        "RequestId": "REQUEST",
        "HostId": "ram.aliyuncs.com",
        "Code": "NoPermission",
        "Message": "No.",
        "Recommend": "https://api.aliyun.com/troubleshoot?q=NoPermission&product=Ram",
        "AccessDeniedDetail": {"AuthAction": "ram:GetRole"},
    }
    as_xml = ElementTree.fromstring(rpc.error_response(error, sent, "Ram", "REQUEST", "xml").body)  # noqa: S314
    assert as_xml.tag == "Error"
    assert as_xml.findtext("AccessDeniedDetail/AuthAction") == "ram:GetRole"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("Action=GetRole&Version=2099-01-01", 400, "InvalidVersion"),
        ("Action=GetRole", 400, "InvalidVersion"),
        ("Action=Nonsense&Version=2015-05-01", 404, "InvalidAction.NotFound"),
        ("Action=GetRole&Version=2015-05-01", 400, "MissingAccessKeyId"),
    ],
)
def test_requests_that_name_nothing(server: LocalCloudServer, query: str, status: int, code: str) -> None:
    answer = httpx.get(f"{server.url}/?{query}&Format=JSON")
    assert (answer.status_code, answer.json()["Code"]) == (status, code)
    assert answer.headers["x-acs-request-id"] == answer.json()["RequestId"]


def test_request_ids_are_uuids() -> None:
    assert re.fullmatch(UUID, rpc.new_request_id())
