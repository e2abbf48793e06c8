"""Headers and error documents of OSS."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from xml.etree import ElementTree

from localcloud.errors import OssError
from localcloud.http import Request, Response
from localcloud.wire import oss

ERROR = OssError(
    403,
    "AccessDenied",
    "You have no right & more.",
    ec="0003-00000201",
    details={"AccessDeniedDetail": {"AuthAction": "oss:GetObject"}, "StringToSign": "GET\n\x01<k>"},
    headers={"x-oss-qos-delay-time": "7"},
)


def test_error_document() -> None:
    response = oss.error_response(ERROR, Request("GET", "/", "", {"host": "b.oss-cn-hangzhou.aliyuncs.com:80"}), "ID")
    root = ElementTree.fromstring(response.body)  # noqa: S314 - our own answer
    assert response.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Error>')
    assert [child.tag for child in root] == [
        "Code",
        "Message",
        "RequestId",
        "HostId",
        "AccessDeniedDetail",
        "StringToSign",
        "EC",
        "RecommendDoc",
    ]
    assert root.findtext("Message") == "You have no right & more."
    assert root.findtext("HostId") == "b.oss-cn-hangzhou.aliyuncs.com"
    assert root.findtext("AccessDeniedDetail/AuthAction") == "oss:GetObject"
    assert root.findtext("StringToSign") == "GET\n?<k>"
    assert root.findtext("RecommendDoc") == "https://api.aliyun.com/troubleshoot?q=0003-00000201"
    assert response.headers["x-oss-ec"] == "0003-00000201"
    assert response.headers["x-oss-qos-delay-time"] == "7"


def test_errors_without_a_detail_code() -> None:
    response = oss.error_response(OssError(404, "NoSuchKey", "No."), Request("GET", "/", "", {}), "ID")
    assert b"<EC>" not in response.body
    assert "x-oss-ec" not in response.headers


def test_errors_of_head_travel_in_a_header() -> None:
    response = oss.error_response(ERROR, Request("HEAD", "/b/k", "", {"host": "x"}), "ID")
    assert response.body == b""
    document = base64.b64decode(response.headers["x-oss-err"])
    assert ElementTree.fromstring(document).findtext("Code") == "AccessDenied"  # noqa: S314 - our own answer


def test_a_key_that_is_not_utf8_does_not_break_the_document() -> None:
    error = OssError(400, "InvalidObjectName", "No.", details={"ObjectName": "\udcff"})
    response = oss.error_response(error, Request("GET", "/", "", {}), "ID")
    assert ElementTree.fromstring(response.body).findtext("ObjectName") == "?"  # noqa: S314 - our own answer


def test_common_headers() -> None:
    now = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
    response = oss.finish(Response(), "ID", now, 3)
    assert response.headers == {
        "Server": "AliyunOSS",
        "Date": "Sun, 01 Nov 2026 12:30:00 GMT",
        "x-oss-request-id": "ID",
        "x-oss-server-time": "3",
    }
