"""Proxies of the environment: used for servers elsewhere, left aside for those on this machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oss_crr import errors
from oss_crr.hooks.account import Account
from tests.plugins.hooks.accounts import account_at
from tests.plugins.hooks.scripted_service import ScriptedService

CLOSED = "http://127.0.0.1:1"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

Call = Callable[[Account], object]
#: One call through each of the SDKs; what is answered does not matter.
CALLS: tuple[Call, ...] = (
    lambda account: account.identity(),
    lambda account: account.ram.delete_role("r"),
    lambda account: account.kms("cn-beijing").describe_key("k"),
    lambda account: account.oss("cn-beijing").delete_bucket_policy("b"),
)
IDS = ("core", "ram", "kms", "oss2")


@pytest.fixture
def set_proxy(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that sets every proxy variable, and have no exceptions from them."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    def set_all(url: str) -> None:
        for name in VARIABLES:
            monkeypatch.setenv(name, url)
            monkeypatch.setenv(name.lower(), url)

    return set_all


@pytest.mark.parametrize("call", CALLS, ids=IDS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_reached_without_a_proxy(
    service: ScriptedService, set_proxy: Callable[[str], None], call: Call, host: str
) -> None:
    set_proxy(CLOSED)
    service.answer_json({"Code": "NoPermission", "Message": "reached"}, 403)
    with pytest.raises(errors.PermissionDenied):
        call(account_at(service.url.replace("127.0.0.1", host), "LTAI1", "s3cr3t"))
    assert service.requests[0].path in ("/", "/b/")


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_other_machines_are_reached_through_the_proxy(
    service: ScriptedService, set_proxy: Callable[[str], None], call: Call
) -> None:
    set_proxy(service.url)
    service.answer_json({"Code": "NoPermission", "Message": "reached"}, 403)
    with pytest.raises(errors.PermissionDenied):
        call(account_at("http://cloud.invalid:80", "LTAI1", "s3cr3t"))
    assert service.requests[0].headers["host"] in ("cloud.invalid:80", "cloud.invalid")
