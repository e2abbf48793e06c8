"""KMS of two accounts, called without a network, and callers of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from localcloud.cloud import Cloud
from localcloud.errors import RpcError
from localcloud.identity import Account, Caller
from localcloud.kms.api import OPERATIONS
from localcloud.kms.model import Key, KmsInstance
from localcloud.operation import RpcCall
from localcloud.ram.backend.account import RamAccount
from localcloud.ram.backend.attachments import attach
from localcloud.ram.backend.policies import create_policy
from localcloud.ram.backend.roles import create_role
from localcloud.ram.backend.users import create_user
from localcloud.ram.model import RamState
from localcloud.server import LocalCloudServer
from tests.localcloud.kms.sdk import settings

UID = "1000000000000001"
OTHER_UID = "2000000000000002"
INSTANCE = "kst-hzz1"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "1", "Statement": list(statements)})


def allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": [resource]}


def grant(principal: str, *actions: str, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    """Return a key policy's statement about one principal."""
    return {"Effect": effect, "Action": list(actions), "Principal": {"RAM": [principal]}, "Resource": ["*"], **more}


TRUST = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}})


@dataclass
class Kms:
    """Calls KMS operations as one caller; ``region`` is that of the endpoint."""

    cloud: Cloud
    caller: Caller = field(default_factory=lambda: Caller("account", UID, principal_id=UID))
    region: str | None = None

    def __call__(self, action: str, **params: object) -> dict[str, Any]:
        texts = {name: str(value) for name, value in params.items()}
        return OPERATIONS[action].handler(RpcCall(self.cloud, self.caller, "request", texts, self.region))

    def refused(self, action: str, **params: object) -> tuple[int, str]:
        """Return status and code of the error that a call must end in."""
        with pytest.raises(RpcError) as caught:
            self(action, **params)
        return caught.value.status, caught.value.code

    def at(self, region: str) -> Kms:
        return Kms(self.cloud, self.caller, region)

    def as_account(self, uid: str) -> Kms:
        return Kms(self.cloud, Caller("account", uid, principal_id=uid), self.region)

    def as_user(self, *statements: dict[str, Any], uid: str = UID, name: str = "ann") -> Kms:
        """Return the same KMS seen by a new RAM user with these rights."""
        ram = RamAccount.of(self.cloud, uid)
        user = create_user(ram, name)
        if statements:
            attach(ram, user, create_policy(ram, f"{name}-rights", document(*statements)))
        return Kms(self.cloud, Caller("ram_user", uid, name, user.id), self.region)

    def as_role(self, *statements: dict[str, Any], uid: str = OTHER_UID, name: str = "Crr-Role") -> Kms:
        """Return the same KMS seen by a new role with these rights."""
        ram = RamAccount.of(self.cloud, uid)
        role = create_role(ram, name, TRUST)
        if statements:
            attach(ram, role, create_policy(ram, f"{name}-rights", document(*statements)))
        return Kms(self.cloud, Caller("assumed_role", uid, name, role.id, "session"), self.region)

    def create(self, **params: object) -> Key:
        """Make a key, in the instance unless told otherwise."""
        answer = self("CreateKey", **{"DKMSInstanceId": INSTANCE, **params})
        return self.cloud.accounts[self.caller.account_uid].kms.keys[answer["KeyMetadata"]["KeyId"]]


@pytest.fixture
def kms() -> Kms:
    """Return KMS as an account sees it that has an instance in Hangzhou and one in Beijing."""
    cloud = Cloud()
    for uid in (UID, OTHER_UID):
        cloud.accounts[uid] = Account(uid, RamState())
    cloud.accounts[UID].kms_instances += [
        KmsInstance(INSTANCE, "cn-hangzhou", access_management_quantity=3),
        KmsInstance("kst-bjj1", "cn-beijing"),
    ]
    return Kms(cloud)


@pytest.fixture(scope="session")
def _running() -> Iterator[LocalCloudServer]:
    with LocalCloudServer(settings()) as running:
        yield running


@pytest.fixture
def server(_running: LocalCloudServer) -> LocalCloudServer:
    """Return a running cloud, as new: account A with a role, account B with a key, and a bucket on each side."""
    assert httpx.post(f"{_running.url}/_localcloud/reset").is_success
    return _running
