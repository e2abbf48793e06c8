"""Errors that OSS answers when it cannot verify a sender.

Codes, messages and detail codes come from the vendor's pages on the 0002 family of detail codes
(help.aliyun.com/en/oss/user-guide/0002-...) and from error bodies in the SDKs' own tests.
"""

from __future__ import annotations

from datetime import datetime

from localcloud.auth.claim import Claim
from localcloud.errors import OssError
from localcloud.formats import iso_milliseconds


def access_denied(message: str, ec: str, **details: str) -> OssError:
    """Return 403 AccessDenied, with which OSS answers missing, malformed and expired dates."""
    return OssError(403, "AccessDenied", message, ec=ec, details=details)


def invalid_authorization(message: str, ec: str, **details: str) -> OssError:
    """Return 400 InvalidArgument, with which OSS answers signatures that it cannot read."""
    return OssError(400, "InvalidArgument", message, ec=ec, details=details)


def invalid_date() -> OssError:
    """Return the error for a request whose time cannot be read."""
    return access_denied("OSS authentication requires a valid Date.", "0002-00000503")


def expired(expires: datetime, now: datetime) -> OssError:
    """Return the error for a signed URL past its time."""
    return access_denied(
        "Request has expired.", "0002-00000069", Expires=iso_milliseconds(expires), ServerTime=iso_milliseconds(now)
    )


def too_skewed(request_time: datetime, now: datetime) -> OssError:
    """Return the error for a request made at another time than the cloud's; clients correct their clock by it."""
    return OssError(
        403,
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        ec="0002-00000504",
        details={"RequestTime": iso_milliseconds(request_time), "ServerTime": iso_milliseconds(now)},
    )


def unknown_key(access_key_id: str) -> OssError:
    """Return the error for a key id that does not exist, and for temporary keys sent without their token."""
    return OssError(
        403,
        "InvalidAccessKeyId",
        "The OSS Access Key Id you provided does not exist in our records.",
        ec="0002-00000902",
        details={"OSSAccessKeyId": access_key_id},
    )


def inactive_key(access_key_id: str) -> OssError:
    """Return the error for a disabled key."""
    return OssError(
        403,
        "InvalidAccessKeyId",
        "The OSS Access Key Id you provided is disabled.",
        ec="0002-00000903",
        details={"OSSAccessKeyId": access_key_id},
    )


def invalid_token() -> OssError:
    """Return the error for a security token that does not belong to the key."""
    return OssError(403, "InvalidSecurityToken", "The security token you provided is invalid.", ec="0002-00000008")


def token_expired() -> OssError:
    """Return the error for temporary credentials past their time."""
    return OssError(403, "SecurityTokenExpired", "The security token you provided has expired.", ec="0002-00000007")


def signature_mismatch(claim: Claim) -> OssError:
    """Return the error for a wrong signature, with what the server would have signed."""
    text = claim.strings_to_sign[0]
    details = {
        "OSSAccessKeyId": claim.access_key_id,
        "SignatureProvided": claim.signature,
        "StringToSign": text.decode("utf-8", "replace"),
        "StringToSignBytes": text.hex(" ").upper() + " ",
    }
    if claim.canonical_request is not None:
        details["CanonicalRequest"] = claim.canonical_request.decode("utf-8", "replace")
    return OssError(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
        ec="0002-00000040" if claim.canonical_request is None else "0002-00000201",
        details=details,
    )
