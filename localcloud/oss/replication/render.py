"""Writing the answers of the replication operations."""

from __future__ import annotations

from datetime import datetime

from localcloud.behaviour import Behaviour
from localcloud.oss.regions import location_of, needs_acceleration, partners, supports_rtc
from localcloud.oss.replication.model import ReplicationRule
from localcloud.oss.replication.progress import format_watermark, history_fraction, rtc_status, watermark
from localcloud.oss.xml import element, optional, text


def configuration(rules: list[ReplicationRule], now: datetime, behaviour: Behaviour) -> str:
    """Return a ``ReplicationConfiguration`` ("GetBucketReplication")."""
    return element("ReplicationConfiguration", *(_configured(rule, now, behaviour) for rule in rules))


def progress(rules: list[ReplicationRule], now: datetime, behaviour: Behaviour) -> str:
    """Return a ``ReplicationProgress`` ("GetBucketReplicationProgress")."""
    return element("ReplicationProgress", *(_progressing(rule, now, behaviour) for rule in rules))


def locations(region: str) -> str:
    """Return the ``ReplicationLocation`` of buckets in a region ("GetBucketReplicationLocation").

    The transfer constraint lists the locations that accelerated transfer is offered, and needed, for.
    """
    offered = partners(region)
    accelerated = [location_of(other) for other in offered if needs_acceleration(region, other)]
    timed = [location_of(other) for other in offered if supports_rtc(region, other)]
    return element(
        "ReplicationLocation",
        *(text("Location", location_of(other)) for other in offered),
        element("LocationTransferTypeConstraint", *map(_accelerated, accelerated)) if accelerated else "",
        element("LocationRTCConstraint", *(text("Location", location) for location in timed)) if timed else "",
    )


def _accelerated(location: str) -> str:
    types = element("TransferTypes", text("Type", "oss_acc"))
    return element("LocationTransferType", text("Location", location), types)


def _configured(rule: ReplicationRule, now: datetime, behaviour: Behaviour) -> str:
    return element(
        "Rule",
        _common(rule),
        element("RTC", text("Status", rtc_status(rule, now, behaviour.rtc_enable_seconds))),
        _sync_role(rule, hide=behaviour.hide_sync_role),
        _kms_settings(rule),
    )


def _progressing(rule: ReplicationRule, now: datetime, behaviour: Behaviour) -> str:
    return element("Rule", _common(rule), _progress(rule, now, behaviour))


def _progress(rule: ReplicationRule, now: datetime, behaviour: Behaviour) -> str:
    """Return the Progress element, which is there only while the rule copies."""
    if rule.status != "doing":
        return ""
    time = watermark(rule, now, moves_when_idle=behaviour.watermark_moves_when_idle)
    new_object = format_watermark(time, behaviour.new_object_style) if time else None
    return element("Progress", optional("HistoricalObject", history_fraction(rule)), optional("NewObject", new_object))


def _common(rule: ReplicationRule) -> str:
    """Return what both answers show of a rule."""
    return "".join(
        (
            text("ID", rule.id),
            _prefix_set(rule),
            text("Action", ",".join(rule.actions)),
            _destination(rule),
            text("Status", rule.status),
            text("HistoricalObjectReplication", "enabled" if rule.history else "disabled"),
        )
    )


def _prefix_set(rule: ReplicationRule) -> str:
    if not rule.prefixes:
        return ""
    return element("PrefixSet", *(text("Prefix", prefix) for prefix in rule.prefixes))


def _destination(rule: ReplicationRule) -> str:
    """Return the destination; the default transfer type is not shown."""
    return element(
        "Destination",
        text("Bucket", rule.destination_bucket),
        text("Location", rule.destination_location),
        text("TransferType", "oss_acc") if rule.transfer_type == "oss_acc" else "",
    )


def _sync_role(rule: ReplicationRule, *, hide: bool) -> str:
    """Return the role; the real service was seen to show it only on rules with KMS settings."""
    return "" if hide and rule.kms_enabled is None else optional("SyncRole", rule.sync_role)


def _kms_settings(rule: ReplicationRule) -> str:
    if rule.kms_enabled is None:
        return ""
    status = text("Status", "Enabled" if rule.kms_enabled else "Disabled")
    key = element("EncryptionConfiguration", text("ReplicaKmsKeyID", rule.kms_key_id)) if rule.kms_key_id else ""
    return element("SourceSelectionCriteria", element("SseKmsEncryptedObjects", status)) + key
