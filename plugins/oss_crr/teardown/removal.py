"""Take one part back for a batch of claims: read, write only what is there, read back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oss_crr.concurrency import TIMING, Look, Timing
from oss_crr.converge import MAX_ATTEMPTS, MAX_LOOKS, in_parallel
from oss_crr.errors import Conflict, LostUpdate, OssCrrError, RuleClosing, StaleRead
from oss_crr.outcome import Outcome
from oss_crr.resources.base import Accounts
from oss_crr.teardown.claim import Claim
from oss_crr.teardown.judgement import Judgement
from oss_crr.teardown.parts import Part
from oss_crr.teardown.reader import Reader
from oss_crr.teardown.users import User, find_users

_LOG = logging.getLogger(__name__)

#: A claim, the other users of its role, and what that means for the part.
Judged = tuple[Claim, Sequence[User], Judgement]


@dataclass(frozen=True)
class _View:
    """A document at one moment, and what is decided about it.

    :param read_at: when the reading began.
    """

    read_at: float
    observed: Any
    judged: tuple[Judged, ...]


class Removal:
    """One part, taken back for a batch; the counterpart of :class:`oss_crr.converge.Convergence`.

    Who else needs a thing is looked up anew before every write: between the plan and the approval, hours may pass.

    :param step: name of the step, for the outcomes.
    :param leaving: all claims of the run, which are no users of one another's things.
    :param wrote_before: whether an earlier try may have written: what is gone then counts as taken out, too.
    :param timing: clocks and waits.
    """

    def __init__(
        self,
        part: Part[Any],
        accounts: Accounts,
        step: str,
        leaving: Sequence[Claim],
        timing: Timing = TIMING,
        *,
        wrote_before: bool = False,
    ) -> None:
        self._part = part
        self._accounts = accounts
        self._step = step
        self._leaving = tuple(claim for claim in leaving if not claim.keeps_rule)
        self._timing = timing
        self._wrote_before = wrote_before

    def run(self, claims: Sequence[Claim]) -> list[Outcome]:
        """Take the part back for all claims; a pair that fails does not stop another."""
        return self._in_groups(lambda group: self._again(group)[0], claims)

    def look_again(self, claims: Sequence[Claim], looks: Mapping[str, Look]) -> list[Outcome]:
        """Make sure that no other writer has put back what an earlier :meth:`run` took out.

        :param looks: when the run last saw the documents of each pair.
        """
        return self._in_groups(lambda group: self._rest(group, looks), claims)

    def _in_groups(self, work: Callable[[Sequence[Claim]], list[Outcome]], claims: Sequence[Claim]) -> list[Outcome]:
        groups: dict[tuple[str, ...], list[Claim]] = {}
        for claim in claims:
            for item in self._part.items(claim):
                groups.setdefault(self._part.scope(item), []).append(item)
        found: dict[str, list[Outcome]] = {claim.name: [] for claim in claims}
        for outcomes in in_parallel(work, groups.values()):
            for outcome in outcomes:
                found[outcome.pair].append(outcome)
        return [_merged(found[claim.name]) for claim in claims]

    def _rest(self, group: Sequence[Claim], looks: Mapping[str, Look]) -> list[Outcome]:
        """Look at a document until it has not changed for so long that nobody can hold an older copy."""
        last = max((looks[claim.name] for claim in group), key=lambda look: look.at)
        healed: dict[str, Outcome] = {}
        for _ in range(MAX_LOOKS):
            self._timing.wait_for_quiet(last)
            outcomes, found = self._again(group)
            rests = found is not None and found.state == last.state and not any(item.changes for item in outcomes)
            healed |= {item.pair: item for item in outcomes if item.changes}
            if found is None or rests:
                break
            last = found
        else:
            _LOG.warning("%s: others keep writing; what was taken out was out every time", self._part.name)
        return [item if item.error else healed.get(item.pair, item) for item in outcomes]

    def _again(self, group: Sequence[Claim]) -> tuple[list[Outcome], Look | None]:
        try:
            return self._take_back(group)
        except OssCrrError as error:
            needed = self._part.needed_after_all(error)
            if needed:
                return [Outcome(claim.name, self._step, "left", details=_stays(needed)) for claim in group], None
            return [Outcome.failed(claim.name, self._step, error) for claim in group], None

    def _take_back(self, group: Sequence[Claim]) -> tuple[list[Outcome], Look]:
        view = self._view(group)
        written: dict[str, list[str]] = {claim.name: [] for claim in group}
        for attempt in range(MAX_ATTEMPTS):
            todo = [item for item in view.judged if item[2].changes and not self._waits(item[0], view)]
            if not todo:
                break
            if self._write(todo, view, last=attempt == MAX_ATTEMPTS - 1):
                for claim, _, judged in todo:
                    written[claim.name] += [change.summary for change in judged.changes]
            else:
                self._timing.pause(attempt)
            view = self._view(group)
        look = Look.of(view.observed, self._timing.clock())
        return [self._outcome(item, view, written[item[0].name], look) for item in view.judged], look

    def _view(self, group: Sequence[Claim]) -> _View:
        reader, read_at = Reader(self._accounts), self._timing.monotonic()
        observed = self._part.observe(reader, group[0])
        users: list[Sequence[User]] = [() for _ in group]
        if self._part.needs_users and any(self._is_open(claim, observed) for claim in group):
            users = [find_users(reader, claim, self._leaving) for claim in group]
            if self._part.contended(group[0]):
                # What is written is read last, and anew, so that little time passes between the two.
                read_at = self._timing.monotonic()
                observed = self._part.observe(Reader(self._accounts), group[0])
        judged = tuple(
            (claim, using, self._part.judge(claim, observed, using)) for claim, using in zip(group, users, strict=True)
        )
        return _View(read_at, observed, judged)

    def _is_open(self, claim: Claim, observed: Any) -> bool:
        """Tell whether something of the claim is there, so that it matters who else needs it."""
        judged = self._part.judge(claim, observed, ())
        return bool(judged.changes or judged.by_hand)

    def _waits(self, claim: Claim, view: _View) -> bool:
        return self._part.waiting(claim, view.observed)

    def _write(self, todo: Sequence[Judged], view: _View, *, last: bool) -> bool:
        """Write; False when what is there has to be read and judged again: it changed meanwhile, or may have.

        :raises Conflict: something else still needs it: for good, or also at the last attempt.
        """
        try:
            with self._timing.sending_in_time(view.read_at):
                self._part.take(self._accounts, [(claim, users) for claim, users, _ in todo], view.observed)
        except StaleRead as error:
            _LOG.warning("%s: reading again what is there, because %s", self._part.name, error)
            return False
        except Conflict as error:
            if last or self._part.needed_after_all(error):
                raise
            _LOG.warning("%s: reading again what is there, because %s", self._part.name, error)
            return False
        return True

    def _outcome(self, item: Judged, view: _View, written: Sequence[str], look: Look) -> Outcome:
        claim, _, judged = item
        left = "; ".join(change.summary for change in judged.changes)
        if left and self._waits(claim, view):
            return Outcome.failed(claim.name, self._step, RuleClosing(left), {"rule_id": claim.rule_id})
        if left:
            lost = LostUpdate(f"taken out, but there again, perhaps because others write, too: {left}")
            return Outcome.failed(claim.name, self._step, lost)
        details = _stays(*judged.kept) | {"by_hand": list(judged.by_hand)}
        if (written or self._wrote_before) and self._part.contended(claim):
            details |= look.to_details()
        summaries = tuple(dict.fromkeys(written))
        return Outcome(claim.name, self._step, _result(written, judged), summaries, details)


def _stays(*kept: str) -> dict[str, Any]:
    return {"kept": list(kept), "by_hand": []}


def _result(written: Sequence[str], judged: Judgement) -> str:
    if written:
        return "taken back"
    return "left" if judged.kept or judged.by_hand else "nothing there"


def _merged(outcomes: Sequence[Outcome]) -> Outcome:
    """Return one outcome for the several documents of a claim: a failure first, else what was written."""
    order = ("failed", "taken back", "left", "nothing there")
    first, *others = sorted(outcomes, key=lambda outcome: order.index(outcome.result))
    if not others or first.error:
        return first
    details = {
        **first.details,
        "kept": [text for outcome in outcomes for text in outcome.details["kept"]],
        "by_hand": [text for outcome in outcomes for text in outcome.details["by_hand"]],
    }
    changes = tuple(dict.fromkeys(text for outcome in outcomes for text in outcome.changes))
    return Outcome(first.pair, first.step, first.result, changes, details)
