"""OSS answers: headers that every answer has, and the error document.

Vendor pages: "Common HTTP headers", "Error responses".
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime

from localcloud.errors import OssError
from localcloud.formats import XML_DECLARATION, escape_xml
from localcloud.http import Request, Response

_HELP = "https://api.aliyun.com/troubleshoot?q="


def new_request_id() -> str:
    """Return a request id of the service's form: 24 upper-case hexadecimal digits."""
    return secrets.token_hex(12).upper()


def finish(response: Response, request_id: str, now: datetime, milliseconds: int) -> Response:
    """Add the headers that every answer has.

    :param milliseconds: time the call took in the server.
    """
    response.headers.update(
        {
            "Server": "AliyunOSS",
            "Date": format_datetime(now, usegmt=True),
            "x-oss-request-id": request_id,
            "x-oss-server-time": str(milliseconds),
        }
    )
    return response


def error_response(error: OssError, request: Request, request_id: str) -> Response:
    """Return an error as the service writes it; answers to HEAD have no body, so theirs goes into a header."""
    body = _error_document(error, request.headers.get("host", ""), request_id).encode("utf-8", "replace")
    headers = {"Content-Type": "application/xml", **error.headers}
    if error.ec is not None:
        headers["x-oss-ec"] = error.ec
    if request.method == "HEAD":
        headers["x-oss-err"] = base64.b64encode(body).decode()
        body = b""
    return Response(error.status, headers, body)


def _error_document(error: OssError, host: str, request_id: str) -> str:
    fields: dict[str, str | Mapping[str, str]] = {
        "Code": error.code,
        "Message": error.message,
        "RequestId": request_id,
        "HostId": host.partition(":")[0],
        **error.details,
    }
    if error.ec is not None:
        fields |= {"EC": error.ec, "RecommendDoc": _HELP + error.ec}
    return f"{XML_DECLARATION}<Error>\n{_elements(fields)}</Error>\n"


def _elements(fields: Mapping[str, str | Mapping[str, str]]) -> str:
    return "".join(
        f"  <{name}>{escape_xml(value) if isinstance(value, str) else _elements(value)}</{name}>\n"
        for name, value in fields.items()
    )
