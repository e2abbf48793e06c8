"""Read everything, and say exactly what a teardown would take back, what stays, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from oss_crr.converge import in_parallel
from oss_crr.errors import OssCrrError
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
from oss_crr.teardown.users import User, find_users

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
    leaving = [claim for claim in found if isinstance(claim, Claim) and not claim.keeps_rule]
    return in_parallel(lambda item: _plan(reader, *item, leaving), list(zip(pairs, found, strict=True)))


def _plan(reader: Reader, pair: BucketPair, claim: Claim | OssCrrError, leaving: Sequence[Claim]) -> Planned:
    if isinstance(claim, OssCrrError):
        return Planned(pair, error=claim)
    judged = attempt(lambda: _judge_all(reader, claim, leaving))
    if isinstance(judged, OssCrrError):
        return Planned(pair, claim, error=judged)
    return Planned(pair, claim, judged)


def _judge_all(reader: Reader, claim: Claim, leaving: Sequence[Claim]) -> dict[str, Judgement]:
    users = [] if claim.keeps_rule else find_users(reader, claim, leaving)
    judged: dict[str, Judgement] = {}
    for name, part in PARTS.items():
        if part.applies(claim):
            gone = frozenset(item for earlier in judged.values() for item in earlier.detached)
            judged[name] = _judge(part, reader, claim, users, gone)
    sides = other_side(claim)
    return judged | ({OTHER_SIDE: Judgement(by_hand=sides)} if sides else {})


def _judge(part: Part[Any], reader: Reader, claim: Claim, users: Sequence[User], gone: frozenset[Any]) -> Judgement:
    judged = Judgement()
    for item in part.items(claim):
        observed = part.observe(reader, item)
        if isinstance(part, RolePart):
            observed = _without(observed, gone)
        judged += part.judge(item, observed, users)
    return judged


def _without(state: RoleState, gone: frozenset[Any]) -> RoleState:
    """Return the role as it will be when the earlier steps have detached their policies."""
    return replace(state, attached=tuple(item for item in state.attached if item not in gone))
