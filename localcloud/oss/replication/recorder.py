"""Noting what a rule has to do: its history when it is opened, and every change from then on."""

from __future__ import annotations

from datetime import datetime

from localcloud.oss.model import Bucket, Change, ChangeKind, ObjectVersion
from localcloud.oss.replication.model import ReplicationRule, RuleTask, Work
from localcloud.oss.replication.selection import carries_change, carries_version, is_withheld


def open_rule(source: Bucket, rule: ReplicationRule) -> None:
    """Add a rule to its source bucket.

    What is in the bucket at this moment is history, everything later is new: so no write is missed, or copied
    without being asked for, while the rule is still ``starting``.
    """
    source.rules[rule.id] = rule
    if rule.history:
        _take_history(source, rule)
    watch(source)


def close_rule(rule: ReplicationRule, now: datetime) -> None:
    """Begin to close a rule: it copies nothing from now on, and is listed until it is gone."""
    rule.closing_since = now
    rule.task.clear()


def drop_rule(source: Bucket, rule: ReplicationRule) -> None:
    """Remove a closed rule from its bucket."""
    del source.rules[rule.id]
    if not source.rules and record_change in source.listeners:
        source.listeners.remove(record_change)


def watch(bucket: Bucket) -> None:
    """Listen to a source bucket; harmless when it is listened to already."""
    if record_change not in bucket.listeners:
        bucket.listeners.append(record_change)


def record_change(bucket: Bucket, change: Change) -> None:
    """Queue a change for every rule of the bucket that carries it over."""
    work = Work(change.kind, change.key, change.version.version_id, change.time)
    for rule in bucket.rules.values():
        if rule.closing_since is not None:
            continue
        if carries_change(rule, change):
            rule.task.ready.append(work)
        elif is_withheld(rule, change):
            rule.task.unwanted.append(work)


def _take_history(source: Bucket, rule: ReplicationRule) -> None:
    task = rule.task
    for prefix in rule.prefixes or ("",):
        for key, versions in source.iterate(prefix):
            works = [_historical(version, rule.created) for version in versions if carries_version(rule, version)]
            if works:
                task.history[key] = works[::-1]
    task.history_total = sum(map(len, task.history.values()))
    _finish_empty_history(task, rule.created)


def _historical(version: ObjectVersion, time: datetime) -> Work:
    kind: ChangeKind = "delete_marker" if version.delete_marker else "put"
    return Work(kind, version.key, version.version_id, time, historical=True)


def _finish_empty_history(task: RuleTask, now: datetime) -> None:
    if not task.history_total:
        task.history_finished = now
