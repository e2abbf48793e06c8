"""Operations that encrypt and decrypt: Encrypt, GenerateDataKey and Decrypt."""

from __future__ import annotations

import base64
import secrets

from localcloud.errors import RpcError
from localcloud.kms import cipher
from localcloud.kms.access import unusable
from localcloud.kms.api.operation import Answer, authorize_key, check_required, key_operation, open_account
from localcloud.kms.api.parameters import integer, word
from localcloud.kms.backend.account import KmsAccount
from localcloud.kms.errors import invalid, kms_error
from localcloud.kms.lookup import find_key_anywhere
from localcloud.kms.model import Key
from localcloud.operation import RpcCall, RpcOperation

_DATA_KEY_BYTES = {"AES_256": 32, "AES_128": 16}


def _encrypt(call: RpcCall, _: KmsAccount, key: Key) -> Answer:
    plaintext = _decoded(call.params["Plaintext"])
    _check_usable(call, key)
    return _encrypted(call, key, plaintext)


def _generate_data_key(call: RpcCall, _: KmsAccount, key: Key) -> Answer:
    spec = word(call.params, "KeySpec", _DATA_KEY_BYTES, "AES_256")
    size = integer(call.params, "NumberOfBytes", _DATA_KEY_BYTES[spec], 1, 1024)
    _check_usable(call, key)
    data_key = secrets.token_bytes(size)
    return _encrypted(call, key, data_key) | {"Plaintext": base64.b64encode(data_key).decode()}


def _decrypt(call: RpcCall) -> Answer:
    """Decrypt; the ciphertext itself tells which key it needs, so there is no ``KeyId``."""
    check_required(call, ("CiphertextBlob",))
    open_account(call)
    ciphertext = cipher.read(call.params["CiphertextBlob"])
    key = find_key_anywhere(call.cloud, ciphertext.key_id)
    if key is None:
        raise kms_error("Forbidden.KeyNotFound")
    authorize_key(call, "kms:Decrypt", key)
    _check_usable(call, key)
    plaintext = cipher.decrypt(key, ciphertext, _context(call))
    return _names(key) | {"Plaintext": base64.b64encode(plaintext).decode()}


def _check_usable(call: RpcCall, key: Key) -> None:
    if key.usage != "ENCRYPT/DECRYPT" or not key.spec.startswith("Aliyun_"):
        raise kms_error("UnsupportedOperation")
    error = unusable(call.cloud, key)
    if error is not None:
        raise error
    _stop_dry_run(call)


def _stop_dry_run(call: RpcCall) -> None:
    """A dry run always ends in an error; the pages give its code, not its status."""
    if (call.params.get("DryRun") or "").lower() == "true":
        message = "The request would have succeeded, but the DryRun parameter is set."
        raise RpcError(400, "DryRunOperationError", message)


def _encrypted(call: RpcCall, key: Key, plaintext: bytes) -> Answer:
    return _names(key) | {"CiphertextBlob": cipher.encrypt(key, plaintext, _context(call))}


def _names(key: Key) -> Answer:
    return {"KeyId": key.id, "KeyVersionId": key.version_id}


def _context(call: RpcCall) -> str:
    return call.params.get("EncryptionContext") or ""


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise invalid() from None


# None of these changes anything that anybody could read, so they count as reads.
OPERATIONS = (
    key_operation("Encrypt", _encrypt, required=("KeyId", "Plaintext")),
    key_operation("GenerateDataKey", _generate_data_key),
    RpcOperation("Decrypt", _decrypt, write=False),
)
