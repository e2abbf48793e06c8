"""The whole cloud's state, reachable from one object."""

from __future__ import annotations

from localcloud.behaviour import Behaviour
from localcloud.clock import Clock
from localcloud.identity import AccessKey, Account, RoleSession
from localcloud.oss.model import Bucket


class Cloud:
    """Accounts, buckets, sessions and settings.

    Every handler runs on one thread (the server's event loop), so nothing here is locked.
    """

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.clock = Clock()
        self.behaviour = behaviour or Behaviour()
        #: Accounts by UID.
        self.accounts: dict[str, Account] = {}
        #: Buckets by name; bucket names are global.
        self.buckets: dict[str, Bucket] = {}
        #: AssumeRole sessions by access key id.
        self.sessions: dict[str, RoleSession] = {}

    def access_key(self, key_id: str) -> AccessKey | None:
        """Find a permanent access key, of an account or of a RAM user, by its id."""
        for account in self.accounts.values():
            key = account.access_keys.get(key_id) or account.ram.access_keys.get(key_id)
            if key is not None:
                return key
        return None
