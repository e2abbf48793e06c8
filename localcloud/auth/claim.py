"""What a signed request claims about its sender, and how the claim is checked against a secret."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Claim:
    """A signature as found in a request; nothing in it is verified yet.

    :param signature: as sent, base64 or hexadecimal.
    :param security_token: token of temporary credentials; None when the request has none.
    :param strings_to_sign: what the signature may cover. More than one only where clients disagree on the canonical
        form; the first is the documented one and the one shown in errors.
    :param sign: computes the signature of one string with a secret.
    :param canonical_request: the text whose hash is in the string to sign, for schemes that have one.
    """

    access_key_id: str
    signature: str
    security_token: str | None
    strings_to_sign: tuple[bytes, ...]
    sign: Callable[[str, bytes], str]
    canonical_request: bytes | None = None

    def matches(self, secret: str) -> bool:
        """Tell whether the signature was made with ``secret``; takes the same time for every wrong signature."""
        given = self.signature.encode("utf-8", "surrogateescape")
        return any(hmac.compare_digest(self.sign(secret, text).encode(), given) for text in self.strings_to_sign)


def percent_encode(value: str, safe: str = "") -> str:
    """Encode as RFC 3986 wants it, the way all of the vendor's newer schemes do: ``~`` stays, ``*`` does not."""
    return quote(value.encode("utf-8", "surrogateescape"), safe=f"~{safe}")


def canonical_query(pairs: Iterable[tuple[str, str]], *, bare_empty: bool) -> str:
    """Encode and sort query parameters.

    :param bare_empty: whether a parameter without a value is written without ``=`` (OSS) or with it (RPC products).
    """
    encoded = sorted((percent_encode(name), percent_encode(value)) for name, value in pairs)
    return "&".join(name if bare_empty and not value else f"{name}={value}" for name, value in encoded)


def signing_key(secret: str, *scope: str) -> bytes:
    """Derive the key of the V4 family: HMAC-SHA256 chained over date, region, product and terminator."""
    key = f"aliyun_v4{secret}".encode()
    for part in scope:
        key = hmac_sha256(key, part.encode())
    return key


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """Return the HMAC-SHA256 of a message."""
    return hmac.new(key, message, hashlib.sha256).digest()


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of ``data`` in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()
