"""OSS signature version 4: HMAC-SHA256 over a canonical request, with a key bound to date, region and product.

Vendor pages: "Include a V4 signature in the Authorization header", "Include a V4 signature in the URL".
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from localcloud.auth import oss_errors
from localcloud.auth.claim import Claim, canonical_query, hmac_sha256, percent_encode, sha256_hex, signing_key
from localcloud.formats import whole_number
from localcloud.http import Request
from localcloud.oss.addressing import Address

ALGORITHM = "OSS4-HMAC-SHA256"
_TERMINATOR = "aliyun_v4_request"
_PRODUCTS = frozenset({"oss", "oss-cloudbox"})
_UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
_TIME_FORMAT = "%Y%m%dT%H%M%SZ"
_HTTP_TIME_FORMAT = "%a, %d %b %Y %H:%M:%S GMT"
_LONGEST_VALIDITY = timedelta(days=7)
#: A plain region id; the endpoint's name ``oss-cn-hangzhou`` is the usual mistake.
_REGION = re.compile(r"(?!oss-)[a-z]{2,}-[a-z0-9-]+")


@dataclass(frozen=True)
class Credential:
    """The scope that a version 4 key is bound to: ``id/yyyymmdd/region/product/aliyun_v4_request``."""

    access_key_id: str
    date: str
    region: str
    product: str
    terminator: str

    @property
    def scope(self) -> str:
        """Return the credential without the key id."""
        return f"{self.date}/{self.region}/{self.product}/{self.terminator}"


def is_header_form(request: Request) -> bool:
    """Tell whether the Authorization header holds a version 4 signature."""
    return (request.header("authorization") or "").startswith(ALGORITHM)


def is_url_form(request: Request) -> bool:
    """Tell whether the query holds a version 4 signature."""
    return request.param("x-oss-signature-version") == ALGORITHM


def scope_region(request: Request) -> str | None:
    """Return the region that the signature names, unverified; None for other schemes and malformed credentials."""
    if is_header_form(request):
        credential = _authorization_fields(request).get("Credential", "")
    else:
        credential = request.param("x-oss-credential") or ""
    parts = credential.split("/")
    return parts[2] if len(parts) == 5 else None


def read_header(request: Request, address: Address, now: datetime, skew: timedelta) -> Claim:
    """Read a signature from the Authorization header. Fields may stand in any order, with or without blanks.

    :param now: the cloud's time.
    :param skew: largest accepted difference between the request's time and ``now``.
    :raises OssError: 400 InvalidArgument for a malformed header or scope, 403 AccessDenied without a valid date, 403
        RequestTimeTooSkewed.
    """
    fields = _authorization_fields(request)
    credential = _parse_credential(fields.get("Credential", ""), address, "Authorization header")
    # The Go SDK (ossutil) sends no x-oss-date, and signs the Date header as it is.
    timestamp = request.header("x-oss-date") or request.header("date") or ""
    time = _parse_time(timestamp, credential, "Authorization header")
    if abs(now - time) > skew:
        raise oss_errors.too_skewed(time, now)
    payload = _check_payload(request, request.header("x-oss-content-sha256"))
    additional = _header_names(fields.get("AdditionalHeaders"))
    canonical = canonical_request(request, address, additional, payload)
    token = request.header("x-oss-security-token")
    return _claim(credential, timestamp, canonical, fields.get("Signature", ""), token)


def read_url(request: Request, address: Address, now: datetime, skew: timedelta) -> Claim:
    """Read a signature from the query.

    :raises OssError: 400 InvalidArgument for malformed parameters, 403 AccessDenied when the URL has expired, 403
        RequestTimeTooSkewed when it was made in the future.
    """
    credential = _parse_credential(request.param("x-oss-credential") or "", address, "x-oss-credential")
    timestamp = request.param("x-oss-date") or ""
    time = _parse_time(timestamp, credential, "x-oss-credential")
    deadline = time + _parse_validity(request.param("x-oss-expires") or "")
    if now > deadline:
        raise oss_errors.expired(deadline, now)
    if time > now + skew:
        raise oss_errors.too_skewed(time, now)
    payload = _check_payload(request, request.header("x-oss-content-sha256") or _UNSIGNED_PAYLOAD)
    additional = _header_names(request.param("x-oss-additional-headers"))
    canonical = canonical_request(request, address, additional, payload)
    token = request.param("x-oss-security-token")
    return _claim(credential, timestamp, canonical, request.param("x-oss-signature") or "", token)


def canonical_request(request: Request, address: Address, additional: tuple[str, ...], payload: str) -> bytes:
    """Return the canonical request.

    :param additional: lower-case names of headers signed besides ``x-oss-*``, ``content-type`` and ``content-md5``.
    :param payload: ``UNSIGNED-PAYLOAD`` or the body's SHA-256.
    """
    resource = percent_encode(address.resource.decode("utf-8", "surrogateescape"), safe="/")
    query = canonical_query([pair for pair in request.query if pair[0] != "x-oss-signature"], bare_empty=True)
    names = sorted(name for name in request.headers if _is_always_signed(name) or name in additional)
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names)
    text = "\n".join([request.method, resource, query, headers, ";".join(additional), payload])
    return text.encode("utf-8", "surrogateescape")


def string_to_sign(timestamp: str, scope: str, canonical: bytes) -> bytes:
    """Return the string that version 4 signs."""
    return f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256_hex(canonical)}".encode()


def sign(credential: Credential, secret: str, text: bytes) -> str:
    """Return the hexadecimal signature of a string to sign."""
    key = signing_key(secret, credential.date, credential.region, credential.product, credential.terminator)
    return hmac_sha256(key, text).hex()


def _claim(credential: Credential, timestamp: str, canonical: bytes, signature: str, token: str | None) -> Claim:
    text = string_to_sign(timestamp, credential.scope, canonical)
    return Claim(credential.access_key_id, signature, token, (text,), partial(sign, credential), canonical)


def _authorization_fields(request: Request) -> dict[str, str]:
    """Split ``Credential=..., AdditionalHeaders=..., Signature=...``."""
    fields = (request.header("authorization") or "").removeprefix(ALGORITHM).split(",")
    pairs = (field.strip().partition("=") for field in fields)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _header_names(field: str | None) -> tuple[str, ...]:
    """Split a list of header names into sorted lower-case names without those that are signed anyway."""
    names = {name.strip().lower() for name in (field or "").split(";")}
    return tuple(sorted(name for name in names if name and not _is_always_signed(name)))


def _is_always_signed(name: str) -> bool:
    return name.startswith("x-oss-") or name in ("content-type", "content-md5")


def _parse_credential(text: str, address: Address, where: str) -> Credential:
    parts = text.split("/")
    if len(parts) != 5 or parts[4] != _TERMINATOR or not parts[0]:
        raise oss_errors.invalid_authorization(f"Invalid Credential in {where}.", "0002-00000213")
    credential = Credential(*parts)
    if credential.product not in _PRODUCTS:
        raise oss_errors.invalid_authorization(f"Invalid signing product in {where}.", "0002-00000227")
    if not _REGION.fullmatch(credential.region) or address.region not in (None, credential.region):
        raise oss_errors.invalid_authorization(f"Invalid signing region in {where}.", "0002-00000226")
    return credential


def _parse_time(timestamp: str, credential: Credential, where: str) -> datetime:
    """Return the request's time, which must fall on the credential's date."""
    time_format = _TIME_FORMAT if timestamp.endswith("Z") else _HTTP_TIME_FORMAT
    try:
        time = datetime.strptime(timestamp, time_format).replace(tzinfo=UTC)
    except ValueError as error:
        raise oss_errors.invalid_date() from error
    if credential.date != time.strftime("%Y%m%d"):
        raise oss_errors.invalid_authorization(f"Invalid signing date in {where}.", "0002-00000212")
    return time


def _parse_validity(expires: str) -> timedelta:
    if not expires:
        raise oss_errors.invalid_authorization("x-oss-expires is required.", "0002-00000216")
    seconds = whole_number(expires)
    if seconds is not None and 1 <= seconds <= _LONGEST_VALIDITY.total_seconds():
        return timedelta(seconds=seconds)
    message = "x-oss-expires must be between 1 and 604800 seconds."
    raise oss_errors.invalid_authorization(
        message, "0002-00000232", ArgumentName="x-oss-expires", ArgumentValue=expires
    )


def _check_payload(request: Request, given: str | None) -> str:
    """Return the payload line; a hash must be the body's."""
    if given == _UNSIGNED_PAYLOAD:
        return given
    if given is None or not hmac.compare_digest(given.encode(), sha256_hex(request.body).encode()):
        raise oss_errors.invalid_authorization("Invalid x-oss-content-sha256 header.", "0002-00000214")
    return given
