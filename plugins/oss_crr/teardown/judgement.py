"""What a teardown decides about one thing of one pair. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oss_crr.model import AttachedPolicy
from oss_crr.resources.base import Change


@dataclass(frozen=True)
class Judgement:
    """What is taken back, and what stays.

    :param changes: what is taken back, with the documents before and after.
    :param kept: what stays as it should, with the reason.
    :param by_hand: what stays although it may be of no use any more, with what to do about it.
    :param detached: policies that come off the role by these changes.
    """

    changes: tuple[Change, ...] = ()
    kept: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    detached: frozenset[AttachedPolicy] = frozenset()

    def __add__(self, other: Judgement) -> Judgement:
        """Return both as one."""
        return Judgement(
            changes=(*self.changes, *other.changes),
            kept=tuple(dict.fromkeys((*self.kept, *other.kept))),
            by_hand=tuple(dict.fromkeys((*self.by_hand, *other.by_hand))),
            detached=self.detached | other.detached,
        )

    def to_dict(self, *, with_documents: bool = True) -> dict[str, Any]:
        """Return the judgement as JSON data.

        :param with_documents: whether changes keep the documents before and after.
        """
        return {
            "changes": [change.to_dict(with_documents=with_documents) for change in self.changes],
            "kept": list(self.kept),
            "by_hand": list(self.by_hand),
        }


#: What was decided for a pair, by resource name.
Judgements = Mapping[str, Judgement]
