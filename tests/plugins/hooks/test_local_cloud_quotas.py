"""The hooks against a local cloud that enforces quotas: no call fails, and the pace comes close to what is allowed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from localcloud.server import LocalCloudServer
from oss_crr.hooks import budget
from oss_crr.hooks.account import Account, AccountConfig, Credentials, Endpoints

UID = "1000000000000001"
TRUST = json.dumps(
    {
        "Version": "1",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}}],
    }
)
CONFIG = {
    "accounts": [
        {
            "uid": UID,
            "access_keys": [{"id": f"LTAI-{number}", "secret": "secret"} for number in range(2)],
            "buckets": [{"name": "src", "region": "cn-hangzhou"}],
        }
    ]
}

Connect = Callable[[int], Account]


@pytest.fixture
def cloud() -> Iterator[LocalCloudServer]:
    with LocalCloudServer(CONFIG) as running:
        yield running


@pytest.fixture
def connect(cloud: LocalCloudServer, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Return a function that makes an account; each key stands for a process of its own."""
    monkeypatch.setenv(budget.SHARE_VARIABLE, "0.8")
    monkeypatch.setattr(budget, "_accounts", {})

    def make(key: int) -> Account:
        endpoints = Endpoints(oss=cloud.url, ram=cloud.url, sts=cloud.url, kms=cloud.url)
        return Account(AccountConfig("oss_source", Credentials(f"LTAI-{key}", "secret"), endpoints=endpoints))

    return make


def settings(cloud: LocalCloudServer, **values: object) -> None:
    httpx.post(f"{cloud.url}/_localcloud/behaviour", json=values).raise_for_status()


def counted(cloud: LocalCloudServer, action: str) -> int:
    calls = httpx.get(f"{cloud.url}/_localcloud/calls").raise_for_status().json()["calls"]
    return sum(row["count"] for row in calls if row["action"] == action)


def create_roles(account: Account, prefix: str, count: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: account.ram.create_role(f"{prefix}-{number}", TRUST, ""), range(count)))


def test_one_process_keeps_within_a_quota(cloud: LocalCloudServer, connect: Connect) -> None:
    settings(cloud, published_quotas=True)
    account = connect(0)
    started = time.monotonic()
    create_roles(account, "role", 60)
    # Sixty at sixteen a second, but for the first four.
    assert time.monotonic() - started >= 3.0
    # On a busy machine a few turns come late, and then together.
    assert counted(cloud, "CreateRole") <= 90


@pytest.mark.parametrize("says_when", [False, True])
def test_two_processes_slow_one_another_down_and_both_come_through(
    cloud: LocalCloudServer, connect: Connect, says_when: bool
) -> None:
    settings(cloud, published_quotas=True, throttling_says_when=says_when)
    with ThreadPoolExecutor(2) as processes:
        list(processes.map(lambda key: create_roles(connect(key), f"role-{key}", 40), range(2)))
    assert len(httpx.get(f"{cloud.url}/_localcloud/state").json()["accounts"][UID]["roles"]) == 80
    # Most were not refused: each refusal halves the rate.
    assert counted(cloud, "CreateRole") < 160


def test_answer_503_of_oss_holds_all_threads_for_as_long_as_it_says(cloud: LocalCloudServer, connect: Connect) -> None:
    settings(cloud, oss_requests_per_second=20)
    oss = connect(0).oss("cn-hangzhou")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: oss.get_bucket_info("src"), range(60)))
    assert counted(cloud, "GetBucketInfo") < 120
