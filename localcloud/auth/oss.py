"""Verification of OSS requests: which scheme, whose key, right signature."""

from __future__ import annotations

from datetime import timedelta

from localcloud.auth import oss_errors, oss_v1, oss_v4
from localcloud.auth.claim import Claim
from localcloud.auth.keys import Key, find_key
from localcloud.cloud import Cloud
from localcloud.http import Request
from localcloud.identity import ANONYMOUS, Caller
from localcloud.oss.addressing import Address


def authenticate(cloud: Cloud, request: Request, address: Address) -> Caller:
    """Return the verified sender; requests without any signature come from nobody and pass.

    :raises OssError: the service's error for whatever is wrong with the signature, the key or the security token.
    """
    claim = _read_claim(cloud, request, address)
    if claim is None:
        return ANONYMOUS
    key = _find_key(cloud, claim)
    if not claim.matches(key.secret):
        raise oss_errors.signature_mismatch(claim)
    return key.caller


def claimed_key_id(request: Request) -> str | None:
    """Return the key id a request names, unverified, for counting and for matching faults."""
    authorization = request.header("authorization") or ""
    if oss_v1.is_header_form(request):
        return authorization.removeprefix("OSS ").partition(":")[0].strip()
    if oss_v4.is_header_form(request):
        return authorization.partition("Credential=")[2].partition("/")[0]
    if oss_v4.is_url_form(request):
        return (request.param("x-oss-credential") or "").partition("/")[0]
    return request.param("OSSAccessKeyId")


def _read_claim(cloud: Cloud, request: Request, address: Address) -> Claim | None:
    """Read the signature under the scheme it is made with; None when there is none."""
    now = cloud.clock.now()
    skew = timedelta(seconds=cloud.behaviour.clock_skew_seconds)
    _refuse_unreadable(request)
    if oss_v4.is_header_form(request):
        return oss_v4.read_header(request, address, now, skew)
    if oss_v1.is_header_form(request):
        return oss_v1.read_header(request, address, now, skew)
    if oss_v4.is_url_form(request):
        return oss_v4.read_url(request, address, now, skew)
    if oss_v1.is_url_form(request):
        return oss_v1.read_url(request, address, now)
    return None


def _refuse_unreadable(request: Request) -> None:
    """Refuse signatures of unknown schemes, and two signatures in one request."""
    authorization = request.header("authorization")
    if authorization is None:
        return
    if oss_v4.is_url_form(request) or oss_v1.is_url_form(request):
        message = "A request must not be signed in the Authorization header and in the URL at the same time."
        raise oss_errors.invalid_authorization(message, "0002-00000061")
    if not oss_v4.is_header_form(request) and not oss_v1.is_header_form(request):
        raise oss_errors.invalid_authorization(
            "Unsupported Authorization Type", "0002-00000002", ArgumentName="Authorization", ArgumentValue=authorization
        )


def _find_key(cloud: Cloud, claim: Claim) -> Key:
    """Return the key of a claim, after checking that it may be used.

    Without its token the service does not know a temporary key, nor a permanent key that comes with a token (vendor
    pages "0002-00000002" and "OSS Access Key Id ... does not exist ... with STS temporary access credentials").
    """
    key = find_key(cloud, claim.access_key_id)
    if key is None or (key.security_token is None) != (claim.security_token is None):
        raise oss_errors.unknown_key(claim.access_key_id)
    if not key.active:
        raise oss_errors.inactive_key(claim.access_key_id)
    if key.security_token != claim.security_token:
        raise oss_errors.invalid_token()
    if key.expired(cloud.clock.now()):
        raise oss_errors.token_expired()
    return key
