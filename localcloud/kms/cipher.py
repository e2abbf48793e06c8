"""Encryption that only a round trip needs: it can be undone with the same key and context, and with nothing else.

The local cloud has no cryptographic library; this keeps its data apart, it does not keep secrets.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass

from localcloud.formats import parse_json
from localcloud.kms.errors import invalid
from localcloud.kms.model import Key

_NONCE_BYTES = 16
_TAG_BYTES = 32


@dataclass(frozen=True)
class Ciphertext:
    """A ciphertext taken apart; it names the key that it was made with."""

    key_id: str
    nonce: bytes
    tag: bytes
    data: bytes


def encrypt(key: Key, plaintext: bytes, context: str) -> str:
    """Encrypt data.

    :param context: the encryption context as JSON text, or empty; needed again to decrypt.
    :returns: the ciphertext in Base64.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    data = _mixed(key, nonce, plaintext)
    blob = key.id.encode() + b"\0" + nonce + _tag(key, nonce, data, context) + data
    return base64.b64encode(blob).decode()


def read(blob: str) -> Ciphertext:
    """Take a ciphertext apart.

    :raises RpcError: 400 ``InvalidParameter``.
    """
    try:
        key_id, separator, rest = base64.b64decode(blob, validate=True).partition(b"\0")
        name = key_id.decode()
    except ValueError:
        raise invalid() from None
    if not separator or len(rest) < _NONCE_BYTES + _TAG_BYTES:
        raise invalid()
    tag_end = _NONCE_BYTES + _TAG_BYTES
    return Ciphertext(name, rest[:_NONCE_BYTES], rest[_NONCE_BYTES:tag_end], rest[tag_end:])


def decrypt(key: Key, ciphertext: Ciphertext, context: str) -> bytes:
    """Decrypt data.

    :raises RpcError: 400 ``InvalidParameter`` when the ciphertext was changed or the context is another one.
    """
    if not hmac.compare_digest(ciphertext.tag, _tag(key, ciphertext.nonce, ciphertext.data, context)):
        raise invalid()
    return _mixed(key, ciphertext.nonce, ciphertext.data)


def _mixed(key: Key, nonce: bytes, data: bytes) -> bytes:
    stream = hashlib.shake_256(key.material + nonce).digest(len(data))
    return bytes(byte ^ mask for byte, mask in zip(data, stream, strict=True))


def _tag(key: Key, nonce: bytes, data: bytes, context: str) -> bytes:
    return hmac.new(key.material, nonce + _canonical(context) + b"\0" + data, hashlib.sha256).digest()


def _canonical(context: str) -> bytes:
    """Write a context so that the order of its members makes no difference."""
    try:
        return json.dumps(parse_json(context or "{}"), sort_keys=True).encode()
    except ValueError:
        raise invalid() from None
