"""Ways in which replication can be made to go wrong, so that others can prove that they notice."""

from __future__ import annotations

from dataclasses import dataclass, field

from localcloud.oss.replication.model import ReplicationRule


@dataclass
class ReplicationFaults:
    """Faults by rule; wherever a rule is named, its id or the name of its source bucket will do.

    :param stalled: rules that copy nothing.
    :param objects_per_second: speed limits by rule, which go before the cloud's own.
    :param lost: (rule, object key) pairs that are reported as copied, but are not.
    :param corrupted: (rule, object key) pairs whose replicas get a different body.
    :param drops_deletes: rules that report deletions and delete markers as done, but do not do them.
    """

    stalled: set[str] = field(default_factory=set)
    objects_per_second: dict[str, float] = field(default_factory=dict)
    lost: set[tuple[str, str]] = field(default_factory=set)
    corrupted: set[tuple[str, str]] = field(default_factory=set)
    drops_deletes: set[str] = field(default_factory=set)

    def stalls(self, rule: ReplicationRule) -> bool:
        """Tell whether a rule is to copy nothing."""
        return not self.stalled.isdisjoint(_names(rule))

    def speed(self, rule: ReplicationRule) -> float | None:
        """Return a rule's speed limit in objects per second, or None when it has none."""
        return next((self.objects_per_second[name] for name in _names(rule) if name in self.objects_per_second), None)

    def loses(self, rule: ReplicationRule, key: str) -> bool:
        """Tell whether an object is to get lost."""
        return bool(self.lost) and any((name, key) in self.lost for name in _names(rule))

    def corrupts(self, rule: ReplicationRule, key: str) -> bool:
        """Tell whether an object's replica is to be corrupted."""
        return bool(self.corrupted) and any((name, key) in self.corrupted for name in _names(rule))

    def drops_delete(self, rule: ReplicationRule) -> bool:
        """Tell whether a rule's deletions are to be dropped."""
        return not self.drops_deletes.isdisjoint(_names(rule))


def _names(rule: ReplicationRule) -> tuple[str, str]:
    return rule.id, rule.source_bucket
