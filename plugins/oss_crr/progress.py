"""When is waiting for a rule over? One table, shared by operators and trigger. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from oss_crr.model import Progress

WaitState = Literal["waiting", "complete", "closing", "vanished", "unreadable"]

#: What is waited for: the history to be complete, or a deleted rule to be gone.
Goal = Literal["complete", "gone"]

#: For each goal, the states that no further waiting changes.
FINAL: dict[Goal, frozenset[WaitState]] = {
    "complete": frozenset({"complete", "closing", "vanished", "unreadable"}),
    "gone": frozenset({"vanished", "unreadable"}),
}


@dataclass(frozen=True)
class WaitedRule:
    """A rule that is waited for.

    :param pair: the pair's name.
    :param conn_id: connection of the source account.
    :param has_history: whether the rule replicates historical data.
    """

    pair: str
    conn_id: str
    region: str
    bucket: str
    rule_id: str
    has_history: bool


@dataclass(frozen=True)
class RuleProgress:
    """How far one rule has come, judged.

    :param history: fraction from 0 to 1, None while unknown.
    :param watermark: ISO 8601; writes before it have been copied. None while unknown.
    :param error: why the progress cannot be read, see :func:`oss_crr.outcome.describe_error`.
    """

    pair: str
    state: WaitState
    history: float | None = None
    watermark: str | None = None
    error: dict[str, Any] | None = None

    def is_final(self, goal: Goal) -> bool:
        """Tell whether further waiting changes nothing."""
        return self.state in FINAL[goal]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RuleProgress:
        """Rebuild from ``dataclasses.asdict``."""
        return cls(**data)


def judge(rule: WaitedRule, progress: Progress | None) -> RuleProgress:
    """Say what a progress answer means for someone who waits.

    The service answers a fraction only while a rule is ``doing``; an absent one with history enabled means "not known
    yet", never "finished" (GetBucketReplicationProgress, and the SDK's live tests).

    :param progress: None when the rule does not exist.
    """
    if progress is None:
        return RuleProgress(rule.pair, "vanished")
    watermark = _iso(progress.watermark)
    if progress.status == "closing":
        return RuleProgress(rule.pair, "closing", progress.history, watermark)
    done = progress.status == "doing" and (not rule.has_history or (progress.history or 0.0) >= 1.0)
    return RuleProgress(rule.pair, "complete" if done else "waiting", progress.history, watermark)


def summary(found: Sequence[RuleProgress]) -> str:
    """Return one line for the log: how many are complete, and which is the slowest."""
    complete = sum(item.state == "complete" for item in found)
    waiting = [item for item in found if item.state == "waiting"]
    line = f"{complete} of {len(found)} pairs complete"
    if not waiting:
        return line
    slowest = min(waiting, key=lambda item: item.history or 0.0)
    percent = "not started" if slowest.history is None else f"{slowest.history:.0%}"
    return f"{line}, slowest {slowest.pair} {percent}"


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
