"""The KMS hook against the local cloud: real SDK, real signatures, real rights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from localcloud.server import LocalCloudServer
from oss_crr import errors
from oss_crr.hooks.kms import KmsApi
from oss_crr.model import KmsInstanceInfo
from tests.plugins.hooks.accounts import account_at

SOURCE, OWNER = "1111111111111111", "2222222222222222"
KEY = "key-hzz0000000000001"


def user(name: str, *actions: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": ["*"]}
    return {
        "name": name,
        "access_keys": [{"id": f"LTAI-{name}", "secret": f"{name}-secret"}],
        "policies": [{"Version": "1", "Statement": [statement]}],
    }


CONFIG = {
    "accounts": [
        {"uid": SOURCE},
        {
            "uid": OWNER,
            "access_keys": [{"id": "LTAI-owner", "secret": "owner-secret"}],
            "users": [user("reader", "kms:DescribeKey", "kms:GetKmsInstance")],
            "kms_instances": [
                {
                    "id": "kst-b",
                    "region": "cn-beijing",
                    "access_management_quantity": 2,
                    "keys": [{"id": KEY, "alias": "alias/replicas"}],
                },
                {"id": "kst-lonely", "region": "cn-beijing", "access_management_quantity": 1},
                {"id": "kst-off", "region": "cn-beijing", "status": "Connecting"},
            ],
        },
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
def kms(cloud: LocalCloudServer) -> KmsApi:
    return account_at(cloud.url, "LTAI-owner", "owner-secret").kms("cn-beijing")


def shared_with(uid: str) -> dict[str, Any]:
    principal = {"RAM": [f"acs:ram::{uid}:role/Crr-Role"]}
    actions = ["kms:Decrypt", "kms:GenerateDataKey"]
    return {"Effect": "Allow", "Action": actions, "Principal": principal, "Resource": ["*"]}


def share(kms: KmsApi, key_id: str, *uids: str) -> str:
    """Add accounts to a key's policy and return the policy."""
    document = json.loads(kms.get_key_policy(key_id))
    document["Statement"] += [shared_with(uid) for uid in uids]
    text = json.dumps(document)
    kms.set_key_policy(key_id, text)
    return text


def test_instances(kms: KmsApi) -> None:
    assert kms.get_instance("kst-b") == KmsInstanceInfo("kst-b", "Connected", 2)
    assert kms.get_instance("kst-off") == KmsInstanceInfo("kst-off", "Connecting", 5)
    assert kms.get_instance("kst-nowhere") is None


def test_life_of_a_key(kms: KmsApi) -> None:
    created = kms.create_key("kst-b", "made here")
    assert created.arn == f"acs:kms:cn-beijing:{OWNER}:key/{created.id}"
    assert (created.state, created.instance_id, created.description) == ("Enabled", "kst-b", "made here")
    kms.create_alias("alias/oss-crr", created.id)
    for reference in (created.id, created.arn, "alias/oss-crr"):
        assert kms.describe_key(reference) == created
    assert kms.describe_key("key-nowhere") is None
    assert kms.describe_key("alias/nowhere") is None


def test_taken_alias(cloud: LocalCloudServer, kms: KmsApi) -> None:
    for code in ("Rejected.ResourceExist", "Something.Else"):
        cloud.runtime.cloud.behaviour.kms_alias_exists_code = code
        with pytest.raises(errors.AlreadyExists, match=code):
            kms.create_alias("alias/replicas", KEY)
    with pytest.raises(errors.RequestRejected, match="InvalidParameter"):
        kms.create_alias("alias/acs/reserved", KEY)


def test_alias_created_by_a_call_whose_answer_was_lost(cloud: LocalCloudServer, kms: KmsApi) -> None:
    fault = {"action": "CreateAlias", "times": 1, "cut": True, "when": "after"}
    httpx.post(f"{cloud.url}/_localcloud/faults", json=fault).raise_for_status()
    with pytest.raises(errors.AlreadyExists):
        kms.create_alias("alias/oss-crr", KEY)
    found = kms.describe_key("alias/oss-crr")
    assert found is not None
    assert found.id == KEY


def test_key_policy_comes_back_as_it_was_put(kms: KmsApi) -> None:
    text = share(kms, KEY, SOURCE)
    assert kms.get_key_policy(KEY) == text


def test_default_key_has_no_policy(kms: KmsApi) -> None:
    default = kms.create_key("", "in no instance")
    assert default.instance_id is None
    with pytest.raises(errors.RequestRejected):
        kms.get_key_policy(default.id)


def test_instance_that_may_not_share(kms: KmsApi) -> None:
    lonely = kms.create_key("kst-lonely", "")
    with pytest.raises(errors.LimitReached, match="raise the KMS instance's access management quantity"):
        share(kms, lonely.id, SOURCE)


def test_instances_that_take_no_keys(kms: KmsApi) -> None:
    with pytest.raises(errors.Conflict, match="KMS instance `kst-off`"):
        kms.create_key("kst-off", "")
    with pytest.raises(errors.NotFound, match="KMS instance `kst-nowhere`"):
        kms.create_key("kst-nowhere", "")


@pytest.mark.parametrize("status", [400, 403])
def test_missing_rights_are_named(cloud: LocalCloudServer, status: int) -> None:
    cloud.runtime.cloud.behaviour.kms_no_permission_status = status
    reader = account_at(cloud.url, "LTAI-reader", "reader-secret").kms("cn-beijing")
    assert reader.describe_key(KEY) is not None
    for call, right in (
        (lambda: reader.get_key_policy(KEY), "kms:GetKeyPolicy"),
        (lambda: reader.create_key("kst-b", ""), "kms:CreateKey"),
        (lambda: reader.create_alias("alias/a", KEY), "kms:CreateAlias"),
    ):
        with pytest.raises(errors.PermissionDenied, match=f"grant it `{right}`"):
            call()
