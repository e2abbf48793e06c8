"""Writing down what a verification finds. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oss_crr.errors import CredentialsError, OssCrrError, PermissionDenied, TransientError
from oss_crr.verification.model import Finding, Severity

#: The part of findings about what could not be read.
ACCESS = "access"

_REPAIRS: tuple[tuple[type[OssCrrError], str], ...] = (
    (TransientError, "nothing to repair: the next verification reads it again"),
    (CredentialsError, "correct the connection"),
    (
        PermissionDenied,
        "give the connection's user the right, see include/policies/caller-*.json",
    ),
)


@dataclass(frozen=True)
class Part:
    """A part of a pair, to write down findings about.

    :param pair: the pair's name.
    :param name: the part, see :class:`oss_crr.verification.model.Finding`.
    """

    pair: str
    name: str

    def broken(
        self, field: str, expected: Any, found: Any, cause: str, repair: str, *, repairable: bool = True
    ) -> Finding:
        """Return a finding about something that is not as it was asked for."""
        return Finding(self.pair, self.name, field, "broken", expected, found, cause, repair, repairable)

    def too_much(
        self,
        field: str,
        expected: Any,
        found: Any,
        cause: str,
        repair: str,
        *,
        repairable: bool = True,
        severity: Severity = "broken",
    ) -> Finding:
        """Return a finding about rights that nobody asked for."""
        return Finding(self.pair, self.name, field, severity, expected, found, cause, repair, repairable, extra=True)

    def unknown(self, field: str, expected: Any, found: Any, cause: str, repair: str) -> Finding:
        """Return a finding about something that cannot be told."""
        return Finding(self.pair, self.name, field, "unknown", expected, found, cause, repair)


def unreadable(pair: str, field: str, error: OssCrrError) -> Finding:
    """Return the finding about something that could not be read.

    :param field: what it is, the part's name or the side's.
    """
    repair = next((text for kind, text in _REPAIRS if isinstance(error, kind)), "see what the service answered")
    found = {"type": type(error).__name__, "retryable": isinstance(error, TransientError)}
    return Part(pair, ACCESS).unknown(field, "readable", found, f"{field} could not be read: {error}", repair)
