"""Read everything, and say exactly what a teardown would take back, what stays, and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from oss_crr.converge import in_parallel
from oss_crr.errors import OssCrrError
from oss_crr.model import AttachedPolicy
from oss_crr.outcome import Outcome
from oss_crr.pair import BucketPair
from oss_crr.reading import attempt
from oss_crr.resources.base import Accounts
from oss_crr.teardown.claim import Claim
from oss_crr.teardown.claims import read_claims
from oss_crr.teardown.endings import RolePart, RoleState
from oss_crr.teardown.judgement import Judgement
from oss_crr.teardown.parts import Part
from oss_crr.teardown.reader import Reader
from oss_crr.teardown.registry import PARTS
from oss_crr.teardown.two_teams import other_side
from oss_crr.teardown.users import find_users

#: What a plan says about a pair, besides the parts: the side that somebody else has to do.
OTHER_SIDE = "other_side"


@dataclass(frozen=True)
class Planned:
    """What a teardown would do for one pair.

    :param claim: None when it could not be found out.
    :param judgements: by part; empty when something could not be read.
    """

    pair: BucketPair
    claim: Claim | None = None
    judgements: dict[str, Judgement] | None = None
    error: OssCrrError | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing would be taken back."""
        return not any(judged.changes for judged in (self.judgements or {}).values())

    def of(self, part: str) -> Judgement | None:
        """Return what is decided about a part; None when there is nothing of the kind."""
        return (self.judgements or {}).get(part)

    @property
    def by_hand(self) -> list[str]:
        """Return what is left to do by hand."""
        return [text for judged in (self.judgements or {}).values() for text in judged.by_hand]

    def outcome(self, step: str, *, with_documents: bool = True) -> Outcome:
        """Return the step's outcome, which later steps and the report go by.

        :param with_documents: whether the plan carries whole policy documents.
        """
        if self.claim is None or self.error is not None:
            return Outcome.failed(self.pair.name, step, self.error or OssCrrError("not read"))
        judgements = self.judgements or {}
        details: dict[str, Any] = {
            "resolved": self.claim.pair.to_dict(),
            "claim": self.claim.to_dict(),
            "plan": {name: judged.to_dict(with_documents=with_documents) for name, judged in judgements.items()},
        }
        return Outcome(self.pair.name, step, "nothing to take back" if self.is_empty else "planned", details=details)


def plan_teardown(accounts: Accounts, pairs: Sequence[BucketPair], *, remove_adopted: bool = False) -> list[Planned]:
    """Read what there is of the pairs and decide about each part; nothing is written.

    :param remove_adopted: whether to delete rules that this product did not create.
    """
    reader = Reader(accounts)
    found = read_claims(reader, pairs, remove_adopted=remove_adopted)
    planning = _Planning(reader, [claim for claim in found if isinstance(claim, Claim)])
    for part in PARTS.values():
        planning.judge(part)
    return [planning.planned(pair, claim) for pair, claim in zip(pairs, found, strict=True)]


class _Planning:
    """A plan in the making: what is decided for a pair is what is left for the next one that shares a document."""

    def __init__(self, reader: Reader, claims: Sequence[Claim]) -> None:
        self._reader = reader
        self._judged: dict[str, dict[str, Judgement]] = {claim.name: {} for claim in claims}
        self._detached: dict[tuple[str, ...], set[AttachedPolicy]] = {}
        leaving = [claim for claim in claims if not claim.keeps_rule]
        found = in_parallel(lambda claim: attempt(lambda: find_users(reader, claim, leaving)), claims)
        self._users = {claim.name: users for claim, users in zip(claims, found, strict=True) if isinstance(users, list)}
        self._errors = {
            claim.name: users for claim, users in zip(claims, found, strict=True) if isinstance(users, OssCrrError)
        }
        self._claims = claims

    def judge(self, part: Part[Any]) -> None:
        """Decide about one part of all claims."""
        groups: dict[tuple[str, ...], list[Claim]] = {}
        for claim in self._claims:
            if claim.name in self._users and part.applies(claim):
                for item in part.items(claim):
                    groups.setdefault(part.scope(item), []).append(item)
        in_parallel(lambda group: self._judge_group(part, group), groups.values())

    def planned(self, pair: BucketPair, claim: Claim | OssCrrError) -> Planned:
        """Return what was decided for a pair."""
        if isinstance(claim, OssCrrError):
            return Planned(pair, error=claim)
        if claim.name in self._errors:
            return Planned(pair, claim, error=self._errors[claim.name])
        planned = Planned(pair, claim, self._judged[claim.name])
        sides = () if planned.is_empty else other_side(claim)
        return replace(planned, judgements=self._judged[claim.name] | {OTHER_SIDE: Judgement(by_hand=sides)})

    def _judge_group(self, part: Part[Any], group: Sequence[Claim]) -> None:
        error = attempt(lambda: self._judge(part, group))
        if isinstance(error, OssCrrError):
            self._errors |= {item.name: error for item in group}

    def _judge(self, part: Part[Any], group: Sequence[Claim]) -> None:
        observed = part.observe(self._reader, group[0])
        if isinstance(part, RolePart):
            observed = _without(observed, self._detached.get(part.scope(group[0]), set()))
        for item in group:
            judged = part.judge(item, observed, self._users[item.name])
            known = self._judged[item.name]
            known[part.name] = known.get(part.name, Judgement()) + judged
            self._detached.setdefault(_role(item), set()).update(judged.detached)
            observed = part.after(item, observed, self._users[item.name])


def _role(claim: Claim) -> tuple[str, ...]:
    return PARTS[RolePart.name].scope(claim)


def _without(state: RoleState, gone: Collection[AttachedPolicy]) -> RoleState:
    """Return the role as it will be when the earlier steps have detached their policies."""
    return replace(state, attached=tuple(item for item in state.attached if item not in gone))
