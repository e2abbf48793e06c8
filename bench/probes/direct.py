"""The pipeline's cloud work without Airflow: every step, one after another, in one process.

Arguments: the local cloud's address, and the pairs' fields as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bench.probes.accounts import accounts_at
from oss_crr.converge import Convergence
from oss_crr.errors import OssCrrError
from oss_crr.outcome import Outcome
from oss_crr.pair import ResolvedPair, parse_pair
from oss_crr.poll import poll_rules
from oss_crr.progress import WaitedRule
from oss_crr.resources.base import Accounts
from oss_crr.resources.registry import RESOURCES
from oss_crr.survey import survey
from oss_crr.verify import verify_pair

_POLL_SECONDS = 0.1
_WAIT_SECONDS = 120.0


def main(url: str, pairs: list[dict[str, Any]]) -> None:
    """Set each pair up, and once more; print seconds of the cloud work, and of the copying in between."""
    # As many calls as a first task makes load the SDKs: that is measured elsewhere.
    set_up(accounts_at(url), pairs[0])
    print(json.dumps([_measure(url, pair) for pair in pairs[1:]]))


def _measure(url: str, pair: Mapping[str, Any]) -> dict[str, float]:
    started = time.perf_counter()
    accounts = accounts_at(url)
    resolved, rule_id = set_up(accounts, pair)
    first = time.perf_counter() - started
    copying = wait(accounts, resolved, rule_id)
    started = time.perf_counter()
    verify_pair(accounts, resolved, None)
    verifying = time.perf_counter() - started
    started = time.perf_counter()
    accounts = accounts_at(url)
    set_up(accounts, pair)
    verify_pair(accounts, resolved, None)
    again = time.perf_counter() - started
    return {"first": first + verifying, "again": again, "copying": copying}


def set_up(accounts: Accounts, fields: Mapping[str, Any]) -> tuple[ResolvedPair, str]:
    """Check a pair, and bring every resource in order, as the tasks do.

    :returns: the pair, and its rule's id.
    :raises RuntimeError: a step failed.
    """
    found = survey(accounts, [parse_pair(dict(fields))], tuple(RESOURCES.values()))[0]
    _require(found.outcome("preflight"))
    pair = found.resolved
    if pair is None:
        raise RuntimeError("preflight passed without knowing the pair")
    rule_id = ""
    for resource in (resource for resource in RESOURCES.values() if resource.applies(pair)):
        plans = {pair.name: found.plans[resource.name]}
        outcome = Convergence(resource, accounts, resource.name, plans, datetime.now(UTC)).run([pair])[0]
        _require(outcome)
        rule_id = outcome.details.get("rule_id", rule_id)
    return pair, rule_id


def wait(accounts: Accounts, pair: ResolvedPair, rule_id: str, seconds: float = _WAIT_SECONDS) -> float:
    """Poll until the history has been copied; return how many seconds that took.

    :param seconds: how long at most.
    :raises OssCrrError: it was not copied in time.
    """
    own = pair.pair
    rule = WaitedRule(own.name, own.source_conn_id, own.source_region, own.source_bucket, rule_id, has_history=True)
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        progress = poll_rules([rule], accounts.get)[0]
        if progress.is_final("complete"):
            return time.perf_counter() - started
        time.sleep(_POLL_SECONDS)
    raise OssCrrError(f"{pair.name}: not copied within {seconds:.0f} s")


def _require(outcome: Outcome) -> None:
    if not outcome.ok:
        raise RuntimeError(f"{outcome.step}: {outcome.error}")


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
