"""Reading many things of several accounts once each, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from oss_crr import policy
from oss_crr.converge import in_parallel
from oss_crr.errors import ConnectionSetupError, CredentialsError, OssCrrError, ServiceUnavailable
from oss_crr.reading import attempt
from oss_crr.resources.base import Accounts

if TYPE_CHECKING:
    from oss_crr.hooks.account import Account


class Ask(NamedTuple):
    """One read: what, with which connection, and of which thing."""

    what: str
    conn_id: str
    name: str = ""
    region: str = ""


#: How each kind of thing is read.
_READS: dict[str, Callable[[Account, Ask], Any]] = {
    "identity": lambda account, ask: account.identity(),
    "bucket": lambda account, ask: account.oss(ask.region).get_bucket_info(ask.name),
    "bucket policy": lambda account, ask: _parsed(account.oss(ask.region).get_bucket_policy(ask.name)),
    "rules": lambda account, ask: account.oss(ask.region).list_rules(ask.name),
    "retention": lambda account, ask: account.oss(ask.region).get_worm(ask.name),
    "role": lambda account, ask: account.ram.get_role(ask.name),
    "attached": lambda account, ask: account.ram.list_policies_for_role(ask.name),
    "policy": lambda account, ask: account.ram.get_policy(ask.name, "Custom"),
    "key": lambda account, ask: account.kms(ask.region).describe_key(ask.name),
    "instance": lambda account, ask: account.kms(ask.region).get_instance(ask.name),
    "key policy": lambda account, ask: _parsed(account.kms(ask.region).get_key_policy(ask.name)),
}


def _parsed(text: str | None) -> policy.Document | None:
    return policy.parse(text) if text else None


class Reader:
    """Reads things once, and keeps what was answered: the thing, or the error.

    With a connection whose credentials or endpoint do not work, nothing more is asked.
    """

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._answers: dict[Ask, Any] = {}
        self._unusable: dict[str, OssCrrError] = {}

    def read(self, asks: Iterable[Ask]) -> None:
        """Read side by side what has not been read yet."""
        new = [ask for ask in dict.fromkeys(asks) if ask not in self._answers]
        if not new:
            return
        self._answers.update(zip(new, in_parallel(self._read, new), strict=True))

    def __getitem__(self, ask: Ask) -> Any:
        """Return what was read, or the error that took its place; reads it if need be."""
        self.read([ask])
        return self._answers[ask]

    def _read(self, ask: Ask) -> Any:
        if ask.conn_id in self._unusable:
            return self._unusable[ask.conn_id]
        found = attempt(lambda: _READS[ask.what](self._accounts.get(ask.conn_id), ask))
        if is_connection_trouble(found):
            self._unusable.setdefault(ask.conn_id, found)
        return found


def is_connection_trouble(found: object) -> bool:
    """Tell whether an answer is an error that every call with the same connection meets."""
    if isinstance(found, ServiceUnavailable):
        return found.answer is not None and found.answer.status == 0
    return isinstance(found, CredentialsError | ConnectionSetupError)
