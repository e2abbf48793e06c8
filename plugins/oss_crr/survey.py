"""Read everything that a decision needs before the first write: buckets, accounts, and what is configured already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from oss_crr.converge import PlannedResource, group_by_scope, in_parallel, observe
from oss_crr.errors import OssCrrError, PreflightError, ServiceUnavailable
from oss_crr.outcome import Outcome
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.preflight import Check, Facts, check_changes, check_facts, resolve, unreadable
from oss_crr.resources.base import Accounts, Resource
from oss_crr.resources.kms_key import KmsKey

Answer = TypeVar("Answer")

#: Name of the resource that tells which key a pair uses.
KEY_RESOURCE = KmsKey.name


@dataclass(frozen=True)
class Survey:
    """What preflight found out about one pair.

    :param resolved: None when too little could be read.
    :param plans: what each resource saw, by resource name; empty when the pair itself is not in order.
    """

    pair: BucketPair
    checks: tuple[Check, ...]
    resolved: ResolvedPair | None
    plans: Mapping[str, PlannedResource]

    def outcome(self, step: str, *, with_documents: bool = True) -> Outcome:
        """Return the step's outcome; failed when a check blocks.

        :param with_documents: whether the plans carry whole policy documents, which weighs in large batches.
        """
        details: dict[str, Any] = {
            "checks": [check.to_dict() for check in self.checks],
            "resolved": self.resolved.to_dict() if self.resolved else None,
            "plans": {name: plan.to_dict(with_documents=with_documents) for name, plan in self.plans.items()},
        }
        blocking = [check for check in self.checks if check.blocks]
        if not blocking:
            return Outcome(self.pair.name, step, "passed", details=details)
        error = ServiceUnavailable if all(check.retryable for check in blocking) else PreflightError
        listed = "; ".join(f"{check.name}: {check.text}" for check in blocking)
        message = f"{len(blocking)} of {len(self.checks)} checks block, nothing was written: {listed}"
        return Outcome.failed(self.pair.name, step, error(message), details)


def survey(accounts: Accounts, pairs: Sequence[BucketPair], resources: Sequence[Resource[Any]]) -> list[Survey]:
    """Read and check all pairs side by side; nothing is written.

    Identities, buckets and documents that several pairs share are read once.
    """
    facts = dict(
        zip((pair.name for pair in pairs), in_parallel(lambda pair: read_facts(accounts, pair), pairs), strict=True)
    )
    checks = {name: check_facts(found) for name, found in facts.items()}
    resolved = {name: resolve(found) for name, found in facts.items()}
    healthy = [pair for name, pair in resolved.items() if pair and not any(check.blocks for check in checks[name])]
    # The key comes first: what else is configured for it depends on which key it is.
    plans = _read_plans(accounts, healthy, [resource for resource in resources if resource.name == KEY_RESOURCE])
    healthy = [_with_key(pair, plans) for pair in healthy]
    plans |= _read_plans(accounts, healthy, [resource for resource in resources if resource.name != KEY_RESOURCE])
    known = resolved | {pair.name: pair for pair in healthy}
    return [_survey(pair, checks[pair.name], known[pair.name], plans) for pair in pairs]


def read_facts(accounts: Accounts, pair: BucketPair) -> Facts:
    """Read identities and buckets of one pair; what cannot be read is kept as its error."""
    source = attempt(lambda: accounts.source(pair).identity())
    destination = attempt(lambda: accounts.destination(pair).identity())
    return Facts(
        pair=pair,
        source_identity=source,
        destination_identity=destination,
        source_bucket=_unless(
            source, lambda: accounts.source(pair).oss(pair.source_region).get_bucket_info(pair.source_bucket)
        ),
        destination_bucket=_unless(
            destination,
            lambda: accounts.destination(pair).oss(pair.destination_region).get_bucket_info(pair.destination_bucket),
        ),
        locations=_unless(source, lambda: accounts.source(pair).oss(pair.source_region).locations(pair.source_bucket)),
    )


def attempt(read: Callable[[], Answer]) -> Answer | OssCrrError:
    """Return what a read answers, or the error it raises."""
    try:
        return read()
    except OssCrrError as error:
        return error


def _unless(identity: object, read: Callable[[], Answer]) -> Answer | OssCrrError:
    """Read only with credentials that work: one clear error is better than four that follow from it."""
    return identity if isinstance(identity, OssCrrError) else attempt(read)


_ResourcePlans = dict[tuple[str, str], PlannedResource | OssCrrError]


def _read_plans(
    accounts: Accounts, pairs: Sequence[ResolvedPair], resources: Sequence[Resource[Any]]
) -> _ResourcePlans:
    jobs = [
        (resource, group)
        for resource in resources
        for group in group_by_scope(resource, [pair for pair in pairs if resource.applies(pair)])
    ]
    plans: _ResourcePlans = {}
    for found in in_parallel(lambda job: _read_group(accounts, *job), jobs):
        plans.update(found)
    return plans


def _with_key(pair: ResolvedPair, plans: _ResourcePlans) -> ResolvedPair:
    plan = plans.get((KEY_RESOURCE, pair.name))
    return pair.with_key(plan.details.get("kms_key_arn")) if isinstance(plan, PlannedResource) else pair


def _read_group(accounts: Accounts, resource: Resource[Any], group: Sequence[ResolvedPair]) -> _ResourcePlans:
    now = datetime.now().astimezone()
    found = attempt(lambda: observe(resource, accounts, group, now))
    return {(resource.name, pair.name): found if isinstance(found, OssCrrError) else found[pair.name] for pair in group}


def _survey(pair: BucketPair, checks: Sequence[Check], resolved: ResolvedPair | None, plans: _ResourcePlans) -> Survey:
    own = {resource: plan for (resource, name), plan in plans.items() if name == pair.name}
    readable = {resource: plan for resource, plan in own.items() if not isinstance(plan, OssCrrError)}
    more = [unreadable(resource, plan) for resource, plan in own.items() if isinstance(plan, OssCrrError)]
    for plan in readable.values():
        more.extend(check_changes(plan.changes))
    return Survey(pair, (*checks, *more), resolved, readable)
