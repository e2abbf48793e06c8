"""OSS without a network: requests, raw or from the vendor's SDKs, that end at the router."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import format_datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from localcloud.cloud import Cloud
from localcloud.errors import OssError
from localcloud.http import Request, Response
from localcloud.identity import ANONYMOUS, Account, Caller
from localcloud.operation import OssCall
from localcloud.oss import router, xml
from localcloud.oss.addressing import parse_address
from localcloud.oss.model import Bucket
from localcloud.ram.model import RamState

UID = "1000000000000001"
OTHER_UID = "2000000000000002"
REGION = "cn-hangzhou"


class Oss:
    """A cloud with one account and the bucket ``data``, and a way to send it requests."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        for uid in (UID, OTHER_UID):
            self.cloud.accounts[uid] = Account(uid, RamState())
        self.bucket = self.make_bucket("data")

    def make_bucket(self, name: str, uid: str = UID, region: str = REGION, **settings: Any) -> Bucket:
        bucket = Bucket(name, uid, region, self.cloud.clock.now(), **settings)
        self.cloud.buckets[name] = bucket
        return bucket

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        uid: str | None = UID,
        region: str | None = REGION,
    ) -> Response:
        """Send a request as an account, or anonymously when ``uid`` is None. Errors are raised."""
        raw_path, _, raw_query = path.partition("?")
        request = Request(method, raw_path, raw_query, {"host": "127.0.0.1", **(headers or {})}, body)
        caller = ANONYMOUS if uid is None else Caller("account", uid, principal_id=uid)
        return self.answer(request, caller, region)

    def answer(self, request: Request, caller: Caller, region: str | None) -> Response:
        """Run a request that is taken as verified."""
        address = parse_address(request.headers["host"], request.raw_path)
        operation = router.match(request, address)
        call = OssCall(self.cloud, request, caller, "0" * 24, address.bucket, address.key, address.region or region)
        return router.handle(call, operation)

    def refusal(self, method: str, path: str, **settings: Any) -> OssError:
        """Send a request that must be refused, and return the error."""
        with pytest.raises(OssError) as caught:
            self.send(method, path, **settings)
        return caught.value

    def document(self, path: str, **settings: Any) -> ElementTree.Element:
        """Return the XML that a GET answers."""
        return ElementTree.fromstring(self.send("GET", path, **settings).body)  # noqa: S314 - our own answer

    def wire(self, prepared: requests.PreparedRequest) -> Response:
        """Answer a request of an SDK; errors become answers."""
        parts = urlsplit(prepared.url or "")
        headers = {"host": parts.netloc}
        for name, value in prepared.headers.items():
            headers[name.lower()] = value.decode() if isinstance(value, bytes) else value
        request = Request(prepared.method or "", parts.path, parts.query, headers, _read(prepared.body))
        try:
            return self.answer(request, Caller("account", UID, principal_id=UID), REGION)
        except OssError as error:
            return _error_response(error)


def _read(body: Any) -> bytes:
    """Return a request's body, which SDKs give as bytes, text, a file or an iterable of bytes."""
    if body is None or isinstance(body, bytes):
        return body or b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body.read()) if hasattr(body, "read") else b"".join(body)


def _error_response(error: OssError) -> Response:
    details = [xml.text(tag, str(value)) for tag, value in error.details.items()]
    root = xml.element("Error", xml.text("Code", error.code), xml.text("Message", error.message), *details)
    return xml.response(root, status=error.status, headers=error.headers)


class RouterAdapter(HTTPAdapter):
    """A transport of ``requests``, which both Python SDKs use, that ends at the router."""

    def __init__(self, oss: Oss) -> None:
        super().__init__()
        self._oss = oss

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        answer = self._oss.wire(request)
        body = b"" if request.method == "HEAD" else answer.body
        date = format_datetime(self._oss.cloud.clock.now(), usegmt=True)
        headers = {"x-oss-request-id": "0" * 24, "Date": date, "Content-Length": str(len(body)), **answer.headers}
        raw = HTTPResponse(BytesIO(body), headers, answer.status, preload_content=False, request_method=request.method)
        return self.build_response(request, raw)
