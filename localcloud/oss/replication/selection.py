"""Which changes a rule carries over.

What travels depends on the rule's actions and prefixes, and on where the change came from ("CRR in specific
scenarios", table of deletions; "Data replication troubleshooting", on replicas):

======================  =======  =========================
change at the source    PUT      ALL, or a list with DELETE
======================  =======  =========================
write, ACL, metadata    yes      yes (a list needs PUT too)
delete marker           yes      yes
delete, plain bucket    no       yes
delete by version id    no       yes
======================  =======  =========================
"""

from __future__ import annotations

from localcloud.oss.model import Change, ChangeKind, ObjectVersion
from localcloud.oss.replication.model import ReplicationRule

#: Changes that take a version away for good.
REMOVALS: tuple[ChangeKind, ...] = ("delete", "delete_version")


def syncs_writes(rule: ReplicationRule) -> bool:
    """Tell whether the rule carries writes over."""
    return "ALL" in rule.actions or "PUT" in rule.actions


def syncs_deletes(rule: ReplicationRule) -> bool:
    """Tell whether the rule carries removals over."""
    return "ALL" in rule.actions or "DELETE" in rule.actions


def covers(rule: ReplicationRule, key: str) -> bool:
    """Tell whether a key is under one of the rule's prefixes."""
    return not rule.prefixes or key.startswith(rule.prefixes)


def carries_version(rule: ReplicationRule, version: ObjectVersion) -> bool:
    """Tell whether the rule copies a version or delete marker; replicas are never replicated onward."""
    if version.replica or not covers(rule, version.key):
        return False
    return syncs_writes(rule) or (version.delete_marker and syncs_deletes(rule))


def carries_change(rule: ReplicationRule, change: Change) -> bool:
    """Tell whether the rule carries a change over.

    The removal of a replica does travel when somebody other than replication asked for it: then it is a new
    operation, which two-way pairs are expected to carry back.
    """
    if change.by_replication:
        return False
    if change.kind in REMOVALS:
        return syncs_deletes(rule) and covers(rule, change.key)
    return carries_version(rule, change.version)


def is_withheld(rule: ReplicationRule, change: Change) -> bool:
    """Tell whether a change is a removal that only the rule's actions keep from being carried over."""
    return (
        change.kind in REMOVALS and not change.by_replication and not syncs_deletes(rule) and covers(rule, change.key)
    )
