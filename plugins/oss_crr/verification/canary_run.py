"""Canaries of a whole batch: who gets one, what is done when they have been looked at, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from oss_crr.converge import in_parallel
from oss_crr.errors import OssCrrError
from oss_crr.reading import attempt
from oss_crr.resources.base import Accounts
from oss_crr.verification import canary_findings as findings
from oss_crr.verification.canary import Canary, Sight, Verdict, judge
from oss_crr.verification.canary_cleanup import Cleaned, clean_all
from oss_crr.verification.canary_keys import Nest, misplaced
from oss_crr.verification.canary_moves import enter, holds_body, new_canary
from oss_crr.verification.model import Finding
from oss_crr.verification.target import Target

if TYPE_CHECKING:
    from oss_crr.model import Retention


@dataclass(frozen=True)
class Flight:
    """A pair's canary, from the decision to send one to its result.

    :param canary: None before and after its flight.
    :param measures: ``canary`` (``passed``, ``failed`` or why there was none), ``arrival_seconds``,
        ``overwrite_seconds``, ``delete_seconds``, ``canaries_removed``.
    """

    pair: str
    canary: Canary | None = None
    findings: tuple[Finding, ...] = ()
    measures: dict[str, Any] = field(default_factory=dict)

    def result(self) -> dict[str, Any]:
        """Return what the verification's report takes: pair, findings and measures as JSON data."""
        found = [finding.to_dict() for finding in self.findings]
        return {"pair": self.pair, "findings": found, "measures": self.measures}

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON data, the form that waits for the trigger."""
        return {**self.result(), "canary": self.canary.to_dict() if self.canary else None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Flight:
        """Rebuild from :meth:`to_dict`."""
        canary = Canary.from_dict(data["canary"]) if data["canary"] else None
        found = tuple(Finding.from_dict(item) for item in data["findings"])
        return cls(data["pair"], canary, found, dict(data["measures"]))

    def end(self, outcome: str, *found: Finding) -> Flight:
        """Return the flight as it ended."""
        arrivals = self.canary.arrivals if self.canary else {}
        times = {_MEASURES[stage]: seconds for stage, seconds in arrivals.items() if stage in _MEASURES}
        measures = {**self.measures, **times, "canary": outcome}
        return replace(self, canary=None, findings=(*self.findings, *found), measures=measures)


_MEASURES = {"write": "arrival_seconds", "overwrite": "overwrite_seconds", "delete": "delete_seconds"}


def launch(accounts: Accounts, items: Sequence[tuple[Target, Nest]]) -> list[Flight]:
    """Remove left-overs of earlier runs, and write a new canary for each pair that allows it.

    :param items: the pairs, with where their canaries live.
    """
    retentions = _retentions(accounts, [target for target, _ in items if why_not(target) is None])
    able = [item for item in items if _obstacle(*item, retentions) is None]
    cleaned = {found.pair: found for found in clean_all(accounts, able)}
    flights = {
        flight.pair: flight
        for flight in in_parallel(lambda item: _launch(accounts, *item, cleaned[item[0].name]), able)
    }
    return [flights.get(target.name) or _grounded(target, nest, retentions) for target, nest in items]


def proceed(accounts: Accounts, flights: Sequence[Flight], sights: Mapping[str, Sight]) -> list[Flight]:
    """Take every canary that was looked at one stage further, or to its end.

    :param sights: what was seen last, by pair; flights without a canary have none.
    """
    return in_parallel(partial(_proceed, accounts, sights), flights)


def _proceed(accounts: Accounts, sights: Mapping[str, Sight], flight: Flight) -> Flight:
    canary = flight.canary
    if canary is None or flight.pair not in sights:
        return flight
    seen = sights[flight.pair]
    try:
        verdict = _closer(accounts, canary, judge(canary, seen))
    except OssCrrError as error:
        return flight.end("failed", findings.refused(flight.pair, "read at the destination", error))
    if verdict == "waiting":
        return flight
    if verdict != "passed":
        return flight.end("failed", findings.finding(canary, verdict, seen))
    return _next_stage(accounts, replace(flight, canary=canary.passed(seen)))


def _closer(accounts: Accounts, canary: Canary, verdict: Verdict) -> Verdict:
    """Believe in equal content only when every byte of it was read."""
    if verdict == "passed" and canary.wanted is not None and not holds_body(accounts.get, canary):
        return "corruption"
    return verdict


def _next_stage(accounts: Accounts, flight: Flight) -> Flight:
    canary = flight.canary
    if canary is None or canary.next_stage is None:
        return flight.end("passed")
    try:
        return replace(flight, canary=enter(accounts, canary, canary.next_stage))
    except OssCrrError as error:
        what = "overwritten" if canary.next_stage == "overwrite" else "deleted"
        return flight.end("failed", findings.refused(flight.pair, f"{what} at the source", error))


# --- who gets one ----------------------------------------------------------------------------------------------------

#: What buckets protect their objects with, by bucket; None for nothing.
Retentions = Mapping[tuple[str, str], "Retention | OssCrrError | None"]


def why_not(target: Target) -> str | None:
    """Return why a pair gets no canary, as far as that can be told without a look; None when it may get one."""
    if not target.entry.verify.canary:
        return "switched off"
    if not (target.pair.manages_source and target.pair.manages_destination):
        return "only one side has a connection"
    if target.resolved is None:
        return "the pair could not be read"
    if target.rule is None:
        return "there is no rule"
    return None if target.rule.status == "doing" else f"the rule is {target.rule.status}"


def _obstacle(target: Target, nest: Nest, retentions: Retentions) -> str | None:
    """Return why a pair gets no canary; None when it gets one."""
    reason = why_not(target) or misplaced(target.pair, nest)
    if reason is None and any(retentions[key] is not None for key in _sides(target)):
        reason = "retention keeps test objects from being deleted"
    return reason


def _grounded(target: Target, nest: Nest, retentions: Retentions) -> Flight:
    """Return the result of a pair without a canary; a finding where somebody has to do something about it."""
    flight = Flight(target.name)
    if why_not(target) is None and (problem := misplaced(target.pair, nest)):
        return flight.end(f"none: {problem}", findings.misplaced(target.name, problem))
    unread = [found for key in _sides(target) if isinstance(found := retentions.get(key), OssCrrError)]
    if unread:
        problem = "sent without knowing that it can be deleted again"
        return flight.end("none: retention is unknown", findings.refused(target.name, problem, unread[0]))
    return flight.end(f"none: {_obstacle(target, nest, retentions)}")


def _sides(target: Target) -> tuple[tuple[str, str], tuple[str, str]]:
    pair = target.pair
    return (pair.source_conn_id, pair.source_bucket), (pair.destination_conn_id, pair.destination_bucket)


def _retentions(accounts: Accounts, able: Sequence[Target]) -> Retentions:
    """Read each bucket's retention once: what is written under one cannot be deleted for days or years."""
    regions: dict[tuple[str, str], str] = {}
    for target in able:
        source, destination = _sides(target)
        regions |= {source: target.pair.source_region, destination: target.pair.destination_region}
    read = in_parallel(
        lambda key: attempt(lambda: accounts.get(key[0]).oss(regions[key]).get_worm(key[1])), list(regions)
    )
    return dict(zip(regions, read, strict=True))


def _launch(accounts: Accounts, target: Target, nest: Nest, cleaned: Cleaned) -> Flight:
    measures = {"canaries_removed": cleaned.removed} if cleaned.removed else {}
    flight = Flight(target.name, measures=measures)
    if cleaned.errors:
        # What cannot be cleaned up must not be written.
        return flight.end("none: cannot clean up", findings.left_over(target.name, cleaned.errors[0]))
    if target.resolved is None or target.rule is None:
        return flight.end("none: the pair could not be read")
    canary = new_canary(target, nest, versioned=target.resolved.versioned, rule_id=target.rule.id)
    try:
        return replace(flight, canary=enter(accounts, canary, "write"))
    except OssCrrError as error:
        return flight.end("failed", findings.refused(target.name, "written at the source", error))
