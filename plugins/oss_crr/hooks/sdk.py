"""What the clients of all products share: where credentials come from, and how long to wait for an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from oss_crr.hooks.connection import Credentials

CONNECT_SECONDS = 5
READ_SECONDS = 30
#: Connections kept open to one endpoint; more threads than that share one client without harm.
POOL_SIZE = 32

#: Says who calls, for messages: ``connection `oss_source```, with the identity's ARN once that is known.
Describe = Callable[[], str]


class CredentialSource(Protocol):
    """Something that knows the credentials to use now; safe to ask from several threads."""

    def current(self) -> Credentials:
        """Return valid credentials."""
        ...


class FixedCredentials:
    """Credentials that stay as they are.

    :param credentials: as the connection holds them.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def current(self) -> Credentials:
        """Return the credentials."""
        return self._credentials
