"""Whose account it is, assumed roles, and sharing accounts between threads."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import oss_crr
from oss_crr import errors
from oss_crr.hooks.account import Account, AccountConfig, AccountPool, Credentials
from oss_crr.hooks.rpc import RpcClient
from oss_crr.hooks.sts import AssumedRole
from oss_crr.model import Identity
from tests.plugins.hooks.scripted_service import ScriptedService

IDENTITY = {"AccountId": "111", "Arn": "acs:ram::111:user/ops", "IdentityType": "RAMUser", "RequestId": "R1"}
ROLE_ARN = "acs:ram::111:role/deployer"
START = datetime(2026, 11, 1, 12, tzinfo=UTC)


def session(number: int, ends: datetime) -> dict[str, Any]:
    return {
        "Credentials": {
            "AccessKeyId": f"STS.{number}",
            "AccessKeySecret": f"secret-{number}",
            "SecurityToken": f"token-{number}",
            "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    }


def with_role(account: Account) -> Account:
    return Account(replace(account.config, role_arn=ROLE_ARN), account._retrier)


# --- identity --------------------------------------------------------------------------------------------------------


def test_identity_is_asked_once(service: ScriptedService, account: Account) -> None:
    service.answer_json(IDENTITY)
    with ThreadPoolExecutor(8) as pool:
        identities = set(pool.map(lambda _: account.identity(), range(8)))
    assert identities == {Identity("111", "acs:ram::111:user/ops", "RAMUser")}
    assert [request.headers["x-acs-action"] for request in service.requests] == ["GetCallerIdentity"]


def test_key_of_another_account_is_refused(service: ScriptedService, account: Account) -> None:
    service.answer_json(IDENTITY)
    guarded = Account(replace(account.config, account_uid="222"))
    with pytest.raises(errors.CredentialsError) as caught:
        guarded.identity()
    assert "connection `oss_source` belongs to account 111, but its account_uid says 222" in str(caught.value)


def test_key_of_the_expected_account_is_accepted(service: ScriptedService, account: Account) -> None:
    service.answer_json(IDENTITY)
    assert Account(replace(account.config, account_uid="111")).identity().account_uid == "111"


def test_unknown_key_is_refused(service: ScriptedService, account: Account) -> None:
    service.answer_json({"Code": "InvalidAccessKeyId.NotFound", "Message": "not found", "RequestId": "R1"}, 404)
    with pytest.raises(errors.CredentialsError, match=r"connection `oss_source` was not accepted.*access_key_id"):
        account.identity()


def test_messages_name_the_identity_once_it_is_known(service: ScriptedService, account: Account) -> None:
    service.answer_json(IDENTITY)
    account.identity()
    service.answer_json({"Code": "NoPermission", "Message": "no"}, 403)
    with pytest.raises(errors.PermissionDenied, match=r"connection `oss_source` \(acs:ram::111:user/ops\) may not"):
        account.ram.get_role("r")


# --- assumed roles ---------------------------------------------------------------------------------------------------


def test_calls_carry_the_token_of_the_assumed_role(service: ScriptedService, account: Account) -> None:
    service.answer_json(session(1, datetime.now(UTC) + timedelta(hours=1)))
    service.answer_json(IDENTITY)
    service.answer(body="{}")
    assumed = with_role(account)
    assumed.identity()
    assumed.oss("cn-hangzhou").get_bucket_policy("src")
    assume, identify, read = service.requests
    assert assume.params["RoleArn"] == ROLE_ARN
    assert "LTAI-test-key" in assume.headers["authorization"]
    assert identify.headers["x-acs-security-token"] == "token-1"
    assert read.headers["x-oss-security-token"] == "token-1"


def test_role_that_may_not_be_assumed(service: ScriptedService, account: Account) -> None:
    service.answer_json({"Code": "NoPermission", "Message": "no"}, 403)
    with pytest.raises(errors.PermissionDenied) as caught:
        with_role(account).ram.get_role("r")
    text = str(caught.value)
    assert f"connection `oss_source` may not call sts:AssumeRole on role `{ROLE_ARN}`" in text
    assert "the role's trust policy has to name the caller's account" in text


def test_failed_renewal_is_not_repeated_twice_over(service: ScriptedService, account: Account) -> None:
    for _ in range(5):
        service.cut()
    with pytest.raises(errors.ServiceUnavailable):
        with_role(account).ram.get_role("r")
    assert len(service.requests) == 5


class FakeSts:
    """Hands out numbered sessions of an hour."""

    def __init__(self) -> None:
        self.now = START
        self.sessions = 0

    def call(self, action: str, target: str, params: Any = None, *, denied_hint: str = "") -> dict[str, Any]:
        self.sessions += 1
        return session(self.sessions, self.now + timedelta(hours=1))


def assumed_role(sts: FakeSts, masked: list[str]) -> AssumedRole:
    client: RpcClient = sts  # type: ignore[assignment]
    return AssumedRole(client, ROLE_ARN, mask=masked.append, now=lambda: sts.now)


def test_session_is_renewed_before_it_ends() -> None:
    sts = FakeSts()
    role = assumed_role(sts, [])
    assert role.current() == Credentials("STS.1", "secret-1", "token-1")
    sts.now = START + timedelta(minutes=54)
    assert role.current().access_key_id == "STS.1"
    sts.now = START + timedelta(minutes=55)
    assert role.current().access_key_id == "STS.2"


def test_secrets_of_the_session_are_masked() -> None:
    masked: list[str] = []
    assumed_role(FakeSts(), masked).current()
    assert masked == ["secret-1", "token-1"]


def test_threads_share_one_session() -> None:
    sts = FakeSts()
    role = assumed_role(sts, [])
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: role.current().access_key_id, range(32)))
    assert keys == {"STS.1"}


# --- sharing ---------------------------------------------------------------------------------------------------------


def test_one_client_per_region(account: Account) -> None:
    assert account.oss("cn-hangzhou") is account.oss("cn-hangzhou")
    assert account.oss("cn-hangzhou") is not account.oss("cn-shanghai")


def test_pool_makes_one_account_per_connection() -> None:
    made: list[str] = []

    def load(conn_id: str) -> Account:
        made.append(conn_id)
        return Account(AccountConfig(conn_id, Credentials("k", "s")))

    accounts = AccountPool(load)
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: accounts.get("a"), range(16)))
    assert len(found) == 1
    assert accounts.get("b") not in found
    assert made == ["a", "b"]


def test_pool_asks_again_for_a_connection_that_failed() -> None:
    failures = [errors.ConnectionSetupError("no")]

    def load(conn_id: str) -> Account:
        if failures:
            raise failures.pop()
        return Account(AccountConfig(conn_id, Credentials("k", "s")))

    accounts = AccountPool(load)
    with pytest.raises(errors.ConnectionSetupError):
        accounts.get("a")
    assert str(accounts.get("a")) == "connection `a`"


def test_connections_of_a_real_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = '{"access_key_id": "LTAI1", "access_key_secret": "topsecret", "account_uid": "111"}'
    monkeypatch.setenv("AIRFLOW_CONN_OSS_SOURCE", f'{{"conn_type": "alibaba_cloud", "extra": {extra}}}')
    config = Account.from_conn_id("oss_source").config
    assert config == AccountConfig("oss_source", Credentials("LTAI1", "topsecret"), account_uid="111")
    with pytest.raises(errors.ConnectionSetupError, match="connection `oss_nowhere` does not exist: create it"):
        Account.from_conn_id("oss_nowhere")


# --- what loading costs ----------------------------------------------------------------------------------------------

LIST_SDK_MODULES = """
import pkgutil, sys
import oss_crr
for module in pkgutil.walk_packages(oss_crr.__path__, "oss_crr."):
    __import__(module.name)
sdks = ("oss2", "Tea", "darabonba", "requests", "aliyunsdkcore")
print([name for name in sys.modules if name.split(".")[0] in sdks or name.startswith("alibabacloud")])
print([name for name in sys.modules if name.startswith("oss_crr.hooks.")])
"""


def test_importing_the_whole_package_loads_no_sdk(tmp_path: Path) -> None:
    plugins = Path(oss_crr.__path__[0]).parent
    run = subprocess.run(
        [sys.executable, "-c", LIST_SDK_MODULES],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(plugins), "HOME": str(tmp_path)},
    )
    # Before that, Airflow may log warnings about its own dependencies.
    *_, sdk_modules, hooks = run.stdout.splitlines()
    assert sdk_modules == "[]"
    assert "oss_crr.hooks.account" in hooks
