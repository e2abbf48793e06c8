"""From an access key id to its secret and the identity behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from localcloud.cloud import Cloud
from localcloud.identity import AccessKey, Caller, RoleSession


@dataclass(frozen=True)
class Key:
    """A permanent or temporary key as the verification needs it.

    :param security_token: the token that must come with a temporary key; None for permanent ones.
    :param expires: end of a temporary key's life; None for permanent ones.
    """

    secret: str
    caller: Caller
    active: bool = True
    security_token: str | None = None
    expires: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Tell whether a temporary key's time is over."""
        return self.expires is not None and now >= self.expires


def find_key(cloud: Cloud, access_key_id: str) -> Key | None:
    """Find a key of an account, a RAM user or a role session by its id."""
    session = cloud.sessions.get(access_key_id)
    if session is not None:
        return Key(session.secret, _session_caller(session), True, session.security_token, session.expires)
    access_key = cloud.access_key(access_key_id)
    if access_key is None:
        return None
    return Key(access_key.secret, _permanent_caller(cloud, access_key), access_key.active)


def _session_caller(session: RoleSession) -> Caller:
    return Caller(
        kind="assumed_role",
        account_uid=session.account_uid,
        name=session.role_name,
        principal_id=session.role_id,
        session_name=session.session_name,
        session_policy=session.policy,
        access_key_id=session.access_key_id,
    )


def _permanent_caller(cloud: Cloud, key: AccessKey) -> Caller:
    if key.user_name is None:
        return Caller("account", key.account_uid, principal_id=key.account_uid, access_key_id=key.id)
    user = cloud.accounts[key.account_uid].ram.users[key.user_name]
    return Caller("ram_user", key.account_uid, user.name, user.id, access_key_id=key.id)
