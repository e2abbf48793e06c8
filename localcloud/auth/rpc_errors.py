"""Errors that the gateway of RAM, STS and KMS answers when it cannot verify a sender.

Vendor page: "Common error codes" of the OpenAPI gateway; messages as recorded by users of the SDKs.
"""

from __future__ import annotations

from localcloud.auth.claim import Claim
from localcloud.errors import RpcError


def missing(parameter: str) -> RpcError:
    """Return the error for a parameter that every request needs."""
    return RpcError(400, f"Missing{parameter}", f"{parameter} is mandatory for this action.")


def incomplete_signature(reason: str) -> RpcError:
    """Return the error for a signature that cannot be read."""
    return RpcError(
        400, "IncompleteSignature", f"The request signature does not conform to Aliyun standards. {reason}".strip()
    )


def invalid_timestamp() -> RpcError:
    """Return the error for a time in another format than ISO 8601 with seconds and ``Z``."""
    return RpcError(400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")


def expired_timestamp() -> RpcError:
    """Return the error for a request made at another time than the cloud's."""
    return RpcError(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")


def unknown_key() -> RpcError:
    """Return the error for a key id that does not exist."""
    return RpcError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")


def inactive_key() -> RpcError:
    """Return the error for a disabled key."""
    return RpcError(400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.")


def foreign_token() -> RpcError:
    """Return the error for a security token that does not belong to the key."""
    return RpcError(
        400, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey."
    )


def token_expired() -> RpcError:
    """Return the error for temporary credentials past their time."""
    return RpcError(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")


def invalid_method() -> RpcError:
    """Return the error for a signature algorithm that the gateway does not know."""
    return RpcError(400, "InvalidSignatureMethod", "Specified signature method is not valid.")


def nonce_used() -> RpcError:
    """Return the error for a request sent a second time."""
    return RpcError(400, "SignatureNonceUsed", "Specified signature nonce was used already.")


def signature_mismatch(claim: Claim) -> RpcError:
    """Return the error for a wrong signature, with what the server would have signed."""
    text = claim.strings_to_sign[0].decode("utf-8", "replace")
    if claim.canonical_request is None:
        message = f"Specified signature is not matched with our calculation. server string to sign is:{text}"
    else:
        canonical = claim.canonical_request.decode("utf-8", "replace")
        message = (
            "Specified signature does not match our calculation. "
            f"server StringToSign is [{text}] server CanonicalRequest is [{canonical}]"
        )
    return RpcError(400, "SignatureDoesNotMatch", message)
