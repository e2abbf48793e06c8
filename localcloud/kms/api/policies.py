"""Operations on key policies."""

from __future__ import annotations

from localcloud.kms.api.operation import Answer, key_operation
from localcloud.kms.backend import policies
from localcloud.kms.backend.account import KmsAccount
from localcloud.kms.key_policy import POLICY_NAME
from localcloud.kms.model import Key
from localcloud.operation import RpcCall


def _set(call: RpcCall, account: KmsAccount, key: Key) -> Answer:
    policies.set_policy(account, key, _name(call), call.params["Policy"])
    return {}


def _get(call: RpcCall, _: KmsAccount, key: Key) -> Answer:
    return {"Policy": policies.get_policy(key, _name(call))}


def _name(call: RpcCall) -> str:
    return call.params.get("PolicyName") or POLICY_NAME


OPERATIONS = (
    key_operation("SetKeyPolicy", _set, write=True, required=("KeyId", "Policy")),
    key_operation("GetKeyPolicy", _get),
)
