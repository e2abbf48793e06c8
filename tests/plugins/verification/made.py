"""Findings and results for the tests of verification."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from oss_crr.verification.model import Finding, PairResult

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def make_finding(pair: str = "a", **changes: Any) -> Finding:
    """Return a finding about the destination grant."""
    values = {
        "part": "destination_grant",
        "field": "statement",
        "severity": "broken",
        "expected": "a statement",
        "found": None,
        "cause": "the role may not write",
        "repair": "add the statement",
        "repairable": True,
    }
    return Finding(pair, **{**values, **changes})


def lagging(pair: str = "a") -> Finding:
    """Return a finding of a pair that is late."""
    return make_finding(pair, part="lag", field="watermark", severity="lagging", cause="late", repairable=False)


def unreadable(pair: str = "a") -> Finding:
    """Return a finding of a pair that nobody could look at."""
    return make_finding(pair, part="access", field="source", severity="unknown", cause="no key", repairable=False)


def make_result(hour: int, *findings: Finding, pair: str = "a", **measures: Any) -> PairResult:
    """Return the result of a verification so many hours after noon."""
    return PairResult(pair, NOON + timedelta(hours=hour), findings, measures)


def make_item(pair: str = "a", *findings: Finding, **measures: Any) -> dict[str, Any]:
    """Return what a step leaves for a pair."""
    return {
        "pair": pair,
        "checked_at": NOON.isoformat(),
        "findings": [finding.to_dict() for finding in findings],
        "measures": measures,
    }


def make_repair(before: Finding, changes: tuple[str, ...] = ("it was missing",)) -> dict[str, Any]:
    """Return what a repair says it did about a finding."""
    outcome = {"pair": before.pair, "step": "repair", "result": "updated", "changes": list(changes), "error": None}
    return {"mode": "apply", "outcome": outcome, "before": [before.to_dict()]}
