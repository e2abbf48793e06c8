"""Does replication keep up? The watermark against now, history that has stopped moving, a rule that does not run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from oss_crr.converge import in_parallel
from oss_crr.errors import OssCrrError
from oss_crr.fleet.entry import FleetEntry
from oss_crr.model import Progress
from oss_crr.resources.base import Accounts
from oss_crr.verification.late import LateObject, find_late
from oss_crr.verification.model import Finding, Severity
from oss_crr.verification.target import Drift, Target, targets

Measures = Mapping[str, Any]

#: History that shows the same percentage for this long counts as stopped. It is told in whole percent, and a percent
#: of a large bucket takes its time.
HISTORY_STALLS_AFTER = timedelta(minutes=45)
#: What has not arrived for this long is not late but lost.
BROKEN_AFTER = timedelta(hours=24)


@dataclass(frozen=True)
class LagResult:
    """What one read of a rule's progress says about a pair.

    :param pair: the pair's name.
    :param measures: ``status``, ``history`` and ``history_since``, ``watermark``, ``lag_seconds``, ``starting_since``;
        what is not known is left out. The next run takes them as ``previous``.
    """

    pair: str
    findings: tuple[Finding, ...] = ()
    measures: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON data."""
        findings = [finding.to_dict() for finding in self.findings]
        return {"pair": self.pair, "findings": findings, "measures": self.measures}


def check_lag(
    accounts: Accounts,
    entries: Sequence[FleetEntry],
    drifts: Iterable[Drift],
    now: datetime,
    previous: Mapping[str, Measures],
) -> list[LagResult]:
    """Read the progress of each pair's rule, once, and judge it.

    An old watermark alone is no lag: nothing tells whether it moves on in a bucket that nobody writes to. So a pair
    lags only if an object is found that was written since, and has not arrived within the pair's limit. That is looked
    for only where the watermark is old.

    :param now: the time to judge by.
    :param previous: measures of the last run, by the pair's name; none for pairs that were never verified.
    """
    return in_parallel(
        lambda target: _check(accounts, target, now, previous.get(target.name, {})), targets(entries, drifts)
    )


def _check(accounts: Accounts, target: Target, now: datetime, previous: Measures) -> LagResult:
    if target.rule is None or target.rule.status == "closing" or not target.pair.manages_source:
        return LagResult(target.name)  # The drift check says what there is to say.
    oss = accounts.source(target.pair).oss(target.pair.source_region)
    try:
        progress = oss.progress(target.pair.source_bucket, target.rule.id)
        if progress is None or progress.status != "doing":
            return judge_idle_rule(target, progress, now, previous)
        late = find_late(accounts, target, progress.watermark, now) if _is_old(target, progress, now) else None
    except OssCrrError as error:
        return LagResult(target.name, (_unreadable(target, error),))
    return judge_running_rule(target, progress, late, now, previous)


def _is_old(target: Target, progress: Progress, now: datetime) -> bool:
    return progress.watermark is not None and now - progress.watermark > target.limit


def judge_idle_rule(target: Target, progress: Progress | None, now: datetime, previous: Measures) -> LagResult:
    """Judge a rule that copies nothing at the moment.

    :param progress: None when the rule does not exist any more.
    """
    if progress is None or progress.status == "closing":
        found = "gone" if progress is None else "closing"
        return LagResult(target.name, (_removed(target, found),), {"status": found})
    since = str(previous.get("starting_since") or now.isoformat())
    late = now - datetime.fromisoformat(since) > target.limit
    findings = (_not_started(target, since),) if late else ()
    return LagResult(target.name, findings, {"status": "starting", "starting_since": since})


def judge_running_rule(
    target: Target, progress: Progress, late: LateObject | None, now: datetime, previous: Measures
) -> LagResult:
    """Judge a rule that copies.

    :param late: an object that should have arrived; None when none was looked for or found.
    """
    measures: dict[str, Any] = {"status": progress.status}
    findings: list[Finding] = []
    if progress.watermark is not None:
        measures["watermark"] = progress.watermark.isoformat()
        measures["lag_seconds"] = round(max(0.0, (now - progress.watermark).total_seconds()), 1)
    if late is not None:
        findings.append(_late(target, progress, late, now))
    if progress.historical_data and progress.history is not None:
        since = _history_since(progress.history, now, previous)
        measures |= {"history": progress.history, "history_since": since.isoformat()}
        if progress.history < 1 and now - since >= HISTORY_STALLS_AFTER:
            findings.append(_stalled_history(target, progress.history, since))
    return LagResult(target.name, tuple(findings), measures)


def _history_since(history: float, now: datetime, previous: Measures) -> datetime:
    """Return since when history shows its present percentage."""
    known = previous.get("history_since")
    return datetime.fromisoformat(str(known)) if known and previous.get("history") == history else now


# --- findings --------------------------------------------------------------------------------------------------------


def _removed(target: Target, found: str) -> Finding:
    return Finding(
        target.name,
        "lag",
        "status",
        "broken",
        "doing",
        found,
        cause="somebody removed the replication rule: nothing written from now on is copied",
        repair="repair, or run the setup again; a rule that is closing has to be gone first",
        repairable=True,
    )


def _not_started(target: Target, since: str) -> Finding:
    return Finding(
        target.name,
        "lag",
        "status",
        "lagging",
        "doing",
        {"status": "starting", "since": since},
        cause="the rule has not begun to copy; OSS says that this takes three to five minutes",
        repair="look at the rule in the OSS console; if it stays like this, open a ticket, or set the pair up again",
    )


def _late(target: Target, progress: Progress, late: LateObject, now: datetime) -> Finding:
    severity: Severity = "broken" if now - late.written > BROKEN_AFTER else "lagging"
    return Finding(
        target.name,
        "lag",
        "watermark",
        severity,
        {"max_lag_minutes": target.limit.total_seconds() / 60},
        {
            "watermark": progress.watermark.isoformat() if progress.watermark else None,
            "object": late.key,
            "written": late.written.isoformat(),
        },
        cause=(
            f"object `{late.key}` was written {_span(now - late.written)} ago and has not been copied: replication has "
            f"come to what was written until {progress.watermark:%Y-%m-%d %H:%M:%S} UTC"
        ),
        repair=(
            "if nothing else is wrong with the pair, it will catch up: look at the amount of new data in the OSS "
            "console, switch `rtc` on if it has to be faster, or raise `max_lag_minutes`"
        ),
    )


def _stalled_history(target: Target, history: float, since: datetime) -> Finding:
    return Finding(
        target.name,
        "history",
        "progress",
        "lagging",
        {"history": 1.0},
        {"history": history, "since": since.isoformat()},
        cause=f"historical data has been {history:.0%} copied since {since:%Y-%m-%d %H:%M} UTC and does not move",
        repair="compare the objects to see which are missing; often the role lacks the right to some, or to their key",
    )


def _unreadable(target: Target, error: OssCrrError) -> Finding:
    return Finding(
        target.name,
        "lag",
        "progress",
        "unknown",
        "readable",
        None,
        cause=f"how far replication has come could not be read: {error}",
        repair="see the cause; the next verification tries again",
    )


def _span(time: timedelta) -> str:
    minutes = round(time.total_seconds() / 60)
    return f"{minutes} minutes" if minutes < 180 else f"{minutes / 60:.0f} hours"
