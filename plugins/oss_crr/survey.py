"""Read everything that a decision needs before the first write: buckets, accounts, and what is configured already."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from oss_crr.deep_checks import check_deep
from oss_crr.deep_survey import read_deep_facts
from oss_crr.errors import OssCrrError, PreflightError, ServiceUnavailable
from oss_crr.fact_checks import check_facts
from oss_crr.model import Identity
from oss_crr.outcome import Outcome
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.parallel import in_parallel
from oss_crr.planning import PlannedResource, group_by_scope, observe
from oss_crr.preflight import Check, Facts, check_changes, resolve, unreadable
from oss_crr.reading import attempt
from oss_crr.resources.base import Accounts, Resource
from oss_crr.resources.kms_key import KmsKey
from oss_crr.setup_notes import with_notes
from oss_crr.teardown.inheritance import with_inherited_notes

if TYPE_CHECKING:
    from oss_crr.hooks.oss import OssApi

Key = TypeVar("Key", bound=Hashable)
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

    @property
    def passed(self) -> bool:
        """Tell whether the pair may go on: no check blocks."""
        return not any(check.blocks for check in self.checks)

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
    facts = {found.pair.name: found for found in read_facts(accounts, pairs)}
    checks = {name: check_facts(found) for name, found in facts.items()}
    resolved = {name: resolve(found) for name, found in facts.items()}
    healthy = [pair for name, pair in resolved.items() if pair and not any(check.blocks for check in checks[name])]
    # The key comes first: what else is configured for it depends on which key it is.
    plans = _read_plans(accounts, healthy, [resource for resource in resources if resource.name == KEY_RESOURCE])
    healthy = [_with_key(pair, plans) for pair in healthy]
    plans |= _read_plans(accounts, healthy, [resource for resource in resources if resource.name != KEY_RESOURCE])
    known = resolved | {pair.name: pair for pair in healthy}
    surveys = [_survey(pair, checks[pair.name], known[pair.name], plans) for pair in pairs]
    return _look_deeper(accounts, surveys)


def _look_deeper(accounts: Accounts, surveys: Sequence[Survey]) -> list[Survey]:
    """Add the checks that matter only where something is going to be written."""
    promising = [found for found in surveys if not any(check.blocks for check in found.checks)]
    pairs = [found.resolved for found in promising if found.resolved is not None]
    facts = read_deep_facts(accounts, pairs, {found.pair.name: found.plans for found in promising})
    more = {found.pair.name: check_deep(found) for found in facts}
    surveyed = [(found.resolved, found.plans) for found in promising if found.resolved is not None]
    noted = {pair.name: pair for pair in with_inherited_notes(accounts, surveyed)}
    return [
        replace(
            found,
            checks=(*found.checks, *more.get(found.pair.name, ())),
            resolved=noted.get(found.pair.name, found.resolved),
        )
        for found in surveys
    ]


def read_facts(accounts: Accounts, pairs: Sequence[BucketPair]) -> list[Facts]:
    """Read identities and buckets, each once; what cannot be read is kept as its error."""
    sources = [place for pair in pairs if (place := _source(pair))]
    places = [*sources, *(place for pair in pairs if (place := _destination(pair)))]
    identities = _read_each(
        (place.conn_id for place in places), lambda conn_id: attempt(lambda: accounts.get(conn_id).identity())
    )
    buckets = _read_each(
        places,
        lambda place: _unless(identities[place.conn_id], lambda: place.oss(accounts).get_bucket_info(place.bucket)),
    )
    locations = _read_locations(accounts, sources, identities, buckets)
    return [
        Facts(
            pair=pair,
            source_identity=identities.get(pair.source_conn_id),
            destination_identity=identities.get(pair.destination_conn_id),
            source_bucket=buckets.get(_source(pair)),
            destination_bucket=buckets.get(_destination(pair)),
            locations=locations.get(_source(pair)),
            allowed_destinations=_allowed_destinations(accounts, pair, identities.get(pair.source_conn_id)),
        )
        for pair in pairs
    ]


def _read_locations(
    accounts: Accounts, sources: Iterable[_Place], identities: Mapping[Any, object], buckets: Mapping[Any, object]
) -> dict[_Place | None, Any]:
    """Read where source buckets can replicate to: once for all buckets of a region, on which alone it depends.

    Where the bucket that was asked refuses, each of the others is asked itself.
    """

    def read(place: _Place) -> Any:
        return _unless(identities[place.conn_id], lambda: place.oss(accounts).locations(place.bucket))

    # A bucket that can be read comes first.
    distinct = sorted(dict.fromkeys(sources), key=lambda place: isinstance(buckets[place], OssCrrError))
    speakers = {place.of_region: place for place in reversed(distinct)}
    answers = _read_each(speakers.values(), read)
    told = {
        place.of_region: answer for place, answer in answers.items() if place and not isinstance(answer, OssCrrError)
    }
    rest = [place for place in distinct if place not in answers and place.of_region not in told]
    shared = {place: told.get(place.of_region) for place in distinct}
    return shared | answers | _read_each(rest, read)


class _Place(NamedTuple):
    """A bucket, and the connection it is read with."""

    conn_id: str
    region: str
    bucket: str

    @property
    def of_region(self) -> tuple[str, str]:
        """What is the same for all buckets of an account in a region."""
        return self.conn_id, self.region

    def oss(self, accounts: Accounts) -> OssApi:
        """Return OSS in the bucket's region, with the rights of the connection."""
        return accounts.get(self.conn_id).oss(self.region)


def _source(pair: BucketPair) -> _Place | None:
    return _Place(pair.source_conn_id, pair.source_region, pair.source_bucket) if pair.manages_source else None


def _destination(pair: BucketPair) -> _Place | None:
    if not pair.manages_destination:
        return None
    return _Place(pair.destination_conn_id, pair.destination_region, pair.destination_bucket)


def _allowed_destinations(accounts: Accounts, pair: BucketPair, identity: object) -> frozenset[str]:
    return accounts.source(pair).allowed_destinations if isinstance(identity, Identity) else frozenset()


def _read_each(keys: Iterable[Key], read: Callable[[Key], Answer]) -> dict[Key | None, Answer]:
    """Read side by side what different keys stand for."""
    distinct = list(dict.fromkeys(keys))
    answers: list[tuple[Key | None, Answer]] = list(zip(distinct, in_parallel(read, distinct), strict=True))
    return dict(answers)


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


def _state_check(name: str, plan: PlannedResource) -> Iterable[Check]:
    """Say what is going to happen to a resource; where it is more than a plain write, another check says so."""
    if all(change.kind in ("create", "update") for change in plan.changes):
        pending = "; ".join(f"to {change.kind}: {change.summary}" for change in plan.changes)
        yield Check(f"{name} state", "ok", pending or plan.origin)


def _survey(pair: BucketPair, checks: Sequence[Check], resolved: ResolvedPair | None, plans: _ResourcePlans) -> Survey:
    own = {resource: plan for (resource, name), plan in plans.items() if name == pair.name}
    readable = {resource: plan for resource, plan in own.items() if not isinstance(plan, OssCrrError)}
    resolved = with_notes(resolved, readable) if resolved else None
    more = [unreadable(resource, plan) for resource, plan in own.items() if isinstance(plan, OssCrrError)]
    for name, plan in readable.items():
        more.extend(check_changes(plan.changes))
        more.extend(_state_check(name, plan))
    return Survey(pair, (*checks, *more), resolved, readable)
