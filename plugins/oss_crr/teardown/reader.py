"""Reads of a teardown, each made once: several things to take back ask for the same ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeVar

from oss_crr.errors import NotFound
from oss_crr.model import AttachedPolicy, BucketInfo, Identity, RoleInfo, Rule
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.resources.base import Accounts
from oss_crr.resources.role_grant import RoleGrant, RoleGrantState

if TYPE_CHECKING:
    from oss_crr.hooks.account import Account

Answer = TypeVar("Answer")


class Reader:
    """What is in the cloud at one moment. Safe to use from several threads; make a new one to look again."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self._lock = threading.Lock()
        self._answers: dict[Hashable, _Once] = {}

    def identity(self, conn_id: str) -> Identity:
        """Return who a connection's credentials belong to."""
        return self.accounts.get(conn_id).identity()

    def role(self, pair: BucketPair) -> RoleInfo | None:
        """Return the pair's role."""
        return self._once(("role", pair.source_conn_id, pair.role), lambda: self._source(pair).ram.get_role(pair.role))

    def attached(self, pair: BucketPair) -> tuple[AttachedPolicy, ...]:
        """Return the policies attached to the pair's role; none when there is no such role."""
        return self._once(
            ("attached", pair.source_conn_id, pair.role),
            lambda: self._source(pair).ram.list_policies_for_role(pair.role) or (),
        )

    def role_grant(self, grant: RoleGrant, pair: ResolvedPair) -> RoleGrantState:
        """Return the product's policies of one kind for the pair's role, and all that is attached to the role."""
        key = (grant.name, pair.pair.source_conn_id, pair.pair.role)
        return self._once(key, lambda: grant.observe_all(self.accounts, pair, self.attached(pair.pair)))

    def rules(self, pair: BucketPair, bucket: str, region: str) -> tuple[Rule, ...]:
        """Return the rules of a bucket of the source account; none when the bucket is gone."""
        return self._once(
            ("rules", pair.source_conn_id, bucket),
            lambda: _unless_gone(lambda: self._source(pair).oss(region).list_rules(bucket), ()),
        )

    def buckets(self, pair: BucketPair) -> dict[str, str]:
        """Return the regions of all buckets of the source account, by bucket name."""
        return self._once(
            ("buckets", pair.source_conn_id), lambda: self._source(pair).oss(pair.source_region).list_buckets()
        )

    def destination(self, pair: BucketPair) -> BucketInfo | None:
        """Return the destination bucket; None when it is gone."""
        return self._once(
            ("destination", pair.destination_conn_id, pair.destination_bucket),
            lambda: _unless_gone(
                lambda: (
                    self.accounts.destination(pair)
                    .oss(pair.destination_region)
                    .get_bucket_info(pair.destination_bucket)
                ),
                None,
            ),
        )

    def bucket_policy(self, pair: BucketPair, bucket: str, region: str) -> str | None:
        """Return the policy of a bucket of the destination account."""
        return self._once(
            ("policy", pair.destination_conn_id, bucket),
            lambda: self.accounts.destination(pair).oss(region).get_bucket_policy(bucket),
        )

    def _source(self, pair: BucketPair) -> Account:
        return self.accounts.source(pair)

    def _once(self, key: Hashable, read: Callable[[], Answer]) -> Answer:
        with self._lock:
            once = self._answers.setdefault(key, _Once())
        answer: Answer = once.get(read)
        return answer


class _Once:
    """One answer; who asks meanwhile waits for it. A failure is not kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answer: list[Any] = []

    def get(self, read: Callable[[], Any]) -> Any:
        with self._lock:
            if not self._answer:
                self._answer.append(read())
            return self._answer[0]


def _unless_gone(read: Callable[[], Answer], otherwise: Answer) -> Answer:
    try:
        return read()
    except NotFound:
        return otherwise
