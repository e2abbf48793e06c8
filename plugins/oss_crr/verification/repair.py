"""Repair what a verification found: write only what drifted, in the setup's order, and prove it by reading back.

Only findings that say ``repairable`` are touched, and those about rights too many only where that is asked for. Nothing
here deletes a bucket, an object, a key or somebody else's policy, or changes versioning, retention or encryption.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from oss_crr import provenance
from oss_crr.converge import Convergence, group_by_scope, in_parallel
from oss_crr.errors import Conflict, CredentialsError, OssCrrError
from oss_crr.model import Rule
from oss_crr.outcome import Outcome
from oss_crr.pair import ResolvedPair
from oss_crr.reading import attempt
from oss_crr.resources.base import Accounts, Resource
from oss_crr.setup_notes import with_notes
from oss_crr.verification.drift import DriftResult
from oss_crr.verification.model import Finding
from oss_crr.verification.repairing import (
    Acceleration,
    ForeignPolicies,
    RepairedDestinationGrant,
    RepairedKmsKey,
    RepairedKmsKeyGrant,
    RepairedKmsRoleGrant,
    RepairedRole,
    RepairedRule,
    RepairedSourceGrant,
    Selected,
)

#: The step that outcomes belong to.
STEP = "repair"
#: What becomes of a pair: written; what would be written; something to do, but nothing that may be written.
REPAIRED, PLANNED, LEFT = "repaired", "planned", "left to a person"
#: Findings about a bucket that forbid to write anything for its pair: the data might go to somebody else.
_FORBIDDING = ("exists", "region", "owner", "allowed_owner")
_EXTRA_POLICY = "extra_policy:"


@dataclass(frozen=True)
class _Step:
    """One step of a repair.

    :param name: the step's name in outcomes.
    :param part: the part whose findings it repairs.
    :param make: makes the resource, from what is to be repaired and all pairs that are known.
    """

    name: str
    part: str
    make: Callable[[Selected, Sequence[ResolvedPair]], Resource[Any]]

    def takes(self, finding: Finding) -> bool:
        """Tell whether a finding is repaired by this step."""
        detaches = finding.field.startswith(_EXTRA_POLICY)
        return finding.part == self.part and detaches == (self.name == "detach_policies")


#: In the setup's order; what is too much goes last, so that replication never waits for it.
_STEPS = (
    _Step("repair_role", "role", lambda selected, known: RepairedRole(selected)),
    _Step("repair_source_grant", "source_grant", lambda selected, known: RepairedSourceGrant(selected)),
    _Step("repair_destination_grant", "destination_grant", RepairedDestinationGrant),
    _Step("repair_kms_key", "kms_key", lambda selected, known: RepairedKmsKey()),
    _Step("repair_kms_key_grant", "kms_key_grant", lambda selected, known: RepairedKmsKeyGrant(selected)),
    _Step("repair_kms_role_grant", "kms_role_grant", lambda selected, known: RepairedKmsRoleGrant(selected)),
    _Step("repair_acceleration", "destination_bucket", lambda selected, known: Acceleration()),
    _Step("repair_rule", "rule", lambda selected, known: RepairedRule(selected)),
    _Step("detach_policies", "role", lambda selected, known: ForeignPolicies(selected)),
)


def repair(accounts: Accounts, drifts: Sequence[DriftResult], *, remove_extra: bool) -> list[Outcome]:
    """Write what drifted, for all pairs side by side; a pair that fails goes no further, and stops no other.

    Give it the results of whole batches, healthy pairs included: what other pairs share is left as they need it.

    :param drifts: what :func:`oss_crr.verification.drift.find_drift` found, moments ago: everything is read again
        before it is written.
    :param remove_extra: whether rights that nobody asked for are taken away.
    :returns: an outcome for each result, in their order. ``changes`` is what was written; ``details`` has an outcome
        of every step with something to do in ``steps``, and in ``left`` the part, field and advice of what is left to a
        person. A rule that is to be replaced ends as ``RuleClosing``: verify and repair again once it is gone.
    """
    return _Repair(accounts, drifts, remove_extra=remove_extra).run(_write)


def plan_repair(accounts: Accounts, drifts: Sequence[DriftResult], *, remove_extra: bool) -> list[Outcome]:
    """Say what :func:`repair` would write, in outcomes of the same form; reads only.

    The steps' ``details["changes"]`` have the documents as they are and as they would be.
    """
    return _Repair(accounts, drifts, remove_extra=remove_extra).run(_plan)


#: Runs one step for some pairs.
_Run = Callable[[str, Resource[Any], Accounts, Sequence[ResolvedPair]], list[Outcome]]


class _Repair:
    def __init__(self, accounts: Accounts, drifts: Sequence[DriftResult], *, remove_extra: bool) -> None:
        self._accounts = accounts
        self._drifts = drifts
        self._remove_extra = remove_extra
        self._pairs = {drift.pair.name: _noted(drift.resolved, drift.rule) for drift in drifts if drift.resolved}
        self._outcomes: dict[str, list[Outcome]] = {drift.pair.name: [] for drift in drifts}

    def run(self, step: _Run) -> list[Outcome]:
        self._check_accounts()
        for item in _STEPS:
            self._step(item, step)
        return [self._summed_up(drift) for drift in self._drifts]

    def _check_accounts(self) -> None:
        """Write nothing with credentials of another account than the one that was read with."""
        pairs = [self._pairs[drift.pair.name] for drift in self._drifts if self._selectable(drift)]
        errors = in_parallel(lambda pair: _wrong_account(self._accounts, pair), pairs)
        for pair, error in zip(pairs, errors, strict=True):
            if error is not None:
                self._outcomes[pair.name].append(Outcome.failed(pair.name, STEP, error))

    def _step(self, item: _Step, step: _Run) -> None:
        selected = {
            drift.pair.name: findings
            for drift in self._drifts
            if self._may_go_on(drift) and (findings := [f for f in self._selectable(drift) if item.takes(f)])
        }
        if not selected:
            return
        resource = item.make(selected, list(self._pairs.values()))
        for outcome in step(item.name, resource, self._accounts, [self._pairs[name] for name in selected]):
            self._outcomes[outcome.pair].append(outcome)
            self._pairs[outcome.pair] = self._pairs[outcome.pair].with_key(outcome.details.get("kms_key_arn"))

    def _may_go_on(self, drift: DriftResult) -> bool:
        return all(outcome.ok for outcome in self._outcomes[drift.pair.name])

    def _selectable(self, drift: DriftResult) -> list[Finding]:
        """Return the findings that are to be repaired; none where writing itself would be wrong."""
        if drift.resolved is None or any(map(_forbids, drift.findings)):
            return []
        return [item for item in drift.findings if item.repairable and (self._remove_extra or not item.extra)]

    def _summed_up(self, drift: DriftResult) -> Outcome:
        name, steps = drift.pair.name, self._outcomes[drift.pair.name]
        chosen = self._selectable(drift)
        left = [
            {"part": item.part, "field": item.field, "repair": _advice(item, self._remove_extra)}
            for item in drift.findings
            if item not in chosen
        ]
        details = {"steps": [outcome.to_dict() for outcome in steps], "left": left}
        changes = tuple(change for outcome in steps for change in outcome.changes)
        error = next((outcome.error for outcome in steps if outcome.error), None)
        return Outcome(name, STEP, _result(steps, changes, left), changes, details, error)


def _result(steps: Sequence[Outcome], changes: Sequence[str], left: Sequence[object]) -> str:
    if not all(outcome.ok for outcome in steps):
        return "failed"
    if changes:
        return PLANNED if any(outcome.result == PLANNED for outcome in steps) else REPAIRED
    return LEFT if left else "in order"


def _noted(pair: ResolvedPair, rule: Rule | None) -> ResolvedPair:
    """Return the pair with what a rule that is put for it notes for teardown: what the one that it replaces does.

    Where there is none any more, what the first setup had found in place is not known.
    """
    noted = provenance.read(rule.id, pair.pair) if rule else None
    return replace(pair, rule_suffix=noted.suffix) if noted else with_notes(pair, {})


def _forbids(finding: Finding) -> bool:
    return finding.part in ("source_bucket", "destination_bucket") and finding.field in _FORBIDDING


def _advice(finding: Finding, remove_extra: bool) -> str:
    if finding.extra and finding.repairable and not remove_extra:
        return f"{finding.repair} (or repair with remove_extra)"
    return finding.repair


def _wrong_account(accounts: Accounts, pair: ResolvedPair) -> OssCrrError | None:
    sides = ((pair.pair.source_conn_id, pair.source_uid), (pair.pair.destination_conn_id, pair.destination_uid))
    problems = [_not_of(accounts, conn_id, uid) for conn_id, uid in sides if conn_id]
    return next((problem for problem in problems if problem), None)


def _not_of(accounts: Accounts, conn_id: str, uid: str) -> OssCrrError | None:
    found = attempt(lambda: accounts.get(conn_id).identity())
    if isinstance(found, OssCrrError):
        return found
    if found.account_uid == uid:
        return None
    return CredentialsError(f"connection `{conn_id}` belongs to account {found.account_uid}, not to {uid}")


def _write(name: str, resource: Resource[Any], accounts: Accounts, pairs: Sequence[ResolvedPair]) -> list[Outcome]:
    return Convergence(resource, accounts, name, {}, datetime.now(UTC)).run(pairs)


def _plan(name: str, resource: Resource[Any], accounts: Accounts, pairs: Sequence[ResolvedPair]) -> list[Outcome]:
    def plan(group: Sequence[ResolvedPair]) -> list[Outcome]:
        observed = attempt(lambda: resource.observe(accounts, group[0]))
        if isinstance(observed, OssCrrError):
            return [Outcome.failed(pair.name, name, observed) for pair in group]
        return [_planned(name, resource, pair, observed) for pair in group]

    found = {item.pair: item for items in in_parallel(plan, group_by_scope(resource, pairs)) for item in items}
    return [found[pair.name] for pair in pairs]


def _planned(name: str, resource: Resource[Any], pair: ResolvedPair, observed: Any) -> Outcome:
    changes = resource.changes(pair, observed)
    blocked = [change.summary for change in changes if change.kind == "blocked"]
    if blocked:
        return Outcome.failed(pair.name, name, Conflict("; ".join(blocked)))
    details: Mapping[str, Any] = {"changes": [change.to_dict() for change in changes]}
    return Outcome(pair.name, name, PLANNED if changes else "in order", _summaries(changes), dict(details))


def _summaries(changes: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(change.summary for change in changes))
