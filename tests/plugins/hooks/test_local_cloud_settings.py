"""Settings of buckets, and the care taken with policies of others, against the local cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import oss2
import pytest

from localcloud.server import LocalCloudServer
from oss_crr import errors
from oss_crr.hooks.account import Account
from oss_crr.model import AttachedPolicy, Retention
from tests.plugins.hooks.accounts import account_at

TRUST = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}}],
}
DOCUMENT = json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}]})
CONFIG = {
    "accounts": [
        {
            "uid": "1111111111111111",
            "access_keys": [{"id": "LTAI-root", "secret": "root-secret"}],
            "users": [{"name": "nobody", "access_keys": [{"id": "LTAI-nobody", "secret": "nobody-secret"}]}],
            "roles": [{"name": "first", "trust_policy": TRUST}, {"name": "second", "trust_policy": TRUST}],
            "buckets": [
                {"name": "src", "region": "cn-hangzhou"},
                *({"name": f"more-{number}", "region": "cn-beijing"} for number in range(4)),
            ],
        }
    ]
}


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    with LocalCloudServer(CONFIG) as running:
        yield running


@pytest.fixture
def cloud(server: LocalCloudServer) -> LocalCloudServer:
    """Return the running cloud as its configuration declares it."""
    httpx.post(f"{server.url}/_localcloud/reset").raise_for_status()
    return server


@pytest.fixture
def account(cloud: LocalCloudServer) -> Account:
    return account_at(cloud.url, "LTAI-root", "root-secret")


@pytest.fixture
def owner(cloud: LocalCloudServer) -> oss2.Bucket:
    """Return the bucket as its owner configures it, by means that are not ours."""
    return oss2.Bucket(oss2.Auth("LTAI-root", "root-secret"), cloud.url, "src")


# --- buckets ---------------------------------------------------------------------------------------------------------


def test_acceleration(account: Account) -> None:
    oss = account.oss("cn-hangzhou")
    for enabled in (True, False):
        oss.set_acceleration("src", enabled)
        assert oss.get_bucket_info("src").acceleration is enabled


def test_retention(account: Account, owner: oss2.Bucket) -> None:
    oss = account.oss("cn-hangzhou")
    assert oss.get_worm("src") is None
    worm_id = owner.init_bucket_worm(7).worm_id
    assert oss.get_worm("src") == Retention("InProgress", 7)
    owner.complete_bucket_worm(worm_id)
    assert oss.get_worm("src") == Retention("Locked", 7)


def test_lifecycle_rules_that_delete(account: Account, owner: oss2.Bucket) -> None:
    from oss2.models import BucketLifecycle, LifecycleExpiration, LifecycleRule, StorageTransition

    oss = account.oss("cn-hangzhou")
    assert oss.get_lifecycle_deletes("src") == 0
    rules = [
        LifecycleRule("deletes", "tmp/", expiration=LifecycleExpiration(days=1)),
        LifecycleRule("is off", "old/", status="Disabled", expiration=LifecycleExpiration(days=1)),
        LifecycleRule("moves", "log/", storage_transitions=[StorageTransition(days=30, storage_class="IA")]),
    ]
    owner.put_bucket_lifecycle(BucketLifecycle(rules))
    assert oss.get_lifecycle_deletes("src") == 1
    assert [rule.id for rule in owner.get_bucket_lifecycle().rules] == ["deletes", "is off", "moves"]
    owner.delete_bucket_lifecycle()
    assert oss.get_lifecycle_deletes("src") == 0


# --- RAM -------------------------------------------------------------------------------------------------------------


def test_policy_that_others_have_is_not_taken_from_them(account: Account) -> None:
    ram = account.ram
    ram.create_policy("shared", DOCUMENT, "")
    ram.create_policy_version("shared", DOCUMENT)
    ram.attach_policy("first", "shared")
    ram.attach_policy("second", "shared")
    ram.detach_policy("first", "shared")
    with pytest.raises(errors.Conflict, match="policy `shared`"):
        ram.delete_policy("shared")
    assert ram.list_policies_for_role("second") == (AttachedPolicy("shared", "Custom"),)
    ram.detach_policy("second", "shared")
    ram.delete_policy("shared")
    assert ram.get_policy("shared") is None


def test_trust_policy_is_replaced(account: Account) -> None:
    wider = {**TRUST, "Statement": [*TRUST["Statement"], {**TRUST["Statement"][0], "Effect": "Deny"}]}  # type: ignore[dict-item]
    account.ram.update_role_trust("first", json.dumps(wider))
    found = account.ram.get_role("first")
    assert found is not None
    assert json.loads(found.trust_policy) == wider


def test_account_summary(cloud: LocalCloudServer, account: Account) -> None:
    account.ram.create_policy("p", DOCUMENT, "")
    summary = account.ram.get_account_summary()
    assert (summary.roles, summary.roles_quota) == (2, 1000)
    assert (summary.policies, summary.policies_quota) == (1, 1500)
    assert (summary.policies_per_role_quota, summary.policy_size_quota) == (10, 6144)
    with pytest.raises(errors.PermissionDenied, match="grant it `ram:GetAccountSummary`"):
        account_at(cloud.url, "LTAI-nobody", "nobody-secret").ram.get_account_summary()


def test_buckets_of_all_regions_are_listed_page_by_page(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oss_crr.hooks.oss.PAGE_SIZE", 2)
    assert account.oss("cn-hangzhou").list_buckets() == {
        "src": "cn-hangzhou",
        **{f"more-{number}": "cn-beijing" for number in range(4)},
    }
