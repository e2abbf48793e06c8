"""What a verification finds, as plain data. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

#: ``broken``: not as it was asked for, or data does not arrive. ``lagging``: as asked for, but late. ``unknown``: it
#: could not be read.
Severity = Literal["broken", "lagging", "unknown"]

Health = Literal["healthy", "lagging", "unknown", "broken"]

_WORST_FIRST: tuple[Severity, ...] = ("broken", "unknown", "lagging")


@dataclass(frozen=True)
class Finding:
    """One thing about a pair that is not as it should be.

    :param pair: the pair's name.
    :param part: what it is about: a resource's name (``role``, ``source_grant``, ``rule``, ...), ``source_bucket``,
        ``destination_bucket``, ``lag``, ``history``, ``canary``, ``objects`` or ``access``.
    :param field: what of it, such as ``trust_policy`` or ``prefixes``.
    :param expected: what should be there, as JSON data.
    :param found: what is there, as JSON data.
    :param cause: why that matters or what led to it, a sentence for people.
    :param repair: what repairs it, a sentence for people.
    :param repairable: whether ``repair: apply`` can do that.
    :param extra: more rights than asked for; taken away only with ``remove_extra``.
    :param since: ISO 8601; the first verification in a row that found it. None until that is known.
    """

    pair: str
    part: str
    field: str
    severity: Severity
    expected: Any
    found: Any
    cause: str
    repair: str
    repairable: bool = False
    extra: bool = False
    since: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Return what makes it the same finding in another run."""
        return self.part, self.field

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        """Rebuild from :meth:`to_dict`."""
        return cls(**data)


@dataclass(frozen=True)
class PairResult:
    """All that one verification found out about one pair.

    :param checked_at: when it was verified.
    :param measures: numbers of this run, such as ``lag_seconds``, ``history``, ``arrival_seconds``, ``compared``,
        ``missing``, ``different``, ``surplus``; what was not measured is left out.
    """

    pair: str
    checked_at: datetime
    findings: tuple[Finding, ...] = ()
    measures: dict[str, Any] = field(default_factory=dict)

    @property
    def health(self) -> Health:
        """Return the pair's health: as bad as its worst finding."""
        return health(self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON data, with the health."""
        return {
            "pair": self.pair,
            "checked_at": self.checked_at.isoformat(),
            "health": self.health,
            "findings": [finding.to_dict() for finding in self.findings],
            "measures": self.measures,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PairResult:
        """Rebuild from :meth:`to_dict`."""
        return cls(
            pair=data["pair"],
            checked_at=datetime.fromisoformat(data["checked_at"]),
            findings=tuple(Finding.from_dict(item) for item in data["findings"]),
            measures=dict(data["measures"]),
        )


def health(findings: Iterable[Finding]) -> Health:
    """Return the health that findings add up to: that of the worst."""
    severities = {finding.severity for finding in findings}
    return next((severity for severity in _WORST_FIRST if severity in severities), "healthy")
