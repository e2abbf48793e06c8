"""Requests and answers of RAM, STS and KMS: parameters in query and form, answers as JSON or XML.

Vendor pages: "Request syntax and signature method V2 for RPC APIs", "V3 request body and signature method".
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Literal

from localcloud.auth import acs
from localcloud.errors import RpcError
from localcloud.formats import XML_DECLARATION, escape_xml
from localcloud.http import Request, Response, parse_query

Format = Literal["json", "xml"]

_HELP = "https://api.aliyun.com/troubleshoot"
_REGIONAL_HOST = re.compile(r"(?:kms|kms-vpc|sts|sts-vpc)\.(?P<region>[a-z]{2,}-[a-z0-9-]+)\.aliyuncs\.com")


def new_request_id() -> str:
    """Return a request id of the gateway's form: an upper-case UUID."""
    return str(uuid.uuid4()).upper()


def read_params(request: Request) -> dict[str, str]:
    """Return all parameters, from query and form body; the query wins."""
    form: tuple[tuple[str, str], ...] = ()
    content_type = request.header("content-type") or ""
    if request.method == "POST" and content_type.startswith("application/x-www-form-urlencoded"):
        form = parse_query(request.body.decode("utf-8", "replace"))
    return {**dict(form), **dict(request.query)}


def action_of(request: Request, params: Mapping[str, str]) -> str | None:
    """Return the API's name.

    The newer schemes sign the header, the old one the parameter. Clients of the old one may send the header as well, in
    another spelling (``getRole``), so that only the signed one counts.
    """
    header, parameter = request.header("x-acs-action"), params.get("Action")
    return header or parameter if acs.is_used(request) else parameter or header


def version_of(request: Request, params: Mapping[str, str]) -> str | None:
    """Return the API version, which identifies the product."""
    header, parameter = request.header("x-acs-version"), params.get("Version")
    return header or parameter if acs.is_used(request) else parameter or header


def region_of(request: Request) -> str | None:
    """Return the region of the endpoint, from the Host name or an ACS4 scope; None when neither has one."""
    host = (request.header("host") or "").partition(":")[0].lower()
    if match := _REGIONAL_HOST.fullmatch(host):
        return match["region"]
    if (request.header("authorization") or "").startswith(acs.ACS4):
        region = acs.parse_authorization(request).scope[1]
        return None if region == "center" else region
    return None


def format_of(request: Request, params: Mapping[str, str]) -> Format:
    """Return the format of the answer: JSON for the newer schemes; the old one answers XML unless asked for JSON."""
    if acs.is_used(request) or params.get("Format", "XML").upper() == "JSON":
        return "json"
    return "xml"


def answer(members: Mapping[str, object], action: str, request_id: str, fmt: Format) -> Response:
    """Return the answer to a call that succeeded."""
    return _render(200, f"{action}Response", {"RequestId": request_id, **members}, request_id, fmt)


def error_response(error: RpcError, request: Request, product: str, request_id: str, fmt: Format) -> Response:
    """Return an error as the gateway writes it.

    :param product: product code as in the ``Recommend`` link, for example ``Ram``.
    """
    members = {
        "RequestId": request_id,
        "HostId": (request.header("host") or "").partition(":")[0],
        "Code": error.code,
        "Message": error.message,
        "Recommend": f"{_HELP}?q={error.code}&product={product}",
        **error.details,
    }
    response = _render(error.status, "Error", members, request_id, fmt)
    response.headers.update(error.headers)
    return response


def _render(status: int, root: str, members: Mapping[str, object], request_id: str, fmt: Format) -> Response:
    if fmt == "json":
        body, content_type = json.dumps(members, ensure_ascii=False), "application/json;charset=utf-8"
    else:
        body, content_type = f"{XML_DECLARATION}{_xml(root, members)}", "text/xml;charset=utf-8"
    headers = {"Content-Type": content_type, "x-acs-request-id": request_id}
    return Response(status, headers, body.encode("utf-8", "replace"))


def _xml(name: str, value: object) -> str:
    """Render a member; a list becomes one element per entry, all with the member's name."""
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(_xml(key, child) for key, child in value.items())}</{name}>"
    if isinstance(value, list | tuple):
        return "".join(_xml(name, entry) for entry in value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape_xml(text)}</{name}>"
