"""Header signatures of the OpenAPI gateway: ACS3-HMAC-SHA256, and ACS4-HMAC-SHA256 with a scoped key.

Vendor page: "V3 request body and signature method". The client says which headers it signed; SDKs differ widely in
their choice, so the list is taken from the request, and only has to hold what decides the request's meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from localcloud.auth import rpc_errors
from localcloud.auth.claim import Claim, canonical_query, hmac_sha256, sha256_hex, signing_key
from localcloud.http import Request

ACS3 = "ACS3-HMAC-SHA256"
ACS4 = "ACS4-HMAC-SHA256"
_SCOPE_PARTS = 4
#: Headers that must be signed when they are present.
_ESSENTIAL = (
    "host",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
    "x-acs-security-token",
)
_FIELDS = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]*)")


@dataclass(frozen=True)
class Authorization:
    """The parts of an ``ACS3-`` or ``ACS4-HMAC-SHA256`` Authorization header.

    :param scope: date, region, product and terminator; empty under ACS3.
    """

    algorithm: str
    access_key_id: str
    scope: tuple[str, ...]
    signed_headers: tuple[str, ...]
    signature: str


def is_used(request: Request) -> bool:
    """Tell whether the Authorization header holds a signature of this family, of whatever algorithm."""
    return (request.header("authorization") or "").startswith(("ACS3-", "ACS4-"))


def parse_authorization(request: Request) -> Authorization:
    """Read the Authorization header.

    :raises RpcError: 400 IncompleteSignature when it is malformed, of another algorithm, or leaves out a header that
        decides what the request means.
    """
    header = request.header("authorization") or ""
    algorithm = header.partition(" ")[0]
    fields = dict(_FIELDS.findall(header))
    access_key_id, *scope = fields.get("Credential", "").split("/")
    signed = tuple(name.lower() for name in fields.get("SignedHeaders", "").split(";"))
    if algorithm not in (ACS3, ACS4) or len(scope) != (_SCOPE_PARTS if algorithm == ACS4 else 0):
        raise rpc_errors.incomplete_signature("The Authorization header is malformed.")
    if not access_key_id or not fields.get("Signature"):
        raise rpc_errors.incomplete_signature("Credential and Signature are mandatory.")
    unsigned = [name for name in _ESSENTIAL if name in request.headers and name not in signed]
    if unsigned:
        raise rpc_errors.incomplete_signature(f"SignedHeaders must contain {', '.join(unsigned)}.")
    return Authorization(algorithm, access_key_id, tuple(scope), signed, fields["Signature"])


def read(request: Request) -> Claim:
    """Read a signature.

    :raises RpcError: as :func:`parse_authorization`.
    """
    authorization = parse_authorization(request)
    canonical = canonical_request(request, authorization.signed_headers)
    return Claim(
        authorization.access_key_id,
        authorization.signature,
        request.header("x-acs-security-token"),
        (f"{authorization.algorithm}\n{sha256_hex(canonical)}".encode(),),
        partial(sign, authorization.scope),
        canonical,
    )


def canonical_request(request: Request, signed_headers: tuple[str, ...]) -> bytes:
    """Return the canonical request; the hash in it is always the one of the body that arrived."""
    headers = "".join(f"{name}:{(request.header(name) or '').strip()}\n" for name in signed_headers)
    query = canonical_query(request.query, bare_empty=False)
    lines = [
        request.method,
        request.raw_path or "/",
        query,
        headers,
        ";".join(signed_headers),
        sha256_hex(request.body),
    ]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def sign(scope: tuple[str, ...], secret: str, text: bytes) -> str:
    """Return the hexadecimal signature of a string to sign.

    :param scope: the ACS4 scope that the key is derived for; empty means the plain secret (ACS3).
    """
    key = signing_key(secret, *scope) if scope else secret.encode()
    return hmac_sha256(key, text).hex()
