"""Who the credentials belong to, and credentials of an assumed role (STS, version 2015-04-01)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from oss_crr.hooks.connection import Credentials
from oss_crr.hooks.rpc import RpcClient
from oss_crr.model import Identity

SESSION_NAME = "oss-crr"
#: The shortest maximum a role can have, so every role allows it (AssumeRole).
SESSION_SECONDS = 3600
#: Credentials are renewed this long before they end, so that none ends during a call.
RENEW_BEFORE = timedelta(minutes=5)

_DENIED_HINT = "and the role's trust policy has to name the caller's account"


def caller_identity(client: RpcClient) -> Identity:
    """Ask who the credentials belong to; needs no right."""
    answer = client.call("GetCallerIdentity", "the credentials")
    return Identity(account_uid=answer["AccountId"], arn=answer["Arn"], kind=answer["IdentityType"])


class AssumedRole:
    """Temporary credentials of a role, renewed in time. Safe to use from several threads.

    :param client: STS with the credentials that may assume the role.
    :param role_arn: such as ``acs:ram::1234567890123456:role/name``.
    :param mask: told each new secret, so that logs can hide it.
    :param now: the time.
    """

    def __init__(
        self,
        client: RpcClient,
        role_arn: str,
        *,
        mask: Callable[[str], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._role_arn = role_arn
        self._mask = mask
        self._now = now
        self._lock = threading.Lock()
        self._credentials: Credentials | None = None
        self._renew_at = datetime.min.replace(tzinfo=UTC)

    def current(self) -> Credentials:
        """Return valid credentials, assuming the role when there are none.

        :raises PermissionDenied: the caller may not, or the role does not let it.
        :raises NotFound: the role does not exist.
        """
        with self._lock:
            if self._credentials is None or self._now() >= self._renew_at:
                self._credentials = self._assume()
            return self._credentials

    def _assume(self) -> Credentials:
        params = {
            "RoleArn": self._role_arn,
            "RoleSessionName": SESSION_NAME,
            "DurationSeconds": str(SESSION_SECONDS),
        }
        target = f"role `{self._role_arn}` (the connection's `role_arn`)"
        answer = self._client.call("AssumeRole", target, params, denied_hint=_DENIED_HINT)["Credentials"]
        credentials = Credentials(answer["AccessKeyId"], answer["AccessKeySecret"], answer["SecurityToken"])
        for secret in credentials.secrets:
            self._mask(secret)
        self._renew_at = datetime.fromisoformat(answer["Expiration"]) - RENEW_BEFORE
        return credentials
