"""Ways in which replication can be made to go wrong, so that others can prove that they notice."""

from __future__ import annotations

from dataclasses import dataclass, field

from localcloud.oss.replication.model import ReplicationRule
from localcloud.policy.wildcard import matches


@dataclass
class ReplicationFaults:
    """Faults by rule; wherever a rule is named, its id or the name of its source bucket will do.

    Keys of objects may have ``*`` for any text in them.

    :param stalled: rules that copy nothing.
    :param objects_per_second: speed limits by rule, which go before the cloud's own.
    :param lost: (rule, object key) pairs that are reported as copied, but are not.
    :param corrupted: (rule, object key) pairs whose replicas get a different body.
    :param stale: (rule, object key) pairs whose replicas keep their old body when the object is overwritten.
    :param drops_deletes: rules that report deletions and delete markers as done, but do not do them.
    :param delivers_deletes: rules that carry over deletions although their actions do not tell them to, and whether or
        not their role may delete.
    """

    stalled: set[str] = field(default_factory=set)
    objects_per_second: dict[str, float] = field(default_factory=dict)
    lost: set[tuple[str, str]] = field(default_factory=set)
    corrupted: set[tuple[str, str]] = field(default_factory=set)
    stale: set[tuple[str, str]] = field(default_factory=set)
    drops_deletes: set[str] = field(default_factory=set)
    delivers_deletes: set[str] = field(default_factory=set)

    def stalls(self, rule: ReplicationRule) -> bool:
        """Tell whether a rule is to copy nothing."""
        return not self.stalled.isdisjoint(_names(rule))

    def speed(self, rule: ReplicationRule) -> float | None:
        """Return a rule's speed limit in objects per second, or None when it has none."""
        return next((self.objects_per_second[name] for name in _names(rule) if name in self.objects_per_second), None)

    def loses(self, rule: ReplicationRule, key: str) -> bool:
        """Tell whether an object is to get lost."""
        return _holds(self.lost, rule, key)

    def corrupts(self, rule: ReplicationRule, key: str) -> bool:
        """Tell whether an object's replica is to be corrupted."""
        return _holds(self.corrupted, rule, key)

    def keeps_old(self, rule: ReplicationRule, key: str) -> bool:
        """Tell whether an object's replica is to keep its old body."""
        return _holds(self.stale, rule, key)

    def drops_delete(self, rule: ReplicationRule) -> bool:
        """Tell whether a rule's deletions are to be dropped."""
        return not self.drops_deletes.isdisjoint(_names(rule))

    def delivers_delete(self, rule: ReplicationRule) -> bool:
        """Tell whether a rule is to carry over deletions against its actions."""
        return not self.delivers_deletes.isdisjoint(_names(rule))


def _names(rule: ReplicationRule) -> tuple[str, str]:
    return rule.id, rule.source_bucket


def _holds(places: set[tuple[str, str]], rule: ReplicationRule, key: str) -> bool:
    names = _names(rule)
    return any(name in names and matches(pattern, key, question_mark=False) for name, pattern in places)
