"""Which Airflow connections are understood, and how the others are refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from oss_crr.errors import ConnectionSetupError
from oss_crr.hooks.connection import AccountConfig, Credentials, Endpoints, account_config, is_loopback

KEYS = {"access_key_id": "LTAI1", "access_key_secret": "topsecret"}


@dataclass
class FakeConnection:
    """The part of Airflow's connection that is read."""

    conn_id: str = "oss_source"
    conn_type: str | None = "alibaba_cloud"
    login: str | None = None
    password: str | None = None
    extra_dejson: Any = field(default_factory=dict)


def parse(**fields: Any) -> AccountConfig:
    return account_config(FakeConnection(**fields))


def test_keys_in_extra() -> None:
    assert parse(extra_dejson=KEYS) == AccountConfig("oss_source", Credentials("LTAI1", "topsecret"))


def test_login_and_password_stand_in_for_missing_keys() -> None:
    assert parse(login="LTAI1", password="topsecret").credentials == Credentials("LTAI1", "topsecret")


def test_keys_in_extra_win_over_login() -> None:
    assert parse(login="other", password="other", extra_dejson=KEYS).credentials == Credentials("LTAI1", "topsecret")


def test_connection_of_the_official_oss_hook_works_here() -> None:
    extra = KEYS | {"auth_type": "AK", "region": "cn-hangzhou", "endpoint": "oss-cn-hangzhou.aliyuncs.com"}
    config = parse(conn_type="oss", extra_dejson=extra)
    assert config.endpoints == Endpoints(oss="https://oss-cn-hangzhou.aliyuncs.com")


def test_token_role_and_guard() -> None:
    extra = KEYS | {
        "security_token": "tok",
        "role_arn": "acs:ram::1234567890123456:role/deployer",
        "account_uid": 1234567890123456,
    }
    config = parse(extra_dejson=extra)
    assert config.credentials.security_token == "tok"
    assert config.role_arn == "acs:ram::1234567890123456:role/deployer"
    assert config.account_uid == "1234567890123456"


def test_one_endpoint_serves_every_product() -> None:
    url = "http://127.0.0.1:9090"
    assert parse(extra_dejson=KEYS | {"endpoint": url + "/"}).endpoints == Endpoints(url, url, url, url)


def test_endpoints_win_over_endpoint() -> None:
    extra = KEYS | {"endpoint": "http://proxy:1", "endpoints": {"oss": "storage:2", "kms": None}}
    endpoints = parse(extra_dejson=extra).endpoints
    assert endpoints == Endpoints(oss="https://storage:2", ram="http://proxy:1", sts="http://proxy:1", kms=None)


def test_public_endpoints_by_default() -> None:
    endpoints = parse(extra_dejson=KEYS).endpoints
    assert endpoints.oss_url("cn-hangzhou") == "https://oss-cn-hangzhou.aliyuncs.com"
    assert endpoints.ram_url() == "https://ram.aliyuncs.com"
    assert endpoints.sts_url() == "https://sts.aliyuncs.com"
    assert endpoints.ims_url() == "https://ims.aliyuncs.com"
    assert endpoints.kms_url("cn-beijing") == "https://kms.cn-beijing.aliyuncs.com"


@pytest.mark.parametrize(
    ("ram", "ims"),
    [
        ("http://127.0.0.1:9090", "http://127.0.0.1:9090"),
        ("https://proxy:1", "https://proxy:1"),
        ("https://ram.aliyuncs.com", "https://ims.aliyuncs.com"),
    ],
)
def test_what_stands_in_for_ram_stands_in_for_ims(ram: str, ims: str) -> None:
    assert Endpoints(ram=ram).ims_url() == ims


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:9090", True),
        ("http://127.9.9.9", True),
        ("https://localhost", True),
        ("http://LOCALHOST:1", True),
        ("http://10.0.0.1:9090", False),
        ("https://oss-cn-hangzhou.aliyuncs.com", False),
        ("http://127.0.0.1.example.com", False),
    ],
)
def test_this_machine(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_unknown_extras_are_ignored() -> None:
    assert parse(extra_dejson=KEYS | {"project": "p", "comment": "x"}).credentials.access_key_id == "LTAI1"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"conn_type": "aws"}, "`conn_type` is `aws`, but has to be `alibaba_cloud` or `oss`"),
        ({}, "`access_key_id` is missing: set it in Extra, or as login"),
        ({"login": "LTAI1"}, "`access_key_secret` is missing: set it in Extra, or as password"),
        ({"extra_dejson": ["a"]}, "`Extra` has to be a JSON object"),
        ({"extra_dejson": {"accessKeyId": "x"}}, "`accessKeyId` is not a known extra: did you mean `access_key_id`?"),
        ({"extra_dejson": {"access_key": "x"}}, "`access_key` is not a known extra: did you mean `access_key_id`?"),
        ({"extra_dejson": KEYS | {"role-arn": "x"}}, "`role-arn` is not a known extra: did you mean `role_arn`?"),
        ({"extra_dejson": KEYS | {"account_id": "1"}}, "did you mean `account_uid`?"),
        ({"extra_dejson": KEYS | {"role_arn": "deployer"}}, "`role_arn` has to look like acs:ram::"),
        ({"extra_dejson": KEYS | {"account_uid": "me"}}, "`account_uid` has to be the account's number"),
        ({"extra_dejson": KEYS | {"account_uid": True}}, "`account_uid` has to be the account's number"),
        ({"extra_dejson": KEYS | {"security_token": 7}}, "`security_token` has to be a text"),
        ({"extra_dejson": KEYS | {"auth_type": "EcsRamRole"}}, "`auth_type` is `EcsRamRole`, but has to be one of AK"),
        ({"extra_dejson": KEYS | {"auth_type": "STS"}}, "`security_token` is missing"),
        ({"extra_dejson": KEYS | {"auth_type": "RamRoleArn"}}, "`role_arn` is missing"),
        ({"extra_dejson": KEYS | {"endpoint": "ftp://host"}}, "`endpoint` has to be a base URL"),
        ({"extra_dejson": KEYS | {"endpoint": "http://host/path"}}, "`endpoint` has to be a base URL"),
        ({"extra_dejson": KEYS | {"endpoints": {"ecs": "http://host"}}}, "`endpoints` has to be a JSON object"),
        ({"extra_dejson": KEYS | {"endpoints": {"ram": "a b"}}}, "`endpoints.ram` has to be a base URL"),
    ],
)
def test_refusals_name_connection_field_and_remedy(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConnectionSetupError) as caught:
        parse(**fields)
    assert str(caught.value).startswith("connection `oss_source`: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "extra",
    [
        {"access_key_id": "LTAI1", "access_key_secret": {"nested": "topsecret"}},
        KEYS | {"endpoint": "http://user:topsecret@host"},
        KEYS | {"account_uid": "topsecret"},
        {"accessKeySecret": "topsecret"},
    ],
)
def test_refusals_hold_no_secret(extra: dict[str, Any]) -> None:
    with pytest.raises(ConnectionSetupError) as caught:
        parse(extra_dejson=extra)
    assert "topsecret" not in str(caught.value)


def test_credentials_hide_their_secrets() -> None:
    shown = repr(parse(extra_dejson=KEYS | {"security_token": "tok3n"}))
    assert "LTAI1" in shown
    assert "topsecret" not in shown
    assert "tok3n" not in shown
