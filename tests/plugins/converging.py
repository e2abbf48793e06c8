"""How tests bring resources of the fake cloud in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from oss_crr.concurrency import Timing
from oss_crr.converge import Convergence, PlannedResource, Plans, group_by_scope, observe
from oss_crr.outcome import Outcome
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Resource
from tests.plugins.fake_cloud import FakeCloud, make_resolved

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PAIR = make_resolved()
FOREIGN = {"Effect": "Deny", "Action": ["oss:DeleteBucket"], "Principal": ["*"], "Resource": ["acs:oss:*:2:dst"]}


def pairs_to(destination: str, count: int) -> list[ResolvedPair]:
    """Return pairs from different sources to one destination."""
    return [make_resolved(source_bucket=f"src-{number}", destination_bucket=destination) for number in range(count)]


def run(
    cloud: FakeCloud, resource: Resource[Any], pairs: Sequence[ResolvedPair] = (PAIR,), plans: Plans | None = None
) -> list[Outcome]:
    """Bring a resource in order for some pairs."""
    timing = Timing(sleep=lambda seconds: None)
    return Convergence(resource, cloud.accounts, "step", plans or {}, NOW, timing=timing).run(pairs)


def run_one(cloud: FakeCloud, resource: Resource[Any], plans: Plans | None = None) -> Outcome:
    """Bring a resource in order for the pair."""
    (outcome,) = run(cloud, resource, plans=plans)
    return outcome


def plan(cloud: FakeCloud, resource: Resource[Any], *pairs: ResolvedPair, seen: datetime = NOW) -> Plans:
    """Return what preflight would have seen at a time, and forget the calls it took."""
    plans: dict[str, PlannedResource] = {}
    for group in group_by_scope(resource, pairs or (PAIR,)):
        plans.update(observe(resource, cloud.accounts, group, seen))
    cloud.source.journal.actions.clear()
    cloud.destination.journal.actions.clear()
    return plans


def overwrite_policy(cloud: FakeCloud, *statements: dict[str, Any]) -> Callable[[], None]:
    """Play somebody who replaces the destination's bucket policy."""

    def step() -> None:
        cloud.dst.policy = json.dumps({"Version": "1", "Statement": list(statements)})

    return step
