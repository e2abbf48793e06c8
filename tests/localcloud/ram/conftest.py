"""An account to call RAM in, and callers of it."""

import json
from dataclasses import dataclass

import pytest

from localcloud.cloud import Cloud
from localcloud.errors import RpcError
from localcloud.identity import Account, Caller
from localcloud.operation import RpcCall
from localcloud.ram.api import OPERATIONS
from localcloud.ram.model import RamState

UID = "1000000000000001"


@dataclass
class Ram:
    """Calls RAM operations as one caller."""

    cloud: Cloud
    caller: Caller
    uid: str = UID

    def __call__(self, action, **params):
        return OPERATIONS[action].handler(RpcCall(self.cloud, self.caller, "r", params))

    def refusal(self, action, **params):
        """Return the error that a call is refused with."""
        with pytest.raises(RpcError) as refused:
            self(action, **params)
        return refused.value

    def acting_as(self, caller):
        return Ram(self.cloud, caller, self.uid)

    def new_user(self, name, *statements):
        """Make a user with one policy and call as that user."""
        user = self("CreateUser", UserName=name)["User"]
        if statements:
            document = json.dumps({"Version": "1", "Statement": statements})
            self("CreatePolicy", PolicyName=f"{name}-policy", PolicyDocument=document)
            self("AttachPolicyToUser", PolicyType="Custom", PolicyName=f"{name}-policy", UserName=name)
        return self.acting_as(Caller("ram_user", self.uid, name, user["UserId"]))


@pytest.fixture
def ram():
    cloud = Cloud()
    cloud.accounts[UID] = Account(UID, RamState())
    return Ram(cloud, Caller("account", UID))


@pytest.fixture
def trust():
    principal = {"Service": ["oss.aliyuncs.com"]}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return json.dumps({"Version": "1", "Statement": [statement]})


@pytest.fixture
def document():
    statement = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}
    return json.dumps({"Version": "1", "Statement": [statement]})
