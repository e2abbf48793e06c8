"""Compare what both buckets of a pair hold, a part of them per run, and remember what was wrong until it is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from oss_crr.closer_look import CloserLook, Looked, count, judge
from oss_crr.converge import in_parallel
from oss_crr.errors import OssCrrError
from oss_crr.inventory import Comparison, Suspect, suspects
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Accounts
from oss_crr.verification.compare_cursor import Cursor, Fault, Faults
from oss_crr.verification.compare_findings import findings, unreadable
from oss_crr.verification.compare_walk import Walk
from oss_crr.verification.model import Finding
from oss_crr.verification.target import Target

if TYPE_CHECKING:
    from oss_crr.model import Progress

#: Keys that one run compares for a pair, unless told otherwise.
MAX_OBJECTS = 10_000
#: After this many faults in one run, the listings are believed without a closer look: the pair is broken.
MAX_FAULTS = 1000
#: Suspects that are looked at side by side.
LOOKS_AT_ONCE = 64
#: Clocks differ a little: a deletion is done for sure when the watermark is this far beyond the moment it was noticed.
CLOCK_TOLERANCE = timedelta(seconds=2)

_TOO_OLD = "written before the first comparison, and history is not replicated"


@dataclass(frozen=True)
class CompareResult:
    """What one run found out about the objects of a pair.

    :param measures: ``compare`` (``complete`` when the end of the buckets was reached, ``partial``, or why there was
        no comparison), ``compared``, ``matched``, ``postponed``, ``excluded``, ``missing``, ``different``, ``late``,
        ``surplus``.
    :param cursor: where the next run continues; None leaves the last one in force.
    """

    pair: str
    findings: tuple[Finding, ...] = ()
    measures: dict[str, Any] = field(default_factory=dict)
    cursor: Cursor | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON data."""
        return {
            "pair": self.pair,
            "findings": [finding.to_dict() for finding in self.findings],
            "measures": self.measures,
            "cursor": self.cursor.to_dict() if self.cursor else None,
        }


def compare_pair(
    accounts: Accounts, target: Target, cursor: Cursor, *, limit: int = MAX_OBJECTS, blames_surplus: bool = True
) -> CompareResult:
    """Compare the next part of both buckets, and look again at what was wrong before.

    Objects that were written since the watermark, and less than the pair's limit ago, need not be there yet.

    :param cursor: where the last run stopped.
    :param limit: keys to compare at most.
    :param blames_surplus: whether what only the destination holds may be this pair's doing.
    """
    reason = why_not(target)
    if reason is not None or target.resolved is None:
        return _none(target, reason or "the pair could not be read")
    try:
        progress = _progress(accounts, target)
        reason = _not_now(progress)
        if progress is None or reason is not None:
            return _none(target, reason or "the rule is gone")
        return _Run(accounts, target, target.resolved, progress, blames_surplus=blames_surplus).compare(cursor, limit)
    except OssCrrError as error:
        return CompareResult(target.name, (unreadable(target.name, error),))


def why_not(target: Target) -> str | None:
    """Return why a pair is not compared, as far as that can be told without a look; None when it may be."""
    if not target.entry.verify.compare:
        return "switched off"
    if not (target.pair.manages_source and target.pair.manages_destination):
        return "only one side has a connection"
    return "there is no rule" if target.rule is None else None


def _not_now(progress: Progress | None) -> str | None:
    if progress is None or progress.status != "doing":
        return "the rule is not running"
    if progress.historical_data and (progress.history is None or progress.history < 1):
        return "historical data is still being copied"
    return None


def _none(target: Target, reason: str) -> CompareResult:
    return CompareResult(target.name, measures={"compare": f"none: {reason}"})


def _progress(accounts: Accounts, target: Target) -> Progress | None:
    oss = accounts.source(target.pair).oss(target.pair.source_region)
    return oss.progress(target.pair.source_bucket, target.rule.id if target.rule else "")


class _Run:
    """One run over one pair.

    :param progress: the rule's, read before the listings: what it covers has to be in them.
    """

    def __init__(
        self, accounts: Accounts, target: Target, resolved: ResolvedPair, progress: Progress, *, blames_surplus: bool
    ) -> None:
        self._accounts = accounts
        self._target = target
        self._resolved = resolved
        self._has_history = progress.historical_data
        self._blames_surplus = blames_surplus and target.pair.replicates_deletes
        self._look = CloserLook(accounts, resolved)
        self._counts = Comparison()
        self._now = datetime.now(UTC)
        # Listings show whole seconds: an object of the watermark's second may have been written after it.
        self._watermark = progress.watermark.replace(microsecond=0) if progress.watermark else None
        too_late = self._now - target.limit
        #: What was written before this time has to be there.
        self._due = max(self._watermark, too_late) if self._watermark else too_late

    def compare(self, cursor: Cursor, limit: int) -> CompareResult:
        """Do the run."""
        cursor = cursor.begin(self._now)
        book = Faults(self._look_again(cursor))
        walk = Walk(self._accounts, self._target.pair, cursor.after, limit)
        for fault in self._faults(walk, cursor):
            book.add(fault)
        end = cursor.end(walk.last, self._settle(book.kept), book.more)
        return CompareResult(self._target.name, findings(self._target, end), self._measures(walk, end), end)

    # --- what the listings show --------------------------------------------------------------------------------------

    def _faults(self, walk: Walk, cursor: Cursor) -> Iterator[Fault]:
        """Walk the listings and yield what is wrong."""
        with closing(iter(walk)) as steps:
            doubtful = self._doubtful(suspects(steps, self._due, self._counts), cursor)
            found = 0
            while some := list(islice(doubtful, LOOKS_AT_ONCE)):
                faults = self._judge_all(some, closely=found < MAX_FAULTS)
                found += len(faults)
                yield from faults

    def _doubtful(self, found: Iterator[Suspect], cursor: Cursor) -> Iterator[Suspect]:
        """Leave out what nobody is to blame for."""
        since = datetime.fromisoformat(cursor.since)
        for suspect in found:
            if suspect.source is None:
                if self._blames_surplus:
                    yield suspect
            elif not self._has_history and suspect.source.last_modified < since:
                self._counts.exclude(_TOO_OLD)
            else:
                yield suspect

    def _judge_all(self, some: list[Suspect], *, closely: bool) -> list[Fault]:
        if closely:
            looked = in_parallel(lambda suspect: self._look.at(suspect.key), some)
            found = [self._fault(suspect, headers) for suspect, headers in zip(some, looked, strict=True)]
        else:
            found = [_as_listed(suspect, self._now) for suspect in some]
        return [fault for fault in found if fault is not None]

    def _fault(self, suspect: Suspect, looked: Looked, first_seen: str = "") -> Fault | None:
        """Return what is wrong with an object, by its headers; None when nothing is, or need not be right yet."""
        verdict = judge(looked, suspect.source, self._resolved)
        seen = first_seen or datetime.now(UTC).isoformat()
        if verdict == "surplus" and self._blames_surplus:
            return Fault(suspect.key, "surplus", seen, certain=False)
        if looked.original is None or verdict not in ("missing", "different"):
            if suspect.source is not None:
                count(self._counts, suspect, verdict)
            return None
        written = looked.original.last_modified
        if written >= self._due:
            self._counts.postpone()
            return None
        is_late = self._watermark is not None and written >= self._watermark
        return Fault(suspect.key, "late" if is_late else verdict, seen)

    # --- what was wrong before ---------------------------------------------------------------------------------------

    def _look_again(self, cursor: Cursor) -> list[Fault]:
        """Return what is still wrong of what was wrong when it was last looked at."""
        looked = in_parallel(lambda fault: self._look.at(fault.key), cursor.faults)
        again = [
            self._fault(Suspect(fault.key, None, None), headers, fault.seen)
            for fault, headers in zip(cursor.faults, looked, strict=True)
        ]
        return [fault for fault in again if fault is not None]

    def _settle(self, faults: Mapping[str, Fault]) -> list[Fault]:
        """Make sure of what is surplus: nothing tells when it was deleted, so the watermark has to pass that moment."""
        open_ones = [fault for fault in faults.values() if not fault.certain]
        progress = _progress(self._accounts, self._target) if open_ones else None
        if progress is None or progress.watermark is None:
            return list(faults.values())
        passed = progress.watermark - CLOCK_TOLERANCE
        due = [fault for fault in open_ones if datetime.fromisoformat(fault.seen) <= passed]
        looked = in_parallel(lambda fault: self._look.at(fault.key), due)
        settled: dict[str, Fault | None] = {
            fault.key: replace(fault, certain=True) if headers.original is None and headers.replica else None
            for fault, headers in zip(due, looked, strict=True)
        }
        return [fault for fault in {**faults, **settled}.values() if fault is not None]

    def _measures(self, walk: Walk, end: Cursor) -> dict[str, Any]:
        return {
            "compare": "partial" if walk.last else "complete",
            "compared": walk.seen,
            "matched": self._counts.matched,
            "postponed": self._counts.too_new,
            "excluded": sum(self._counts.excluded.values()),
            "missing": end.count("missing"),
            "different": end.count("different"),
            "late": end.count("late"),
            "surplus": end.count("surplus") if self._blames_surplus else self._counts.surplus,
        }


def _as_listed(suspect: Suspect, now: datetime) -> Fault:
    """Return what an object is as the listings show it."""
    if suspect.source is None:
        return Fault(suspect.key, "surplus", now.isoformat(), certain=False)
    return Fault(suspect.key, "missing" if suspect.destination is None else "different", now.isoformat())
