"""What a canary's end means, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oss_crr.errors import OssCrrError, PermissionDenied
from oss_crr.verification.canary import Canary, Sight, Verdict
from oss_crr.verification.model import Finding, Severity

PART = "canary"
_RIGHTS = "give the connection's user the rights in include/policies/caller-*-canary.json (docs/canary.md), or switch "


@dataclass(frozen=True)
class _Words:
    """A finding's texts; ``{key}``, ``{did}``, ``{minutes}``, ``{source}`` and ``{destination}`` are filled in."""

    severity: Severity
    expected: str
    cause: str
    repair: str


_DID = {
    "write": "written",
    "overwrite": "overwritten",
    "delete": "deleted",
    "delete_version": "deleted with one of its versions",
}

_CATCHES_UP = (
    "if nothing else is wrong with the pair, it will catch up: look at the amount of new data in the OSS console, "
    "switch `rtc` on if it has to be faster, or raise `max_lag_minutes`"
)
_TICKET = "open a ticket at Alibaba Cloud with the rule's id"
_CLAIMS = "although replication claims to have carried over everything of that time"

_WORDS: Mapping[Verdict, _Words] = {
    "delay": _Words(
        "lagging",
        "arrival within {minutes:g} minutes",
        "object `{key}` was {did} at the source, and after {minutes:g} minutes that has not arrived; replication does "
        "not claim that it has",
        _CATCHES_UP,
    ),
    "loss": _Words(
        "broken",
        "the object at the destination",
        "object `{key}` was {did} at the source and is not at the destination, "
        f"{_CLAIMS}: objects get lost on the way, or somebody deletes them there",
        "look for lifecycle rules and other programs that delete at `{destination}`; compare the objects to see what "
        f"else is missing, and {_TICKET}",
    ),
    "corruption": _Words(
        "broken",
        "the source's content",
        "object `{key}` was {did} at the source, and the destination holds other content under that name",
        "look for programs that write to `{destination}`: OSS promises nothing for a key that both sides write; else "
        f"{_TICKET}",
    ),
    "stale_overwrite": _Words(
        "broken",
        "the new content",
        f"object `{{key}}` was overwritten at the source, and the destination still holds the old content, {_CLAIMS}: "
        "readers there get old data",
        f"compare the objects to see what else differs, and {_TICKET}",
    ),
    "delete_not_propagated": _Words(
        "broken",
        "the deletion at the destination, too",
        f"object `{{key}}` was {{did}} at the source and is still at the destination, {_CLAIMS}: what is deleted here "
        "lives on there",
        "check that the role has oss:ReplicateDelete on `{destination}` and that no statement denies it; then run the "
        "repair",
    ),
    "delete_against_rule": _Words(
        "broken",
        "the object kept at the destination",
        "object `{key}` was {did} at the source and vanished from the destination, although `replication_policy` is "
        "add_change: deletions at the source destroy the copies",
        "look for another rule from `{source}` to `{destination}` that carries deletions over, and for lifecycle rules "
        "and programs that delete at `{destination}`",
    ),
}


def finding(canary: Canary, verdict: Verdict, seen: Sight) -> Finding:
    """Return the finding that a verdict other than ``waiting`` and ``passed`` is."""
    if verdict == "unreadable":
        return _unreadable(canary, seen)
    words = _WORDS[verdict]
    values: dict[str, Any] = {
        "key": canary.key,
        "did": _DID[canary.stage],
        "minutes": canary.limit_seconds / 60,
        "source": canary.source.bucket,
        "destination": canary.destination.bucket,
    }
    return Finding(
        canary.pair,
        PART,
        verdict,
        words.severity,
        words.expected.format(**values),
        _found(canary, seen),
        cause=words.cause.format(**values),
        repair=words.repair.format(**values),
    )


def refused(pair: str, what: str, error: OssCrrError) -> Finding:
    """Return the finding for a canary that could not do its work at the source, or may not be sent at all.

    :param what: what was refused, such as ``write``.
    """
    is_right = isinstance(error, PermissionDenied)
    repair = f"{_RIGHTS}`verify.canary` off for the pair" if is_right else "see the cause; the next run tries again"
    cause = f"no proof by a test object, because it could not be {what}: {error}"
    field = "refused" if is_right else "failed"
    return Finding(pair, PART, field, "unknown", "a test object sent through the pair", None, cause, repair)


def misplaced(pair: str, problem: str) -> Finding:
    """Return the finding for a canary that would live where the rule does not replicate."""
    repair = "correct `verify.canary_prefix`: it has to lie within one of the pair's prefixes"
    return Finding(pair, PART, "prefix", "unknown", "a folder within the prefixes", None, f"no test: {problem}", repair)


def left_over(pair: str, error: OssCrrError) -> Finding:
    """Return the finding for canaries that could not be removed."""
    denied = isinstance(error, PermissionDenied)
    repair = f"{_RIGHTS}`verify.canary` off" if denied else "see the cause; the next run tries again"
    cause = f"test objects could not be looked for and removed: {error}"
    return Finding(pair, PART, "left_over", "unknown", "no test objects left", None, cause, repair)


def _unreadable(canary: Canary, seen: Sight) -> Finding:
    message = seen.error["message"] if seen.error else ""
    denied = seen.error is not None and seen.error["type"] == PermissionDenied.__name__
    return Finding(
        canary.pair,
        PART,
        "unreadable",
        "unknown",
        "the test object readable at the destination",
        None,
        cause=f"what became of object `{canary.key}` at the destination could not be read: {message}",
        repair=f"{_RIGHTS}`verify.canary` off" if denied else "see the cause; the next run tries again",
    )


def _found(canary: Canary, seen: Sight) -> dict[str, Any]:
    found: dict[str, Any] = {"key": canary.key, "stage": canary.stage, "at_source": canary.done_at}
    if seen.content is not None:
        found |= {"size": seen.content.size, "etag": seen.content.etag, "crc64": seen.content.crc64}
    return found | {"present": seen.present, "watermark": seen.watermark}
