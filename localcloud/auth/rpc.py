"""Verification of RAM, STS and KMS requests: which scheme, whose key, right signature, first use."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from localcloud.auth import acs, rpc_errors, rpc_v1
from localcloud.auth.claim import Claim
from localcloud.auth.keys import Key, find_key
from localcloud.cloud import Cloud
from localcloud.http import Request
from localcloud.identity import Caller

#: ISO 8601; several Node.js clients of the vendor's send milliseconds too.
_TIME_FORMATS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ")


class NonceLog:
    """Nonces seen lately, so that a recorded request cannot be sent again.

    A nonce can be forgotten once the time stamp signed with it is too old to be accepted.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], datetime] = {}

    def use(self, access_key_id: str, nonce: str, now: datetime, lifetime: timedelta) -> bool:
        """Note a nonce; False when it was used before within ``lifetime``."""
        first_use = self._seen.get((access_key_id, nonce))
        if first_use is not None and now - first_use < lifetime:
            return False
        self._forget(now - lifetime)
        self._seen[access_key_id, nonce] = now
        return True

    def _forget(self, until: datetime) -> None:
        """Drop nonces from the old end; the order of insertion is the order of time."""
        while self._seen:
            oldest = next(iter(self._seen))
            if self._seen[oldest] > until:
                return
            del self._seen[oldest]


def authenticate(cloud: Cloud, request: Request, params: Mapping[str, str], nonces: NonceLog) -> Caller:
    """Return the verified sender.

    :param params: parameters of query and form together.
    :raises RpcError: the gateway's error for whatever is wrong with the signature, the key, the security token, the
        time stamp or the nonce.
    """
    skew = timedelta(seconds=cloud.behaviour.clock_skew_seconds)
    by_header = acs.is_used(request)
    claim = acs.read(request) if by_header else rpc_v1.read(request.method, params)
    timestamp = request.header("x-acs-date") if by_header else params["Timestamp"]
    nonce = request.header("x-acs-signature-nonce") if by_header else params["SignatureNonce"]
    _check_time(timestamp, cloud.clock.now(), skew)
    if not nonce:
        raise rpc_errors.missing("SignatureNonce")
    key = _find_key(cloud, claim)
    if not claim.matches(key.secret):
        raise rpc_errors.signature_mismatch(claim)
    if not nonces.use(claim.access_key_id, nonce, cloud.clock.now(), 2 * skew):
        raise rpc_errors.nonce_used()
    return key.caller


def claimed_key_id(request: Request, params: Mapping[str, str]) -> str | None:
    """Return the key id a request names, unverified, for counting and for matching faults."""
    if acs.is_used(request):
        credential = (request.header("authorization") or "").partition("Credential=")[2]
        return credential.partition(",")[0].partition("/")[0].strip()
    return params.get("AccessKeyId")


def _check_time(timestamp: str | None, now: datetime, skew: timedelta) -> None:
    if not timestamp:
        raise rpc_errors.missing("Timestamp")
    if abs(now - _parse_time(timestamp)) > skew:
        raise rpc_errors.expired_timestamp()


def _parse_time(timestamp: str) -> datetime:
    for time_format in _TIME_FORMATS:
        with suppress(ValueError):
            return datetime.strptime(timestamp, time_format).replace(tzinfo=UTC)
    raise rpc_errors.invalid_timestamp()


def _find_key(cloud: Cloud, claim: Claim) -> Key:
    """Return the key of a claim, after checking that it may be used."""
    key = find_key(cloud, claim.access_key_id)
    if key is None:
        raise rpc_errors.unknown_key()
    if not key.active:
        raise rpc_errors.inactive_key()
    if key.security_token is not None and claim.security_token is None:
        raise rpc_errors.missing("SecurityToken")
    if key.security_token != claim.security_token:
        raise rpc_errors.foreign_token()
    if key.expired(cloud.clock.now()):
        raise rpc_errors.token_expired()
    return key
