"""A cloud with one key of each sort, and requests signed by the vendor's own SDKs, caught before they are sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import alibabacloud_oss_v2
import oss2
import pytest
import requests
from requests.adapters import BaseAdapter

from localcloud.cloud import Cloud
from localcloud.http import Request
from localcloud.identity import AccessKey, Account, RoleSession
from localcloud.ram.model import RamState, User

UID = "1000000000000001"


@pytest.fixture
def cloud() -> Cloud:
    """Return a cloud with a root key, an active and a disabled key of a RAM user, and a role session."""
    cloud = Cloud()
    now = cloud.clock.now()
    ram = RamState(users={"alice": User("alice", "2000000000000001", now)})
    for key in (
        AccessKey("user-key", "user-secret", UID, "alice"),
        AccessKey("disabled-key", "disabled-secret", UID, "alice", active=False),
    ):
        ram.access_keys[key.id] = key
    root = AccessKey("root-key", "root-secret", UID)
    cloud.accounts[UID] = Account(UID, ram, {root.id: root})
    cloud.sessions["STS.key"] = RoleSession(
        "STS.key", "sts-secret", "sts-token", UID, "Reader", "3001", "job", now + timedelta(hours=1)
    )
    return cloud


class Caught(Exception):
    """Carries the request that an SDK was about to send."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.raw_path)
        self.request = request


class CatchingAdapter(BaseAdapter):
    """A transport for oss2 that sends nothing."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        raise Caught(from_prepared(request))

    def close(self) -> None: ...


class CatchingClient(alibabacloud_oss_v2.types.HttpClient):
    """A transport for alibabacloud_oss_v2 that sends nothing."""

    def send(self, request: alibabacloud_oss_v2.types.HttpRequest, **_: object) -> None:
        prepared = requests.Request(request.method, request.url, headers=dict(request.headers), data=request.body)
        raise Caught(from_prepared(prepared.prepare()))

    def open(self) -> None: ...

    def close(self) -> None: ...


def from_prepared(prepared: requests.PreparedRequest) -> Request:
    """Return a request as the server would read it from the wire."""
    parts = urlsplit(prepared.url or "")
    headers = {"host": parts.netloc}
    for name, value in prepared.headers.items():
        headers[name.lower()] = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
    # Streams stay unread: no SDK of the vendor signs the body's hash.
    raw = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    return Request(prepared.method or "", parts.path, parts.query, headers, raw if isinstance(raw, bytes) else b"")


@pytest.fixture
def catch() -> Callable[[Callable[[], object]], Request]:
    """Return a function that runs an SDK call and returns the request it would have sent."""

    def run(call: Callable[[], object]) -> Request:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - SDKs wrap what the transport raises
            call()
        error: BaseException | None = caught.value
        while error is not None and not isinstance(error, Caught):
            error = error.__cause__ or error.__context__
        assert isinstance(error, Caught), caught.value
        return error.request

    return run


@pytest.fixture
def bucket() -> Callable[..., oss2.Bucket]:
    """Return a function that makes an oss2 bucket whose requests are caught."""

    def make(auth: object, endpoint: str = "http://127.0.0.1:9090", region: str = "cn-hangzhou") -> oss2.Bucket:
        session = oss2.Session(adapter=CatchingAdapter())
        return oss2.Bucket(auth, endpoint, "source-bucket", session=session, region=region, enable_crc=False)

    return make


@pytest.fixture
def oss_v2_client() -> Callable[..., alibabacloud_oss_v2.Client]:
    """Return a function that makes an alibabacloud_oss_v2 client whose requests are caught."""

    def make(signature_version: str = "v4", token: str | None = None, key: str = "root") -> alibabacloud_oss_v2.Client:
        credentials = (
            alibabacloud_oss_v2.credentials.StaticCredentialsProvider("STS.key", "sts-secret", token)
            if token
            else alibabacloud_oss_v2.credentials.StaticCredentialsProvider(f"{key}-key", f"{key}-secret")
        )
        return alibabacloud_oss_v2.Client(
            alibabacloud_oss_v2.config.Config(
                region="cn-hangzhou",
                endpoint="http://127.0.0.1:9090",
                signature_version=signature_version,
                credentials_provider=credentials,
                http_client=CatchingClient(),
                retry_max_attempts=1,
            )
        )

    return make
