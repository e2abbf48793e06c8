"""Stepping all replication rules forward: their states, and the objects they copy."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from time import perf_counter

from localcloud.cloud import Cloud
from localcloud.oss.model import Bucket
from localcloud.oss.replication.copier import Copier
from localcloud.oss.replication.faults import ReplicationFaults
from localcloud.oss.replication.keys import KeyAccess
from localcloud.oss.replication.kms_keys import PolicyKeys
from localcloud.oss.replication.model import ReplicationRule
from localcloud.oss.replication.recorder import drop_rule, watch
from localcloud.oss.replication.rights import PolicyRights, RoleRights, identity_of, may_replicate
from localcloud.oss.replication.run import RuleRun


class ReplicationEngine:
    """Copies objects in steps, driven by the cloud's clock; nothing in here waits or runs by itself.

    All state is on the rules, so a cloud that was saved and loaded goes on where it was.

    :param rights: decides what a rule's role may do.
    :param keys: decides whether a rule's role may use a KMS key.
    :param faults: what is to go wrong; may be changed at any time.
    """

    def __init__(
        self,
        cloud: Cloud,
        *,
        rights: RoleRights | None = None,
        keys: KeyAccess | None = None,
        faults: ReplicationFaults | None = None,
    ) -> None:
        self.cloud = cloud
        self.rights = rights or PolicyRights()
        self.keys = keys or PolicyKeys()
        self.faults = faults or ReplicationFaults()
        self._turns = 0
        self.attach()

    def attach(self) -> None:
        """Listen to every source bucket again, since listeners are not saved with the cloud."""
        for bucket, _ in self._rules():
            watch(bucket)

    def has_work(self) -> bool:
        """Tell whether a rule is changing its state or has something to copy."""
        return any(rule.status != "doing" or rule.task.has_work or rule.task.unwanted for _, rule in self._rules())

    def tick(self, max_seconds: float) -> None:
        """Change states that are due and copy what can be copied now.

        :param max_seconds: time to spend at most, in seconds. The rules take turns, also from one tick to the next.
        """
        deadline = perf_counter() + max_seconds
        now = self.cloud.clock.now()
        runs: deque[RuleRun] = deque()
        due = self._due(now)
        while due or runs:
            run = self._run(*due.popleft(), now) if due else runs.popleft()
            self._turns += 1
            if run is not None and run.take_turn():
                runs.append(run)
            if perf_counter() >= deadline:
                return

    def _due(self, now: datetime) -> deque[tuple[Bucket, ReplicationRule]]:
        """Change the states that are due, and find the rules that have something to try."""
        due: deque[tuple[Bucket, ReplicationRule]] = deque()
        for source, rule in self._rules():
            self._change_state(source, rule, now)
            rule.task.settle_unwanted(wanted=self.faults.delivers_delete(rule))
            if rule.status == "doing" and rule.task.is_due(now) and not self.faults.stalls(rule):
                due.append((source, rule))
        # Begin behind those that had their turn last time.
        due.rotate(-self._turns)
        return due

    def _rules(self) -> list[tuple[Bucket, ReplicationRule]]:
        return [(bucket, rule) for bucket in self.cloud.buckets.values() for rule in bucket.rules.values()]

    def _change_state(self, source: Bucket, rule: ReplicationRule, now: datetime) -> None:
        behaviour = self.cloud.behaviour
        if rule.closing_since is not None:
            if now >= rule.closing_since + timedelta(seconds=behaviour.rule_close_seconds):
                drop_rule(source, rule)
        elif rule.task.started is None and now >= rule.created + timedelta(seconds=behaviour.rule_start_seconds):
            rule.task.started = now

    def _run(self, source: Bucket, rule: ReplicationRule, now: datetime) -> RuleRun | None:
        """Prepare a rule's copying with the rights it has now; None when it may copy nothing."""
        task = rule.task
        copier = self._copier(source, rule, now)
        if copier is None:
            task.blocked_until = now + self._retry_after
            task.paced_at = None
            return None
        task.blocked_until = None
        speed = self.faults.speed(rule)
        task.top_up(now, self.cloud.behaviour.objects_per_second if speed is None else speed)
        return RuleRun(task, copier, now, self._retry_after)

    def _copier(self, source: Bucket, rule: ReplicationRule, now: datetime) -> Copier | None:
        """Assume the rule's role and look at the destination; None when one of them is not to be had."""
        destination = self.cloud.buckets.get(rule.destination_bucket)
        identity = identity_of(self.cloud, self.rights, rule, source)
        if destination is None or identity is None or not may_replicate(identity, source, destination):
            return None
        storage_class = self.cloud.behaviour.replica_storage_class
        return Copier(rule, source, destination, identity, self.keys, self.faults, storage_class, now)

    @property
    def _retry_after(self) -> timedelta:
        return timedelta(seconds=self.cloud.behaviour.replication_retry_seconds)
