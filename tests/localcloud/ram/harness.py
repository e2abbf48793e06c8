"""RAM without a network: operations called directly, as one caller."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from localcloud.cloud import Cloud
from localcloud.errors import RpcError
from localcloud.identity import Caller
from localcloud.operation import RpcCall
from localcloud.ram.api import OPERATIONS
from tests.localcloud.documents import Json, policy_document

UID = "1000000000000001"


@dataclass
class Ram:
    """Calls RAM operations as one caller."""

    cloud: Cloud
    caller: Caller
    uid: str = UID

    def __call__(self, action: str, **params: str) -> Json:
        return OPERATIONS[action].handler(RpcCall(self.cloud, self.caller, "r", params))

    def refusal(self, action: str, **params: str) -> RpcError:
        """Return the error that a call is refused with."""
        with pytest.raises(RpcError) as refused:
            self(action, **params)
        return refused.value

    def acting_as(self, caller: Caller) -> Ram:
        """Return the same cloud as another caller sees it."""
        return Ram(self.cloud, caller, self.uid)

    def new_user(self, name: str, *statements: Json) -> Ram:
        """Make a user with one policy and call as that user."""
        user = self("CreateUser", UserName=name)["User"]
        if statements:
            self("CreatePolicy", PolicyName=f"{name}-policy", PolicyDocument=policy_document(*statements))
            self("AttachPolicyToUser", PolicyType="Custom", PolicyName=f"{name}-policy", UserName=name)
        return self.acting_as(Caller("ram_user", self.uid, name, user["UserId"]))
