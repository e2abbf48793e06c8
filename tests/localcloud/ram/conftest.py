"""An account to call RAM in, and policies for it."""

from __future__ import annotations

import pytest

from localcloud.cloud import Cloud
from localcloud.identity import Account, Caller
from localcloud.ram.model import RamState
from tests.localcloud.documents import policy_document
from tests.localcloud.ram.harness import UID, Ram


@pytest.fixture
def ram() -> Ram:
    """Return a way to call RAM as an account without users, roles or policies."""
    cloud = Cloud()
    cloud.accounts[UID] = Account(UID, RamState())
    return Ram(cloud, Caller("account", UID))


@pytest.fixture
def trust() -> str:
    """Return a trust policy that lets OSS assume a role."""
    principal = {"Service": ["oss.aliyuncs.com"]}
    return policy_document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})


@pytest.fixture
def document() -> str:
    """Return a policy that allows reading objects."""
    return policy_document({"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"})
