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

    @property
    def place(self) -> tuple[str, str, str]:
        """Return where it is asked: connection, product and region."""
        product = "oss" if self.what in _OF_OSS else "kms" if self.what in _OF_KMS else ""
        return self.conn_id, product, self.region


_OF_OSS = frozenset({"bucket", "bucket policy", "rules", "retention"})
_OF_KMS = frozenset({"key", "instance", "key policy"})
#: After so many calls without any answer, retries included, a place is asked nothing more.
MAX_SILENCE = 3

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

    With a connection whose credentials do not work, nothing more is asked; nor where nobody answers.
    """

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._answers: dict[Ask, Any] = {}
        self._unusable: dict[str, OssCrrError] = {}
        self._silence: dict[tuple[str, str, str], list[OssCrrError]] = {}

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
        trouble = self._trouble(ask)
        if trouble is not None:
            return trouble
        found = attempt(lambda: _READS[ask.what](self._accounts.get(ask.conn_id), ask))
        if is_connection_trouble(found):
            self._unusable.setdefault(ask.conn_id, found)
        elif _is_silence(found):
            self._silence.setdefault(ask.place, []).append(found)
        return found

    def _trouble(self, ask: Ask) -> OssCrrError | None:
        silence = self._silence.get(ask.place, [])
        return self._unusable.get(ask.conn_id) or (silence[-1] if len(silence) >= MAX_SILENCE else None)


def is_connection_trouble(found: object) -> bool:
    """Tell whether an answer is an error that every call with the same connection meets."""
    return isinstance(found, CredentialsError | ConnectionSetupError)


def _is_silence(found: object) -> bool:
    return isinstance(found, ServiceUnavailable) and found.answer is not None and found.answer.status == 0
