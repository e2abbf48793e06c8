"""What earlier verifications found out about a pair: its last results, and since when each finding is known. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from oss_crr.verification.model import Finding, Health, PairResult

#: Results that are kept of each pair.
KEEP = 20
#: Findings about these parts tell of data that travels; all others are drift of the configuration.
_NOT_CONFIGURED = frozenset({"lag", "history", "canary", "objects", "access"})

_Row = list[Any]


@dataclass(frozen=True)
class TrendPoint:
    """One verification of one pair, in short.

    :param at: ISO 8601, when it was verified.
    :param drift: how many findings are about the configuration.
    :param lag_seconds: how far replication lay behind; None when that was not measured.
    :param arrival_seconds: how long the canary took; None when none was sent.
    """

    at: str
    health: Health
    drift: int
    lag_seconds: float | None = None
    arrival_seconds: float | None = None

    @classmethod
    def of(cls, result: PairResult) -> TrendPoint:
        """Return a result in short."""
        return cls(
            at=result.checked_at.isoformat(),
            health=result.health,
            drift=sum(finding.part not in _NOT_CONFIGURED for finding in result.findings),
            lag_seconds=result.measures.get("lag_seconds"),
            arrival_seconds=result.measures.get("arrival_seconds"),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the point as JSON data."""
        return dict(vars(self))  # faster than asdict, which copies what cannot change


@dataclass(frozen=True)
class Trend:
    """What is known of a pair from earlier verifications.

    :param points: the last results, oldest first.
    :param since: when each open finding was first found, by :func:`finding_key`.
    :param memory: what each step goes on from in its next run, by the step's name.
    """

    points: tuple[TrendPoint, ...] = ()
    since: Mapping[str, str] = field(default_factory=dict)
    memory: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def dated(self, result: PairResult) -> PairResult:
        """Return a result whose findings say since when they are known."""
        now = result.checked_at.isoformat()
        findings = (replace(item, since=self.since.get(finding_key(item), now)) for item in result.findings)
        return replace(result, findings=tuple(findings))

    def followed_by(
        self, result: PairResult, memory: Mapping[str, Mapping[str, Any]] | None = None, keep: int = KEEP
    ) -> Trend:
        """Return the trend with one more result, whose findings are dated.

        The same verification, judged again, takes the place of its first judgement.

        :param memory: what each step is to remember; a step that has nothing new keeps what it had.
        :param keep: how many results are kept.
        """
        point = TrendPoint.of(result)
        points = [*self._before(point.at), point][-keep:]
        since = {finding_key(item): item.since for item in result.findings if item.since}
        if result.health == "unknown":
            # Nobody could look: what was wrong before has not become right by that.
            since = {**self.since, **since}
        fresh = {step: values for step, values in (memory or {}).items() if values}
        return Trend(tuple(points), since, {**self.memory, **fresh})

    def health_before(self, result: PairResult) -> Health | None:
        """Return the pair's health in the verification before a result; None when there was none."""
        earlier = self._before(result.checked_at.isoformat())
        return earlier[-1].health if earlier else None

    def _before(self, at: str) -> Sequence[TrendPoint]:
        return [point for point in self.points if point.at < at]

    def to_row(self) -> _Row:
        """Return the trend as JSON data without names, because a store holds twenty points for each of many pairs."""
        points = [list(vars(point).values()) for point in self.points]
        return [points, dict(self.since), dict(self.memory)]

    @classmethod
    def from_row(cls, row: _Row) -> Trend:
        """Rebuild from :meth:`to_row`."""
        points, since, memory = row
        return cls(tuple(TrendPoint(*values) for values in points), since, memory)


def finding_key(finding: Finding) -> str:
    """Return what makes it the same finding in another verification, as text."""
    return "/".join(finding.key)


def changed(before: Health | None, now: Health) -> bool:
    """Tell whether a pair's health is news: it changed, or it is bad the first time that it is known."""
    return now != (before or "healthy")


def sparkline(points: Iterable[TrendPoint]) -> str:
    """Return one letter for each result, oldest first: ``.`` for healthy, else the first letter of the health."""
    return "".join("." if point.health == "healthy" else point.health[0] for point in points)
