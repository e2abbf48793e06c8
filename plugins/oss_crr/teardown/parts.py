"""The things that a teardown takes back, one class each: what of it is a pair's own, and who else needs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, Literal, TypeVar

from oss_crr.errors import OssCrrError
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Accounts, Change, Resource
from oss_crr.teardown.claim import Claim
from oss_crr.teardown.judgement import Judgement
from oss_crr.teardown.reader import Reader
from oss_crr.teardown.users import User

Observed = TypeVar("Observed")


class Part(ABC, Generic[Observed]):
    """One kind of thing that a teardown takes back.

    A part of a claim for which several documents exist is handled as several claims, see :meth:`items`.
    """

    #: Name in plans, reports and errors; that of the resource.
    name: ClassVar[str]
    #: The account that the thing is in.
    side: ClassVar[Literal["source", "destination"]] = "source"
    #: Whether it matters who else uses the pair's role.
    needs_users: ClassVar[bool] = True

    def applies(self, claim: Claim) -> bool:
        """Tell whether there may be something of the kind to take back, in an account with a connection."""
        pair = claim.pair.pair
        return not claim.keeps_rule and (pair.manages_source if self.side == "source" else pair.manages_destination)

    def items(self, claim: Claim) -> list[Claim]:
        """Return the claim, once for each document that is concerned."""
        return [claim]

    @abstractmethod
    def scope(self, claim: Claim) -> tuple[str, ...]:
        """Return what one read and one write cover; claims of equal scope are handled together."""

    @abstractmethod
    def observe(self, reader: Reader, claim: Claim) -> Observed:
        """Read what is there now."""

    @abstractmethod
    def judge(self, claim: Claim, observed: Observed, users: Sequence[User]) -> Judgement:
        """Decide what is taken back for a claim.

        :param users: other users of the claim's role.
        """

    @abstractmethod
    def take(self, accounts: Accounts, claims: Sequence[tuple[Claim, Sequence[User]]], observed: Observed) -> None:
        """Take back what :meth:`judge` names, for claims of equal scope, in as few writes as possible."""

    @abstractmethod
    def after(self, claim: Claim, observed: Observed, users: Sequence[User]) -> Observed:
        """Return what will be there when a claim's part has been taken back, for the plan of others that share it."""

    def contended(self, claim: Claim) -> bool:
        """Tell whether other runs may write the same document, see :mod:`oss_crr.concurrency`."""
        return False

    def waiting(self, claim: Claim, observed: Observed) -> bool:
        """Tell whether the thing was taken back and is not gone yet."""
        return False

    def needed_after_all(self, error: OssCrrError) -> str | None:
        """Say why the thing stays when the service's refusal to take it back tells of another user; else None."""
        return None


def update(resource: type[Resource[Any]], summary: str, before: Any, after: Any) -> Change:
    """Return the change that takes something out of a document; None for what is left deletes it."""
    return Change(resource.name, "delete" if after is None else "update", summary, before, after)


def named(users: Sequence[User]) -> str:
    """Name the first few users, for messages."""
    listed = ", ".join(map(str, users[:3]))
    return f"{listed} and {len(users) - 3} more" if len(users) > 3 else listed


def key_pair(claim: Claim, arn: str) -> ResolvedPair:
    """Return the claim's pair with one of its keys."""
    return claim.pair.with_key(arn)
