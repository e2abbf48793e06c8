"""What report tasks leave, as the tests of the pages use it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from oss_crr.pages.database import RunFacts

EVIL = '"><script>alert(1)</script>'
STARTED = datetime(2026, 11, 26, 12, tzinfo=UTC)
RUN = RunFacts("oss_crr_fleet", "manual__2026-11-26T12:00:00+00:00", "failed", STARTED, STARTED + timedelta(seconds=75))

FLEET: list[dict[str, Any]] = [
    {
        "name": "logs",
        "pair": "a-logs → b-logs",
        "state": "complete",
        "rule_id": "oss-crr-1",
        "history": 1.0,
        "objects": 1200,
        "bytes": 3 * 1024**2,
        "lag_seconds": 4.2,
        "failed_step": None,
        "cause": None,
    },
    {
        "name": "media",
        "pair": "a-media → b-media",
        "state": "failed",
        "rule_id": None,
        "history": None,
        "objects": None,
        "bytes": None,
        "lag_seconds": None,
        "failed_step": "grant_destination",
        "cause": f"AccessDenied {EVIL}",
    },
    {
        "name": "web",
        "pair": "a-web → b-web",
        "state": "waiting",
        "rule_id": "oss-crr-3",
        "history": 0.999,
        "lag_seconds": 4000,
    },
]

SETUP: list[dict[str, Any]] = [
    {
        "pair": "a → b",
        "step": "report",
        "result": "complete",
        "changes": [],
        "error": None,
        "details": {"pair": "a → b", "state": "complete", "rule_id": "oss-crr-9", "objects": 5, "bytes": 50},
    }
]


def result(pair: str, *findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what a verification found out about a pair."""
    return {
        "pair": pair,
        "checked_at": STARTED.isoformat(),
        "health": "broken" if findings else "healthy",
        "findings": list(findings),
        "measures": {"lag_seconds": 3.0, "arrival_seconds": 1.5},
        **more,
    }


FINDING: dict[str, Any] = {
    "pair": "media",
    "part": "destination_grant",
    "field": "statement",
    "severity": "broken",
    "expected": {"Effect": "Allow", "Action": [EVIL]},
    "found": None,
    "cause": "=the statement is gone",
    "repair": f"add it again {EVIL}",
    "repairable": True,
    "extra": False,
    "since": STARTED.isoformat(),
}
VERIFICATION = [result("logs"), result("media", FINDING)]
