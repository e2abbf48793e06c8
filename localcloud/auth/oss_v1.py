"""OSS signature version 1: HMAC-SHA1 over a few headers and the canonical resource.

Vendor pages: "Include a V1 signature in the Authorization header", "Include a V1 signature in the URL".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial

from localcloud.auth import oss_errors
from localcloud.auth.claim import Claim
from localcloud.auth.oss_v1_parameters import SIGNED_BY_ALL, SIGNED_BY_SOME
from localcloud.http import Request
from localcloud.oss.addressing import Address

_AUTHORIZATION = re.compile(r"OSS (?P<id>[^:\s]+):(?P<signature>\S+)\s*")
_URL_PARAMETERS = {"OSSAccessKeyId": "0002-00000071", "Expires": "0002-00000067", "Signature": "0002-00000074"}
#: Values such as ``20240828T010357Z``, which x-oss-date may carry besides the format of the Date header.
_BASIC_ISO = "%Y%m%dT%H%M%SZ"


def is_header_form(request: Request) -> bool:
    """Tell whether the Authorization header holds a version 1 signature."""
    return (request.header("authorization") or "").startswith("OSS ")


def is_url_form(request: Request) -> bool:
    """Tell whether the query holds a version 1 signature, perhaps an incomplete one."""
    return any(name in _URL_PARAMETERS for name, _ in request.query)


def read_header(request: Request, address: Address, now: datetime, skew: timedelta) -> Claim:
    """Read a signature from the Authorization header.

    :param now: the cloud's time.
    :param skew: largest accepted difference between the request's time and ``now``.
    :raises OssError: 400 InvalidArgument for a malformed header, 403 AccessDenied without a valid date, 403
        RequestTimeTooSkewed.
    """
    match = _AUTHORIZATION.fullmatch(request.header("authorization") or "")
    if match is None:
        raise oss_errors.invalid_authorization("Authorization header is invalid.", "0002-00000062")
    date = request.header("x-oss-date") or request.header("date") or ""
    time = _parse_date(date)
    if abs(now - time) > skew:
        raise oss_errors.too_skewed(time, now)
    # One of the vendor's SDKs sends the token of temporary credentials without the usual prefix.
    token = request.header("x-oss-security-token") or request.header("security-token")
    return _claim(request, address, date, match["id"], match["signature"], token)


def read_url(request: Request, address: Address, now: datetime) -> Claim:
    """Read a signature from the query; the expiry is checked before the signature, as the vendor's page says.

    :raises OssError: 403 AccessDenied when a parameter is missing or malformed, and when the URL has expired.
    """
    values = {name: request.param(name) for name in _URL_PARAMETERS}
    for name, value in values.items():
        if not value:
            message = f"URL signature is incomplete: {name} is missing."
            raise oss_errors.access_denied(message, _URL_PARAMETERS[name])
    expires = values["Expires"] or ""
    deadline = _parse_expires(expires)
    if now > deadline:
        raise oss_errors.expired(deadline, now)
    token = request.param("security-token")
    return _claim(request, address, expires, values["OSSAccessKeyId"] or "", values["Signature"] or "", token)


def _claim(request: Request, address: Address, date: str, key_id: str, signature: str, token: str | None) -> Claim:
    parameters = [SIGNED_BY_ALL]
    if any(name in SIGNED_BY_SOME for name, _ in request.query):
        parameters.append(SIGNED_BY_ALL | SIGNED_BY_SOME)
    resources = _resources(request, address)
    variants = tuple(string_to_sign(request, resource, date, names) for resource in resources for names in parameters)
    return Claim(key_id, signature, token, variants, sign)


def _resources(request: Request, address: Address) -> list[bytes]:
    """Return the resources that may be signed; for ``/bucket`` without a slash at the end, opendal signs just that."""
    resources = [address.resource]
    if address.key is None and request.raw_path == f"/{address.bucket}":
        resources.append(address.resource.rstrip(b"/"))
    return resources


def string_to_sign(request: Request, resource: bytes, date: str, signed_parameters: frozenset[str]) -> bytes:
    """Return the bytes that version 1 signs.

    :param resource: ``/``, ``/bucket/`` or ``/bucket/key``, not encoded.
    :param date: the Date line: x-oss-date, Date, or the expiry of a signed URL.
    :param signed_parameters: names of query parameters that belong to the canonical resource.
    """
    headers = request.headers
    lines = [request.method, headers.get("content-md5", ""), headers.get("content-type", ""), date]
    lines += [f"{name}:{headers[name].strip()}" for name in sorted(headers) if name.startswith("x-oss-")]
    head = "\n".join(lines) + "\n"
    return _encode(head) + resource + _encode(_subresources(request, signed_parameters))


def sign(secret: str, text: bytes) -> str:
    """Return the base64 HMAC-SHA1 of a string to sign."""
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha1).digest()).decode()


def _subresources(request: Request, signed_parameters: frozenset[str]) -> str:
    """Return the signed query parameters, sorted and not encoded, with their question mark."""
    chosen = sorted((name, value) for name, value in request.query if name in signed_parameters)
    return "?" * bool(chosen) + "&".join(f"{name}={value}" if value else name for name, value in chosen)


_encode = partial(str.encode, encoding="utf-8", errors="surrogateescape")


def _parse_date(date: str) -> datetime:
    try:
        if date.endswith("Z"):
            return datetime.strptime(date, _BASIC_ISO).replace(tzinfo=UTC)
        time = parsedate_to_datetime(date)
    except (ValueError, TypeError) as error:
        raise oss_errors.invalid_date() from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _parse_expires(expires: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(expires), UTC)
    except (ValueError, OverflowError, OSError) as error:
        message = f"Invalid date (should be seconds since epoch): {expires}"
        raise oss_errors.access_denied(message, "0002-00000070", Expires=expires) from error
