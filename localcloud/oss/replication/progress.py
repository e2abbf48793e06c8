"""What the service tells about a rule's progress ("GetBucketReplicationProgress", "PutBucketRTC")."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime

from localcloud.oss.replication.model import ReplicationRule


def history_fraction(rule: ReplicationRule) -> str | None:
    """Return the share of history that is copied, such as ``0.85``; None for a rule without history.

    Two decimals, rounded down: ``1.00`` means that everything is there.
    """
    if not rule.history:
        return None
    task = rule.task
    hundredths = 100 if not task.history_total else task.history_done * 100 // task.history_total
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def watermark(rule: ReplicationRule, now: datetime, *, moves_when_idle: bool = True) -> datetime | None:
    """Return the time before which every write is copied: that of the oldest write that is not.

    :param moves_when_idle: whether it is ``now`` when everything is copied, or else the time of the latest change that
        was copied; None before the first one.
    """
    task = rule.task
    queues = (task.ready, *task.waiting.values())
    times = (work.time for queue in queues for work in queue if not work.historical)
    return min(times, default=now if moves_when_idle else task.copied_until)


def format_watermark(time: datetime, style: str) -> str:
    """Write a watermark; the vendor's prose and samples differ.

    :param style: ``iso8601`` as in the samples (``2015-09-24T15:28:14.000Z``, rounded down to milliseconds), or
        ``rfc1123`` as in the prose.
    """
    if style == "rfc1123":
        return format_datetime(time, usegmt=True)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"


def rtc_status(rule: ReplicationRule, now: datetime, enable_seconds: float) -> str:
    """Return ``disabled``, ``enabling`` or ``enabled``.

    :param enable_seconds: time until Replication Time Control is effective, counted from when the rule copies and its
        history is done.
    """
    task = rule.task
    if rule.rtc != "enabled":
        return "disabled"
    if task.started is None or (rule.history and task.history_finished is None):
        return "enabling"
    since = max(rule.rtc_since or rule.created, task.started, task.history_finished or task.started)
    return "enabled" if now >= since + timedelta(seconds=enable_seconds) else "enabling"
