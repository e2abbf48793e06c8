"""What a comparison has found wrong, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from oss_crr.errors import OssCrrError
from oss_crr.verification.compare_cursor import Cursor, FaultKind
from oss_crr.verification.model import Finding, Severity
from oss_crr.verification.target import Target

PART = "objects"
#: Keys that a finding names, and that its text names.
MAX_NAMED = 20
MAX_IN_TEXT = 5


@dataclass(frozen=True)
class _Words:
    """Texts of a finding; ``cause`` follows ``12 objects (a, b, …)``."""

    severity: Severity
    expected: str
    cause: str
    repair: str


_AGAIN = "write these objects at the source again, since replication carries every write over; then look for "

_WORDS: Mapping[FaultKind, _Words] = {
    "missing": _Words(
        "broken",
        "every object of the source at the destination",
        "not at the destination, although replication claims to have copied everything of that time",
        f"{_AGAIN}programs and lifecycle rules that delete at the destination",
    ),
    "different": _Words(
        "broken",
        "the source's content at the destination",
        "at the destination with other content, although replication claims to have copied everything of that time",
        f"{_AGAIN}programs that write at the destination: OSS promises nothing for keys that both sides write",
    ),
    "late": _Words(
        "lagging",
        "arrival within {minutes:g} minutes",
        "written longer ago than {minutes:g} minutes and not copied yet; replication does not claim that it was",
        "if nothing else is wrong with the pair, it will catch up; else switch `rtc` on, or raise `max_lag_minutes`",
    ),
    "surplus": _Words(
        "lagging",
        "only objects of the source at the destination",
        "at the destination only, although deletions at the source are carried over",
        "if they were deleted at the source, check that the role has oss:ReplicateDelete, and delete them at the "
        "destination; if they never came from there, nothing is wrong with the pair",
    ),
}


def findings(target: Target, cursor: Cursor) -> tuple[Finding, ...]:
    """Return one finding for each kind of fault that is there for sure."""
    return tuple(_finding(target, kind, cursor) for kind in _WORDS if cursor.count(kind))


def unreadable(pair: str, error: OssCrrError) -> Finding:
    """Return the finding for a comparison that could not be made."""
    return Finding(
        pair,
        PART,
        "comparison",
        "unknown",
        "both buckets readable",
        None,
        cause=f"the objects could not be compared: {error}",
        repair="see the cause; the next verification continues where the last one stopped",
    )


def _finding(target: Target, kind: FaultKind, cursor: Cursor) -> Finding:
    words, keys, total = _WORDS[kind], cursor.keys(kind), cursor.count(kind)
    minutes = target.limit.total_seconds() / 60
    named = ", ".join(keys[:MAX_IN_TEXT]) + (", …" if total > MAX_IN_TEXT else "")
    objects = "1 object is" if total == 1 else f"{total:,} objects are"
    return Finding(
        target.name,
        PART,
        kind,
        words.severity,
        words.expected.format(minutes=minutes),
        {"count": total, "keys": keys[:MAX_NAMED]},
        cause=f"{objects} {words.cause.format(minutes=minutes)}: {named}",
        repair=words.repair,
    )
