"""Server-side encryption with KMS: whether a caller may encrypt or decrypt an object's data.

By the OSS page "Server-side encryption" and the EC pages 0005-*. Only the data of an object is encrypted, so reading
its headers needs no key.
"""

from __future__ import annotations

from localcloud.errors import OssError, RpcError
from localcloud.kms.access import refusal, unusable
from localcloud.kms.backend.account import KmsAccount
from localcloud.kms.backend.keys import service_key
from localcloud.kms.lookup import find_key, find_key_anywhere
from localcloud.kms.model import Key
from localcloud.operation import OssCall
from localcloud.oss.model import Bucket, Encryption

#: Detail codes for the states of a key in which it cannot be used; the pages give status 409 and point to KMS.
_STATE_ECS = {"Rejected.Disabled": "0005-00000214", "Rejected.PendingDeletion": "0005-00000215"}
_SERVICE = "oss"


def check_encryptable(call: OssCall, bucket: Bucket, setting: Encryption | None) -> None:
    """Check that the caller may encrypt new data in a bucket.

    Without a key id OSS uses its default key, which everybody may use who may write.

    :param setting: the encryption asked for, or the bucket's default.
    :raises OssError: 403 AccessDenied; 400 InvalidArgument for a key that is not in the bucket's region; 409 for a key
        that is not enabled.
    """
    if setting is None or setting.algorithm != "KMS":
        return
    _refuse_anonymous(call)
    if setting.key_id is None:
        service_key(KmsAccount.of(call.cloud, bucket.owner_uid), bucket.region, _SERVICE)
        return
    key = _key_for(call, bucket, setting.key_id)
    if key is None:
        raise _no_such_key(setting.key_id)
    for action in call.cloud.behaviour.sse_kms_upload_rights.split(","):
        _check_right(call, key, action.strip())
    _check_state(call, key)


def check_decryptable(call: OssCall, setting: Encryption | None) -> None:
    """Check that the caller may read the data of an encrypted object.

    :param setting: the object's encryption.
    :raises OssError: 403 AccessDenied; 409 for a key that is not enabled.
    """
    if setting is None or setting.algorithm != "KMS":
        return
    _refuse_anonymous(call)
    if setting.key_id is None:
        return
    key = find_key_anywhere(call.cloud, setting.key_id)
    if key is None:
        raise _forbidden()
    _check_right(call, key, "kms:Decrypt")
    _check_state(call, key)


def _key_for(call: OssCall, bucket: Bucket, reference: str) -> Key | None:
    """Find a key for a bucket: the bucket owner's, or one that the caller brings along from another account.

    The latter is the subject of the OSS page "Encrypt OSS resources across accounts".
    """
    for uid in (bucket.owner_uid, call.caller.account_uid):
        key = find_key(call.cloud, uid, reference, bucket.region)
        if key is not None:
            return key
    return None


def _check_right(call: OssCall, key: Key, action: str) -> None:
    # OSS's default key may be used by everybody, named by its id or not.
    if key.service != _SERVICE and refusal(call.cloud, call.caller, key, action, call.request) is not None:
        raise _forbidden()


def _check_state(call: OssCall, key: Key) -> None:
    error = unusable(call.cloud, key)
    if error is not None:
        raise _refused_by(error)


def _refused_by(error: RpcError) -> OssError:
    """Turn the refusal of KMS into that of OSS; code and message of a wrong state are taken to be those of KMS."""
    ec = _STATE_ECS.get(error.code)
    return _forbidden() if ec is None else OssError(error.status, error.code, error.message, ec=ec)


def _refuse_anonymous(call: OssCall) -> None:
    if call.caller.kind == "anonymous":
        raise _forbidden()


def _forbidden() -> OssError:
    return OssError(403, "AccessDenied", "This request is forbidden by kms.")


def _no_such_key(key_id: str) -> OssError:
    """Return the error for an unknown key; the EC page gives neither status nor code."""
    return OssError(
        400,
        "InvalidArgument",
        "The specified KMS key id is invalid.",
        ec="0005-00000208",
        details={"ArgumentName": "x-oss-server-side-encryption-key-id", "ArgumentValue": key_id},
    )
