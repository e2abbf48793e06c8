"""A replication rule, and the work it still has to do."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Literal

from localcloud.oss.model import ChangeKind

RuleStatus = Literal["starting", "doing", "closing"]


@dataclass(frozen=True, slots=True)
class Work:
    """One change of one object version that has to be made at the destination.

    :param time: when the source changed.
    :param historical: whether the version was there before the rule.
    """

    kind: ChangeKind
    key: str
    version_id: str
    time: datetime
    historical: bool = False


@dataclass
class RuleTask:
    """What a rule has to copy and how far it is; saved together with the rule.

    Work for one key is always done in the order in which the source changed: history first, then the changes.

    :param started: when the rule began to copy; None while it is ``starting``.
    :param history: copying of the versions that were there before the rule, oldest first, by object key.
    :param history_total: number of those versions at the beginning.
    :param history_done: number of them that are copied, or skipped as the service skips them.
    :param ready: work that can be done next.
    :param waiting: work that lacks a right or a KMS key, by object key; later work for that key queues up behind it.
    :param unwanted: removals that the rule does not carry over, until the next tick: a fault may want them done.
    :param copied_until: time of the latest change that was carried over; None before the first one.
    :param retry_at: when waiting work is tried again.
    :param blocked_until: when a rule that may copy nothing at all is tried again; None while it may copy.
    :param allowance: objects that may be copied now under a speed limit.
    :param paced_at: when ``allowance`` was last topped up; None while nothing is copied.
    """

    started: datetime | None = None
    history: dict[str, list[Work]] = field(default_factory=dict)
    history_total: int = 0
    history_done: int = 0
    history_finished: datetime | None = None
    ready: deque[Work] = field(default_factory=deque)
    waiting: dict[str, deque[Work]] = field(default_factory=dict)
    unwanted: deque[Work] = field(default_factory=deque)
    copied_until: datetime | None = None
    retry_at: datetime | None = None
    blocked_until: datetime | None = None
    allowance: float = 0.0
    paced_at: datetime | None = None

    @property
    def has_work(self) -> bool:
        """Tell whether anything is left to be copied, now or after a retry."""
        return bool(self.ready or self.history or self.waiting)

    def is_due(self, now: datetime) -> bool:
        """Tell whether there is anything to try at ``now``."""
        if self.blocked_until is not None and now < self.blocked_until:
            return False
        return bool(self.ready or self.history or (self.waiting and self.is_retry_due(now)))

    def is_retry_due(self, now: datetime) -> bool:
        """Tell whether waiting work is to be tried again."""
        return self.retry_at is None or now >= self.retry_at

    def next_work(self) -> Work | None:
        """Take the next piece of work that does not wait for a right; None when there is none.

        New writes go before history, except that a key's own history goes before its changes.
        """
        if not self.ready and not self.history:
            return None
        key = self.ready[0].key if self.ready else next(iter(self.history))
        if key in self.history:
            self.ready.extendleft(reversed(self.history.pop(key)))
        return self.ready.popleft()

    def put_off(self, work: Work) -> None:
        """Let a piece of work wait until it is retried."""
        self.waiting.setdefault(work.key, deque()).append(work)

    def release(self) -> None:
        """Make all waiting work ready, before everything that came later."""
        works = [work for queue in self.waiting.values() for work in queue]
        self.waiting.clear()
        self.ready.extendleft(reversed(works))

    def top_up(self, now: datetime, objects_per_second: float) -> None:
        """Add what the time since the last call allows; 0 objects per second means no limit."""
        if objects_per_second <= 0:
            self.allowance = inf
        elif self.paced_at is None:
            self.allowance = 0.0
        else:
            elapsed = max(0.0, (now - self.paced_at).total_seconds())
            self.allowance = min(self.allowance, max(1.0, objects_per_second)) + elapsed * objects_per_second
        self.paced_at = now

    def note_done(self, work: Work) -> None:
        """Remember how far changes have been carried over; history is older than all of them."""
        if not work.historical:
            self.copied_until = work.time if self.copied_until is None else max(self.copied_until, work.time)

    def settle_unwanted(self, *, wanted: bool) -> None:
        """Forget the removals that the rule does not carry over, or have them done in spite of that."""
        if wanted:
            self.ready.extend(self.unwanted)
        self.unwanted.clear()

    def clear(self) -> None:
        """Forget everything that is still to be done."""
        self.history.clear()
        self.ready.clear()
        self.waiting.clear()
        self.unwanted.clear()


@dataclass
class ReplicationRule:
    """One rule on a source bucket.

    :param actions: ``("ALL",)`` or any of PUT, DELETE, ABORT, in the order sent.
    :param prefixes: empty means the whole bucket.
    :param transfer_type: as sent; None when it was left out.
    :param sync_role: bare role name or ARN as sent; None when it was left out.
    :param kms_enabled: whether SSE-KMS objects are replicated; None when the rule has no such setting.
    :param rtc: the Replication Time Control that was asked for, ``enabled`` or ``disabled``.
    :param rtc_since: when ``rtc`` was last changed; None means with the rule.
    """

    id: str
    source_bucket: str
    destination_bucket: str
    destination_location: str
    created: datetime
    actions: tuple[str, ...] = ("ALL",)
    prefixes: tuple[str, ...] = ()
    transfer_type: str | None = None
    history: bool = True
    sync_role: str | None = None
    kms_enabled: bool | None = None
    kms_key_id: str | None = None
    rtc: str = "disabled"
    closing_since: datetime | None = None
    rtc_since: datetime | None = None
    task: RuleTask = field(default_factory=RuleTask, repr=False)

    @property
    def status(self) -> RuleStatus:
        """Return the state as the service shows it."""
        if self.closing_since is not None:
            return "closing"
        return "doing" if self.task.started is not None else "starting"
