"""Bring resources to what pairs ask for: read, write only the difference, read back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from oss_crr.errors import AlreadyExists, Conflict, LostUpdate, OssCrrError, RuleClosing
from oss_crr.outcome import Outcome
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Accounts, Change, Resource

_LOG = logging.getLogger(__name__)

#: Pairs, or documents, that one task works on at the same time.
MAX_THREADS = 8
#: How often a document is merged anew when somebody else writes it at the same time.
MAX_ATTEMPTS = 3
#: How long a step believes what preflight saw, instead of reading again.
PLAN_IS_FRESH_FOR = timedelta(minutes=10)

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class PlannedResource:
    """What preflight saw of one resource for one pair.

    :param changes: the differences; empty when in order.
    :param origin: ``in order`` or ``adopted``; says something only where there are no differences.
    :param details: see :meth:`oss_crr.resources.base.Resource.details`.
    :param observed_at: when it was read.
    :param observed: what was read.
    """

    changes: tuple[Change, ...]
    origin: str
    observed_at: datetime
    details: dict[str, Any] = field(default_factory=dict)
    #: What was read, for checks in the same task; it does not travel to later ones.
    observed: Any = field(default=None, compare=False, repr=False)

    @property
    def is_creation(self) -> bool:
        """Tell whether the thing did not exist at all."""
        return bool(self.changes) and all(change.kind == "create" for change in self.changes)

    def to_dict(self, *, with_documents: bool = True) -> dict[str, Any]:
        """Return the plan as JSON data.

        :param with_documents: whether changes keep the documents before and after.
        """
        return {
            "changes": [change.to_dict(with_documents=with_documents) for change in self.changes],
            "origin": self.origin,
            "observed_at": self.observed_at.isoformat(),
            "details": self.details,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PlannedResource:
        """Rebuild from :meth:`to_dict`."""
        return cls(
            changes=tuple(Change(**change) for change in data["changes"]),
            origin=data["origin"],
            observed_at=datetime.fromisoformat(data["observed_at"]),
            details=data["details"],
        )


#: What preflight saw, by pair name.
Plans = Mapping[str, PlannedResource]


def in_parallel(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Apply a function to all items in a bounded thread pool; results keep the order of the items."""
    with ThreadPoolExecutor(max_workers=MAX_THREADS) as pool:
        return list(pool.map(work, items))


def group_by_scope(resource: Resource[Any], pairs: Iterable[ResolvedPair]) -> list[list[ResolvedPair]]:
    """Group pairs that share one read and one write."""
    groups: dict[tuple[str, ...], list[ResolvedPair]] = {}
    for pair in pairs:
        groups.setdefault(resource.scope(pair), []).append(pair)
    return list(groups.values())


def observe(resource: Resource[Any], accounts: Accounts, group: Sequence[ResolvedPair], now: datetime) -> Plans:
    """Read a resource once for pairs of equal scope and say what differs for each."""
    observed = resource.observe(accounts, group[0])
    return {
        pair.name: PlannedResource(
            changes=resource.changes(pair, observed),
            origin=resource.origin(pair, observed),
            observed_at=now,
            details=resource.details(pair, observed),
            observed=observed,
        )
        for pair in group
    }


class Convergence:
    """One resource, brought in order for a batch of pairs.

    :param step: name of the step, for the outcomes.
    :param plans: what preflight saw; a pair without a fresh plan is read again.
    :param now: the time to judge freshness by.
    """

    def __init__(self, resource: Resource[Any], accounts: Accounts, step: str, plans: Plans, now: datetime) -> None:
        self._resource = resource
        self._accounts = accounts
        self._step = step
        self._plans = {name: plan for name, plan in plans.items() if now - plan.observed_at <= PLAN_IS_FRESH_FOR}

    def run(self, pairs: Sequence[ResolvedPair]) -> list[Outcome]:
        """Bring the resource in order for all pairs; a pair that fails does not stop another."""
        groups = group_by_scope(self._resource, pairs)
        if not self._resource.shared_document:
            groups = [[pair] for group in groups for pair in group]
        by_name = {outcome.pair: outcome for outcomes in in_parallel(self._group, groups) for outcome in outcomes}
        return [by_name[pair.name] for pair in pairs]

    def _group(self, group: Sequence[ResolvedPair]) -> list[Outcome]:
        if all(pair.name in self._plans and not self._plans[pair.name].changes for pair in group):
            return [self._as_planned(pair) for pair in group]
        try:
            return self._converge(group)
        except OssCrrError as error:
            return [Outcome.failed(pair.name, self._step, error) for pair in group]

    def _as_planned(self, pair: ResolvedPair) -> Outcome:
        plan = self._plans[pair.name]
        return Outcome(pair.name, self._step, plan.origin, details=plan.details)

    def _converge(self, group: Sequence[ResolvedPair]) -> list[Outcome]:
        observed = self._first_observation(group)
        written: dict[str, list[Change]] = {pair.name: [] for pair in group}
        for _ in range(MAX_ATTEMPTS):
            open_changes = {pair.name: self._resource.changes(pair, observed) for pair in group}
            todo = [pair for pair in group if _writable(open_changes[pair.name], written[pair.name])]
            if not todo:
                return [self._outcome(pair, observed, open_changes[pair.name], written[pair.name]) for pair in group]
            if self._write(todo, observed):
                for pair in todo:
                    written[pair.name].extend(open_changes[pair.name])
            observed = self._resource.observe(self._accounts, group[0])
        return [
            self._outcome(pair, observed, self._resource.changes(pair, observed), written[pair.name]) for pair in group
        ]

    def _first_observation(self, group: Sequence[ResolvedPair]) -> Any:
        """Skip the read where preflight saw nothing and the service itself refuses to create a thing twice."""
        plans = [self._plans.get(pair.name) for pair in group]
        if self._resource.creates_once and all(plan is not None and plan.is_creation for plan in plans):
            return self._resource.absent
        return self._resource.observe(self._accounts, group[0])

    def _write(self, todo: Sequence[ResolvedPair], observed: Any) -> bool:
        """Apply the differences; False when the thing turned out to exist, so that it is read and judged again."""
        try:
            self._resource.apply(self._accounts, todo, observed)
        except AlreadyExists as error:
            _LOG.warning("%s: reading again what is there, because %s", self._resource.name, error)
            return False
        return True

    def _outcome(self, pair: ResolvedPair, observed: Any, left: Sequence[Change], written: Sequence[Change]) -> Outcome:
        blocked = [change.summary for change in left if change.kind == "blocked" or _is_futile(change, written)]
        waiting = [change.summary for change in left if change.kind == "wait"]
        if blocked:
            return Outcome.failed(pair.name, self._step, Conflict("; ".join(blocked)))
        if waiting:
            details = self._resource.details(pair, observed)
            return Outcome.failed(pair.name, self._step, RuleClosing("; ".join(waiting)), details)
        if left:
            summary = "; ".join(change.summary for change in left)
            lost = LostUpdate(f"written, but read back without effect, perhaps because others write, too: {summary}")
            return Outcome.failed(pair.name, self._step, lost)
        result = _result(written) or self._resource.origin(pair, observed)
        summaries = tuple(dict.fromkeys(change.summary for change in written))
        return Outcome(pair.name, self._step, result, summaries, self._resource.details(pair, observed))


def _writable(changes: Sequence[Change], written: Sequence[Change]) -> bool:
    return bool(changes) and not any(
        change.kind in ("blocked", "wait") or _is_futile(change, written) for change in changes
    )


def _is_futile(change: Change, written: Sequence[Change]) -> bool:
    """Tell whether a change would replace what was created a moment ago, and so go round in circles."""
    return change.kind == "replace" and any(earlier.kind == "create" for earlier in written)


def _result(written: Sequence[Change]) -> str | None:
    if not written:
        return None
    return "created" if any(change.kind == "create" for change in written) else "updated"
