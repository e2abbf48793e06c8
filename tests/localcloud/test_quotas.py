"""Call quotas: what is counted together, when it is refused, and how each product says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from localcloud.behaviour import Behaviour
from localcloud.calls import CallKey
from localcloud.errors import OssError, ServiceError
from localcloud.quotas import QuotaTable

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Caller:
    """Makes calls at a time that stands still unless it is moved."""

    def __init__(self, **settings: int | bool) -> None:
        self.behaviour = Behaviour(**settings)  # type: ignore[arg-type]
        self.now = NOW
        self._table = QuotaTable()

    def call(self, product: str, action: str, *, account: str = "1", region: str = "") -> None:
        write = not action.startswith(("Get", "List", "Describe", "Decrypt"))
        self._table.check(self.behaviour, CallKey(account, product, action, write), region, self.now)

    def passing(self, product: str, action: str, tries: int = 200, **where: str) -> int:
        """Return how many of many calls at once are not refused."""
        passed = 0
        for _ in range(tries):
            try:
                self.call(product, action, **where)
            except ServiceError:
                continue
            passed += 1
        return passed


@pytest.mark.parametrize(
    ("product", "action", "published"),
    [
        ("ram", "GetRole", 100),
        ("ims", "GetAccountSummary", 100),
        ("ram", "CreateRole", 20),
        ("ram", "DetachPolicyFromRole", 10),
        ("kms", "CreateKey", 10),
        ("kms", "SetKeyPolicy", 30),
        ("kms", "DescribeKey", 50),
        ("kms", "Decrypt", 1000),
        ("oss", "PutBucketPolicy", 10_000),
    ],
)
def test_published_quotas(product: str, action: str, published: int) -> None:
    caller = Caller(published_quotas=True)
    assert caller.passing(product, action, tries=published + 50) == published
    caller.now += timedelta(seconds=1)
    assert caller.passing(product, action, tries=published + 50) == published


def test_quotas_are_off_by_default() -> None:
    for product, action in (("ram", "CreateRole"), ("kms", "CreateKey"), ("oss", "GetObject")):
        assert Caller().passing(product, action) == 200


def test_a_number_of_ones_own_wins_over_the_published_one() -> None:
    assert Caller(published_quotas=True, ram_writes_per_second=3).passing("ram", "CreateRole") == 3


def test_window_slides() -> None:
    caller = Caller(ram_writes_per_second=2)
    caller.call("ram", "CreateRole")
    caller.now += timedelta(seconds=0.6)
    caller.call("ram", "CreateRole")
    caller.now += timedelta(seconds=0.6)
    assert caller.passing("ram", "CreateRole") == 1


def test_ram_counts_each_account_and_api() -> None:
    caller = Caller(ram_writes_per_second=2)
    assert caller.passing("ram", "CreateRole") == 2
    assert caller.passing("ram", "CreatePolicy") == 2
    assert caller.passing("ram", "CreateRole", account="2") == 2


def test_kms_counts_each_region_but_not_each_api() -> None:
    caller = Caller(kms_changes_per_second=2)
    assert caller.passing("kms", "SetKeyPolicy", region="cn-beijing") == 2
    assert caller.passing("kms", "CreateAlias", region="cn-beijing") == 0
    assert caller.passing("kms", "SetKeyPolicy", region="cn-shanghai") == 2


def test_sts_is_not_limited() -> None:
    assert Caller(published_quotas=True).passing("sts", "AssumeRole") == 200


# --- the answers -----------------------------------------------------------------------------------------------------


def refusal(product: str, action: str, **settings: int | bool) -> ServiceError:
    """Return the answer to a call that follows the last that passes after 0.4 s."""
    caller = Caller(ram_writes_per_second=1, kms_changes_per_second=1, oss_requests_per_second=1, **settings)
    caller.call(product, action)
    caller.now += timedelta(seconds=0.4)
    with pytest.raises(ServiceError) as caught:
        caller.call(product, action)
    return caught.value


def test_oss_says_503_and_for_how_long() -> None:
    error = refusal("oss", "PutBucketPolicy")
    assert isinstance(error, OssError)
    assert (error.status, error.code, error.ec) == (503, "QpsLimitExceeded", "0004-00000302")
    assert error.headers == {"x-oss-qos-delay-time": "600"}


@pytest.mark.parametrize(
    ("product", "action", "code"),
    [("ram", "CreateRole", "Throttling.User"), ("kms", "SetKeyPolicy", "Rejected.Throttling")],
)
def test_rpc_products_say_429_and_may_say_for_how_long(product: str, action: str, code: str) -> None:
    error = refusal(product, action)
    assert (error.status, error.code, error.headers) == (429, code, {})
    assert refusal(product, action, throttling_says_when=True).headers == {"x-acs-retry-after": "600"}


def test_status_of_ram_can_be_set() -> None:
    assert refusal("ram", "CreateRole", throttling_status=400).status == 400
