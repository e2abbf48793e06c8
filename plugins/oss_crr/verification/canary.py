"""The canary: a small object that is written, overwritten and deleted at the source, to see what the destination does.

A state machine without any I/O. A canary goes through its stages one by one; in each, something was done at the source
(:mod:`oss_crr.verification.canary_moves`), the destination is looked at until that has arrived, and :func:`judge` says
what a look means.

===============  ===================================  ========================================================
stage            done at the source                   wanted at the destination
===============  ===================================  ========================================================
write            a new object                         the same content
overwrite        other content under the same key     that content
delete           deletion (a marker where versioned)  no object, if the rule carries that over; else the object
delete_version   deletion of a version for good       the same of the version (versioned buckets only)
===============  ===================================  ========================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

Stage = Literal["write", "overwrite", "delete", "delete_version"]

#: ``waiting``: look again. ``passed``: as wanted. Everything else ends the canary, and is a finding.
Verdict = Literal[
    "waiting",
    "passed",
    "delay",
    "loss",
    "corruption",
    "stale_overwrite",
    "delete_not_propagated",
    "delete_against_rule",
    "unreadable",
]

#: A deletion that must not travel has not, once the watermark is this far beyond it, ...
HOLD = timedelta(seconds=10)
#: ... or once this many times the slowest arrival of the same canary has passed, and at least as long as this: in a
#: bucket that nobody writes to, the watermark may stay where it is.
PATIENCE = 3
PATIENCE_AT_LEAST = timedelta(seconds=60)
#: The service's times are whole seconds, so this much of the future counts as the same moment.
_RESOLUTION = timedelta(seconds=1)


@dataclass(frozen=True)
class Place:
    """A bucket, and how to reach it."""

    conn_id: str
    region: str
    bucket: str


@dataclass(frozen=True)
class Content:
    """An object's content, as far as its headers tell.

    :param etag: says nothing about KMS-encrypted content.
    :param crc64: None when the service left it out.
    """

    size: int
    etag: str
    crc64: str | None

    def equals(self, other: Content) -> bool:
        """Tell whether two objects have the same content."""
        if self.crc64 and other.crc64:
            return (self.size, self.crc64) == (other.size, other.crc64)
        return (self.size, self.etag) == (other.size, other.etag)


@dataclass(frozen=True)
class Canary:
    """A canary on its way.

    :param pair: the pair's name.
    :param deletes_travel: whether the rule carries deletions over.
    :param limit_seconds: how long each stage may take.
    :param done_at: when the stage's change was made at the source, ISO 8601, by the service's clock.
    :param began: the same in UNIX time, by the clock of this machine.
    :param wanted: what the destination should hold; None in the stages of deletion.
    :param former: what it held before.
    :param version_id: of the last write; None in buckets without versioning.
    :param arrivals: seconds that each finished stage took.
    """

    pair: str
    source: Place
    destination: Place
    rule_id: str
    key: str
    versioned: bool
    deletes_travel: bool
    limit_seconds: float
    stage: Stage = "write"
    done_at: str = ""
    began: float = 0.0
    wanted: Content | None = None
    former: Content | None = None
    version_id: str | None = None
    arrivals: dict[str, float] = field(default_factory=dict)

    @property
    def deadline(self) -> float:
        """Return the UNIX time at which the stage has to be over."""
        return self.began + self.limit_seconds

    @property
    def is_to_stay(self) -> bool:
        """Tell whether the destination is to keep what was deleted at the source.

        Delete markers travel under both replication policies, everything else only when deletes are asked for (vendor
        page "CRR in specific scenarios").
        """
        if self.stage == "delete":
            return not (self.deletes_travel or self.versioned)
        return self.stage == "delete_version" and not self.deletes_travel

    @property
    def next_stage(self) -> Stage | None:
        """Return the stage that follows; None after the last one."""
        stages: tuple[Stage, ...] = ("write", "overwrite", "delete")
        stages += ("delete_version",) if self.versioned else ()
        following = stages[stages.index(self.stage) + 1 :]
        return following[0] if following else None

    def passed(self, seen: Sight) -> Canary:
        """Return the canary with the time that its stage took."""
        return replace(self, arrivals={**self.arrivals, self.stage: round(max(0.0, seen.at - self.began), 1)})

    def to_dict(self) -> dict[str, Any]:
        """Return the canary as JSON data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Canary:
        """Rebuild from :meth:`to_dict`."""
        known = {name: Content(**data[name]) for name in ("wanted", "former") if data[name]}
        places = {name: Place(**data[name]) for name in ("source", "destination")}
        return cls(**{**data, **known, **places})


@dataclass(frozen=True)
class Sight:
    """One look at a canary at its destination.

    :param at: when, in UNIX time.
    :param present: whether the object is there, or the version that was deleted at the source.
    :param content: of the object.
    :param watermark: ISO 8601; None when it was not asked for, or is not known.
    :param error: why the destination could not be read, see :func:`oss_crr.outcome.describe_error`.
    """

    at: float
    present: bool = False
    content: Content | None = None
    watermark: str | None = None
    error: dict[str, Any] | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Sight:
        """Rebuild from ``dataclasses.asdict``."""
        return cls(**{**data, "content": Content(**data["content"]) if data["content"] else None})


def needs_watermark(canary: Canary, now: float) -> bool:
    """Tell whether a look has to ask how far replication has come: to wait no longer, or to tell loss from delay."""
    return canary.is_to_stay or now >= canary.deadline


def judge(canary: Canary, seen: Sight) -> Verdict:
    """Say what a look means."""
    if seen.error is not None:
        return "unreadable" if not seen.error["retryable"] or _is_late(canary, seen) else "waiting"
    if canary.is_to_stay:
        return _judge_staying(canary, seen)
    if canary.wanted is None:
        return "passed" if not seen.present else _unless_late(canary, seen, "delete_not_propagated")
    return _judge_content(canary, canary.wanted, seen)


def _judge_content(canary: Canary, wanted: Content, seen: Sight) -> Verdict:
    if seen.content is None:
        return _unless_late(canary, seen, "loss")
    if seen.content.equals(wanted):
        return "passed"
    if canary.former is not None and seen.content.equals(canary.former):
        return _unless_late(canary, seen, "stale_overwrite")
    return "corruption"


def _judge_staying(canary: Canary, seen: Sight) -> Verdict:
    if not seen.present:
        return "delete_against_rule"
    patience = max([PATIENCE_AT_LEAST.total_seconds(), *(PATIENCE * took for took in canary.arrivals.values())])
    waited = seen.at - canary.began >= min(patience, canary.limit_seconds)
    return "passed" if waited or _is_passed_by(seen, canary, HOLD) else "waiting"


def _unless_late(canary: Canary, seen: Sight, fault: Verdict) -> Verdict:
    """Wait until the deadline; then it is a fault if the service says that it is done, and a delay if not."""
    if not _is_late(canary, seen):
        return "waiting"
    return fault if _is_passed_by(seen, canary, _RESOLUTION) else "delay"


def _is_late(canary: Canary, seen: Sight) -> bool:
    return seen.at >= canary.deadline


def _is_passed_by(seen: Sight, canary: Canary, by: timedelta) -> bool:
    """Tell whether the watermark lies beyond the change at the source."""
    if seen.watermark is None:
        return False
    return datetime.fromisoformat(seen.watermark) >= datetime.fromisoformat(canary.done_at) + by
