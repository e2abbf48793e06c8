"""What every configured thing answers: what is there, what differs, how to write it, how to take it back."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from oss_crr.pair import BucketPair, ResolvedPair

if TYPE_CHECKING:
    from oss_crr.hooks.account import Account

Observed = TypeVar("Observed")

#: ``blocked``: the difference is known, but this product must not remove it on its own. ``wait``: it goes away by
#: itself. ``replace``: what is there is deleted, and created anew once it is gone.
ChangeKind = Literal["create", "update", "replace", "delete", "wait", "blocked"]

Origin = Literal["in order", "adopted"]

#: Descriptions of what this product creates begin with this; teardown removes nothing that does not carry it.
CREATED_BY = "Created by oss_crr"


@dataclass(frozen=True)
class Change:
    """One difference between what should be there and what is there.

    :param resource: name of the resource it belongs to.
    :param summary: the reason, for people.
    :param before: the relevant document or field as it is; None when there is nothing.
    :param after: the same as it should be.
    """

    resource: str
    kind: ChangeKind
    summary: str
    before: Any = None
    after: Any = None

    def to_dict(self, *, with_documents: bool = True) -> dict[str, Any]:
        """Return the change as JSON data, with or without ``before`` and ``after``."""
        return asdict(self if with_documents else replace(self, before=None, after=None))

    def diff(self) -> str:
        """Return what changes in the document; see :func:`json_diff`."""
        return json_diff(self.before, self.after)


def json_diff(before: object, after: object) -> str:
    """Return a unified diff of two JSON values, each member on a line of its own; empty when they are equal.

    :param before: None for nothing, which gives no lines.
    """
    return "\n".join(unified_diff(_pretty(before), _pretty(after), "before", "after", lineterm=""))


def _pretty(value: object) -> list[str]:
    return [] if value is None else json.dumps(value, indent=2, ensure_ascii=False).splitlines()


class Accounts:
    """The accounts of a batch, by the role they play for a pair.

    :param get: returns the account of an Airflow connection id; one object per id.
    """

    def __init__(self, get: Callable[[str], Account]) -> None:
        self.get = get

    def source(self, pair: BucketPair) -> Account:
        """Return the account that owns the source bucket."""
        return self.get(pair.source_conn_id)

    def destination(self, pair: BucketPair) -> Account:
        """Return the account that owns the destination bucket."""
        return self.get(pair.destination_conn_id)


class Resource(ABC, Generic[Observed]):
    """One kind of configured thing.

    Setup applies what :meth:`changes` names, a plan prints it, verification reports it as drift, teardown calls
    :meth:`remove`. There is no state file: the cloud is the state.
    """

    #: Name in plans, reports and errors.
    name: ClassVar[str]
    #: The account that the thing is in.
    side: ClassVar[Literal["source", "destination"]] = "source"
    #: Whether pairs of equal scope share one document, so that one write serves them all.
    shared_document: ClassVar[bool] = True
    #: Whether the service itself refuses to create the thing twice: a step may then create without reading first.
    creates_once: ClassVar[bool] = False
    #: What :meth:`observe` answers where the thing does not exist.
    absent: ClassVar[Any] = None

    def applies(self, pair: ResolvedPair) -> bool:
        """Tell whether this run configures the thing for a pair: it is needed, and its account has a connection."""
        return pair.pair.manages_source if self.side == "source" else pair.pair.manages_destination

    def contended(self, pair: ResolvedPair) -> bool:
        """Tell whether other runs may write the same document, each its own part of it (:mod:`oss_crr.concurrency`)."""
        return False

    @abstractmethod
    def scope(self, pair: ResolvedPair) -> tuple[str, ...]:
        """Return what one read and one write cover; pairs of equal scope are handled together."""

    @abstractmethod
    def desired(self, pair: ResolvedPair) -> Any:
        """Return what should be there, as JSON data for people to see."""

    @abstractmethod
    def observe(self, accounts: Accounts, pair: ResolvedPair) -> Observed:
        """Read what is there now."""

    @abstractmethod
    def changes(self, pair: ResolvedPair, observed: Observed) -> tuple[Change, ...]:
        """Return the differences for one pair; empty when it is in order."""

    def origin(self, pair: ResolvedPair, observed: Observed) -> Origin:
        """Tell whether a thing without differences was made by this product, or found and adopted."""
        return "in order"

    def details(self, pair: ResolvedPair, observed: Observed) -> dict[str, Any]:
        """Return what later steps and the report need to know about the thing."""
        return {}

    @abstractmethod
    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: Observed) -> Observed | None:
        """Write the differences of pairs that share a scope.

        :returns: the whole thing as it is now, where the service's answer to the write shows it; None where it has to
            be read back.
        """

    @abstractmethod
    def remove(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: Observed) -> None:
        """Take back exactly what this product added for pairs that share a scope."""
