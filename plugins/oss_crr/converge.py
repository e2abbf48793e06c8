"""Bring resources to what pairs ask for: read, write only the difference, read back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from oss_crr.concurrency import TIMING, Look, Timing
from oss_crr.errors import AlreadyExists, Conflict, LostUpdate, OssCrrError, RuleClosing, StaleRead
from oss_crr.outcome import Outcome
from oss_crr.pair import ResolvedPair
from oss_crr.parallel import in_parallel
from oss_crr.planning import PlannedResource, Plans, group_by_scope, observe
from oss_crr.resources.base import Accounts, Change, Resource

__all__ = ["Convergence", "PlannedResource", "Plans", "group_by_scope", "in_parallel", "observe"]

_LOG = logging.getLogger(__name__)

#: How often a document is merged anew when somebody else writes it at the same time.
MAX_ATTEMPTS = 6
#: How often a document is looked at again while others go on writing it.
MAX_LOOKS = 12
#: How long a step believes what preflight saw, instead of reading again.
PLAN_IS_FRESH_FOR = timedelta(minutes=10)


class Convergence:
    """One resource, brought in order for a batch of pairs.

    :param step: name of the step, for the outcomes.
    :param plans: what preflight saw; a pair without a fresh plan is read again.
    :param now: the time to judge freshness by.
    :param wrote_before: whether an earlier try may have written: what is in order then counts as written, too.
    :param timing: clocks and waits.
    """

    def __init__(
        self,
        resource: Resource[Any],
        accounts: Accounts,
        step: str,
        plans: Plans,
        now: datetime,
        *,
        wrote_before: bool = False,
        timing: Timing = TIMING,
    ) -> None:
        self._resource = resource
        self._accounts = accounts
        self._step = step
        self._plans = {name: plan for name, plan in plans.items() if now - plan.observed_at <= PLAN_IS_FRESH_FOR}
        self._wrote_before = wrote_before
        self._timing = timing

    def run(self, pairs: Sequence[ResolvedPair]) -> list[Outcome]:
        """Bring the resource in order for all pairs; a pair that fails does not stop another."""
        return self._in_groups(self._group, pairs)

    def look_again(
        self, pairs: Sequence[ResolvedPair], looks: Mapping[str, Look], *, wait: bool = True
    ) -> list[Outcome]:
        """Make sure that no other writer has taken out what an earlier :meth:`run` wrote; heal what is missing.

        :param looks: when the run last saw the document of each pair, see :meth:`oss_crr.concurrency.Look.in_details`.
        :param wait: look when others can no longer hold an older copy, and until the document rests; else just once.
        """
        return self._in_groups(lambda group: self._rest(group, looks) if wait else self._again(group)[0], pairs)

    def _in_groups(
        self, work: Callable[[Sequence[ResolvedPair]], list[Outcome]], pairs: Sequence[ResolvedPair]
    ) -> list[Outcome]:
        groups = group_by_scope(self._resource, pairs)
        if not self._resource.shared_document:
            groups = [[pair] for group in groups for pair in group]
        by_name = {outcome.pair: outcome for outcomes in in_parallel(work, groups) for outcome in outcomes}
        return [by_name[pair.name] for pair in pairs]

    def _group(self, group: Sequence[ResolvedPair]) -> list[Outcome]:
        if all(pair.name in self._plans and not self._plans[pair.name].changes for pair in group):
            return [self._as_planned(pair) for pair in group]
        return self._again(group)[0]

    def _rest(self, group: Sequence[ResolvedPair], looks: Mapping[str, Look]) -> list[Outcome]:
        """Look at a document until it has not changed for so long that nobody can hold an older copy."""
        last = max((looks[pair.name] for pair in group), key=lambda look: look.at)
        healed: dict[str, Outcome] = {}
        for _ in range(MAX_LOOKS):
            self._timing.wait_for_quiet(last)
            outcomes, found = self._again(group)
            wrote = {outcome.pair: outcome for outcome in outcomes if outcome.changes}
            healed |= wrote
            if found is None or (found.state == last.state and not wrote):
                break
            _LOG.info("%s: the document was changed by others; looking again", self._resource.name)
            last = found
        else:
            _LOG.warning("%s: others keep writing; what belongs here was there every time", self._resource.name)
        return [outcome if outcome.error else healed.get(outcome.pair, outcome) for outcome in outcomes]

    def _again(self, group: Sequence[ResolvedPair]) -> tuple[list[Outcome], Look | None]:
        """Converge; also return what the document was at the end, None when that failed."""
        try:
            return self._converge(group)
        except OssCrrError as error:
            return [Outcome.failed(pair.name, self._step, error) for pair in group], None

    def _as_planned(self, pair: ResolvedPair) -> Outcome:
        plan = self._plans[pair.name]
        return Outcome(pair.name, self._step, plan.origin, details=plan.details)

    def _converge(self, group: Sequence[ResolvedPair]) -> tuple[list[Outcome], Look]:
        read_at, observed = self._timing.monotonic(), self._first_observation(group)
        written: dict[str, list[Change]] = {pair.name: [] for pair in group}
        for attempt in range(MAX_ATTEMPTS):
            todo = self._todo(group, observed, written)
            if not todo:
                break
            wrote, told = self._write([pair for pair, _ in todo], observed, read_at)
            if wrote:
                for pair, changes in todo:
                    written[pair.name].extend(changes)
            if told is not None:
                observed = told
            else:
                read_at, observed = self._read_back(group, written, attempt)
        look = Look.of(observed, self._timing.clock())
        return [self._outcome(pair, observed, written[pair.name], look) for pair in group], look

    def _todo(
        self, group: Sequence[ResolvedPair], observed: Any, written: Mapping[str, Sequence[Change]]
    ) -> list[tuple[ResolvedPair, tuple[Change, ...]]]:
        """Return the pairs that something can be written for, with their differences."""
        found = [(pair, self._resource.changes(pair, observed)) for pair in group]
        return [(pair, changes) for pair, changes in found if _writable(changes, written[pair.name])]

    def _read(self, group: Sequence[ResolvedPair]) -> tuple[float, Any]:
        """Return when the reading began, and what is there."""
        return self._timing.monotonic(), self._resource.observe(self._accounts, group[0])

    def _read_back(
        self, group: Sequence[ResolvedPair], written: Mapping[str, Sequence[Change]], attempt: int
    ) -> tuple[float, Any]:
        """Read what became of a write; where it was lost to another writer, wait a little and read again."""
        read_at, observed = self._read(group)
        if any(written[pair.name] for pair, _ in self._todo(group, observed, written)):
            _LOG.info("%s: overwritten by others; merging again", self._resource.name)
            self._timing.pause(attempt)
            return self._read(group)
        return read_at, observed

    def _first_observation(self, group: Sequence[ResolvedPair]) -> Any:
        """Skip the read where preflight saw nothing and the service itself refuses to create a thing twice."""
        plans = [self._plans.get(pair.name) for pair in group]
        if self._resource.creates_once and all(plan is not None and plan.is_creation for plan in plans):
            return self._resource.absent
        return self._resource.observe(self._accounts, group[0])

    def _write(self, todo: Sequence[ResolvedPair], observed: Any, read_at: float) -> tuple[bool, Any]:
        """Apply the differences.

        :returns: whether they were written, False when what is there has to be read and judged again: it exists, or
            may be old; and what the service's answer shows of the thing, None for nothing.
        """
        try:
            with self._timing.sending_in_time(read_at):
                return True, self._resource.apply(self._accounts, todo, observed)
        except (AlreadyExists, StaleRead) as error:
            _LOG.warning("%s: reading again what is there, because %s", self._resource.name, error)
            return False, None

    def _outcome(self, pair: ResolvedPair, observed: Any, written: Sequence[Change], look: Look) -> Outcome:
        left = self._resource.changes(pair, observed)
        blocked = [change.summary for change in left if change.kind == "blocked" or _is_futile(change, written)]
        waiting = [change.summary for change in left if change.kind == "wait"]
        if blocked:
            return Outcome.failed(pair.name, self._step, Conflict("; ".join(blocked)))
        if waiting:
            details = self._resource.details(pair, observed)
            return Outcome.failed(pair.name, self._step, RuleClosing("; ".join(waiting)), details)
        if left:
            summary = "; ".join(change.summary for change in left)
            how = "written, but read back without effect" if written else f"not written in {MAX_ATTEMPTS} tries"
            lost = LostUpdate(f"{how}, perhaps because others write, too: {summary}")
            return Outcome.failed(pair.name, self._step, lost)
        result = _result(written) or self._resource.origin(pair, observed)
        summaries = tuple(dict.fromkeys(change.summary for change in written))
        details = self._resource.details(pair, observed)
        if (written or self._wrote_before) and self._resource.contended(pair):
            details |= look.to_details()
        return Outcome(pair.name, self._step, result, summaries, details)


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
