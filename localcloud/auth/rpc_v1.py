"""The old RPC signature: HMAC over the sorted parameters, sent as parameters itself.

Vendor page: "Request syntax and signature method V2 for RPC APIs".
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from functools import partial

from localcloud.auth import rpc_errors
from localcloud.auth.claim import Claim, canonical_query, percent_encode

_MANDATORY = ("AccessKeyId", "Signature", "SignatureMethod", "SignatureNonce", "Timestamp")
_HASHES = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}


def read(method: str, params: Mapping[str, str]) -> Claim:
    """Read a signature from a request's parameters.

    :param method: HTTP method, which is part of what is signed.
    :param params: parameters of query and form together.
    :raises RpcError: 400 ``Missing<Parameter>`` or InvalidSignatureMethod.
    """
    for name in _MANDATORY:
        if not params.get(name):
            raise rpc_errors.missing(name)
    if params["SignatureMethod"].upper() not in _HASHES:
        raise rpc_errors.invalid_method()
    return Claim(
        params["AccessKeyId"],
        params["Signature"],
        params.get("SecurityToken") or None,
        (string_to_sign(method, params),),
        partial(sign, params["SignatureMethod"].upper()),
    )


def string_to_sign(method: str, params: Mapping[str, str]) -> bytes:
    """Return the string that the RPC signature covers: every parameter but the signature."""
    query = canonical_query([pair for pair in params.items() if pair[0] != "Signature"], bare_empty=False)
    return f"{method}&%2F&{percent_encode(query)}".encode()


def sign(signature_method: str, secret: str, text: bytes) -> str:
    """Return the base64 signature of a string to sign; the key is the secret with an ampersand."""
    digest = hmac.new(f"{secret}&".encode(), text, _HASHES[signature_method])
    return base64.b64encode(digest.digest()).decode()
