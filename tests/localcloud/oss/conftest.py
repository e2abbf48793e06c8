"""Clients of an OSS that has one bucket, ``data``, in one account."""

from __future__ import annotations

from collections.abc import Callable

import alibabacloud_oss_v2
import oss2
import pytest
import requests

from tests.localcloud.oss.harness import REGION, Oss, RouterAdapter


@pytest.fixture
def oss() -> Oss:
    return Oss()


@pytest.fixture
def sdk(oss: Oss) -> Callable[[str], oss2.Bucket]:
    """Return a function that makes an oss2 bucket by name, with all its checksums on."""

    def make(name: str = "data") -> oss2.Bucket:
        auth = oss2.AuthV4("key", "secret")
        session = oss2.Session(adapter=RouterAdapter(oss))
        return oss2.Bucket(auth, "http://127.0.0.1:9090", name, session=session, region=REGION)

    return make


@pytest.fixture
def service(oss: Oss) -> oss2.Service:
    session = oss2.Session(adapter=RouterAdapter(oss))
    return oss2.Service(oss2.AuthV4("key", "secret"), "http://127.0.0.1:9090", session=session, region=REGION)


@pytest.fixture
def sdk_v2(oss: Oss) -> alibabacloud_oss_v2.Client:
    session = requests.Session()
    session.mount("http://", RouterAdapter(oss))
    return alibabacloud_oss_v2.Client(
        alibabacloud_oss_v2.config.Config(
            region=REGION,
            endpoint="http://127.0.0.1:9090",
            credentials_provider=alibabacloud_oss_v2.credentials.StaticCredentialsProvider("key", "secret"),
            http_client=alibabacloud_oss_v2.transport.RequestsHttpClient(session=session),
            retry_max_attempts=1,
        )
    )
