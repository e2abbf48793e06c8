"""Operations that make, describe and list keys, and change their state."""

from __future__ import annotations

from localcloud.kms.api.operation import Answer, account_operation, key_operation
from localcloud.kms.api.parameters import integer, page, tags, word
from localcloud.kms.api.render import key_metadata, key_reference
from localcloud.kms.backend import keys
from localcloud.kms.backend.account import KmsAccount
from localcloud.kms.backend.filters import list_keys
from localcloud.kms.backend.keys import NewKey
from localcloud.kms.errors import invalid, kms_error, missing
from localcloud.kms.model import Key
from localcloud.operation import RpcCall

_SYMMETRIC = ("Aliyun_AES_256", "Aliyun_AES_128", "Aliyun_AES_192", "Aliyun_SM4")
_ASYMMETRIC = ("RSA_2048", "RSA_3072", "RSA_4096", "EC_P256", "EC_P256K", "EC_SM2")
_USAGES = ("ENCRYPT/DECRYPT", "SIGN/VERIFY")
_SWITCH = ("true", "false")
_MAX_DESCRIPTION = 8192


def _create(call: RpcCall, account: KmsAccount) -> Answer:
    return {"KeyMetadata": key_metadata(keys.create_key(account, _new_key(call)))}


def _new_key(call: RpcCall) -> NewKey:
    params = call.params
    spec = word(params, "KeySpec", _SYMMETRIC + _ASYMMETRIC, _SYMMETRIC[0])
    if word(params, "EnableAutomaticRotation", _SWITCH, "false") == "true" and not params.get("RotationInterval"):
        raise missing("RotationInterval")
    origin = word(params, "Origin", ("Aliyun_KMS", "EXTERNAL"), "Aliyun_KMS")
    return NewKey(
        instance_id=params.get("DKMSInstanceId") or None,
        policy=params.get("Policy") or None,
        description=_description(params.get("Description", "")),
        spec=spec,
        usage=word(params, "KeyUsage", _USAGES, "SIGN/VERIFY" if spec.startswith("EC_") else "ENCRYPT/DECRYPT"),
        origin=origin,
        protection_level=word(params, "ProtectionLevel", ("SOFTWARE", "HSM"), "SOFTWARE"),
        state="PendingImport" if origin == "EXTERNAL" else "Enabled",
        tags=tags(params),
    )


def _description(text: str) -> str:
    if len(text) > _MAX_DESCRIPTION:
        raise invalid()
    return text


def _describe(_: RpcCall, __: KmsAccount, key: Key) -> Answer:
    return {"KeyMetadata": key_metadata(key) | {"DeletionProtection": "Disabled"}}


def _update_description(call: RpcCall, _: KmsAccount, key: Key) -> Answer:
    """Replace the description; an empty one deletes it."""
    if "Description" not in call.params:
        raise missing("Description")
    if key.state == "PendingDeletion":
        raise kms_error("Rejected.PendingDeletion")
    key.description = _description(call.params["Description"])
    return {}


def _list(call: RpcCall, account: KmsAccount) -> Answer:
    found, members = page(call.params, list_keys(account, call.params.get("Filters")))
    return {**members, "Keys": {"Key": [key_reference(key) for key in found]}}


def _enable(_: RpcCall, __: KmsAccount, key: Key) -> Answer:
    keys.enable_key(key)
    return {}


def _disable(_: RpcCall, __: KmsAccount, key: Key) -> Answer:
    keys.disable_key(key)
    return {}


def _schedule_deletion(call: RpcCall, account: KmsAccount, key: Key) -> Answer:
    days = integer(call.params, "PendingWindowInDays", 0, keys.SHORTEST_WINDOW_DAYS, keys.LONGEST_WINDOW_DAYS)
    keys.schedule_deletion(account, key, days)
    return {}


def _cancel_deletion(_: RpcCall, __: KmsAccount, key: Key) -> Answer:
    keys.cancel_deletion(key)
    return {}


_WINDOW = ("KeyId", "PendingWindowInDays")

OPERATIONS = (
    account_operation("CreateKey", _create, "key", write=True),
    account_operation("ListKeys", _list, "key"),
    key_operation("DescribeKey", _describe),
    key_operation("UpdateKeyDescription", _update_description, write=True),
    key_operation("EnableKey", _enable, write=True),
    key_operation("DisableKey", _disable, write=True),
    key_operation("ScheduleKeyDeletion", _schedule_deletion, write=True, required=_WINDOW),
    key_operation("CancelKeyDeletion", _cancel_deletion, write=True),
)
