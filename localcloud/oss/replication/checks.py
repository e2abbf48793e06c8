"""Whether a rule may be put: its buckets, regions, limits and role.

Codes by the table of "PutBucketReplication"; the order of the checks is not documented.
"""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.kms.lookup import is_arn
from localcloud.oss.model import Bucket
from localcloud.oss.regions import needs_acceleration, partners, region_at, supports_rtc
from localcloud.oss.relations import rules_with
from localcloud.oss.replication import failures
from localcloud.oss.replication.document import RequestedRule


def find_destination(cloud: Cloud, source: Bucket, requested: RequestedRule) -> Bucket:
    """Return the destination bucket of a rule that is to be put.

    :raises OssError: 400 when there is no such bucket or location, when it is somewhere else, or when it belongs to
        another account and the rule names no role.
    """
    if requested.bucket == source.name:
        raise failures.invalid_target_bucket()
    region = _destination_region(source, requested.location)
    destination = cloud.buckets.get(requested.bucket)
    if destination is None or (destination.owner_uid != source.owner_uid and requested.sync_role is None):
        raise failures.invalid_target_bucket()
    if destination.region != region:
        raise failures.invalid_target_location()
    return destination


def check_rule(cloud: Cloud, source: Bucket, destination: Bucket, requested: RequestedRule) -> None:
    """Check everything about a rule but its role.

    :raises OssError: 400 with a code that depends on what is wrong.
    """
    if cloud.behaviour.refuse_misleading_prefixes:
        _check_prefixes(source, requested)
    _check_transfer_type(source, destination, requested.transfer_type)
    _check_versioning(source, destination, cloud.behaviour.versioning_mismatch_code)
    _check_unique(source, requested)
    _check_limits(cloud, source, destination)
    _check_kms_key(cloud, source, destination, requested.kms_key_id)
    if requested.rtc == "enabled":
        check_rtc(source.region, destination.region)


def check_rtc(source: str, destination: str) -> None:
    """Refuse Replication Time Control between regions that do not have it.

    :raises OssError: 400 ReplicationLocationNotSupportRtc.
    """
    if not supports_rtc(source, destination):
        raise failures.rtc_not_supported()


def _destination_region(source: Bucket, location: str) -> str:
    """Return the region that a rule names.

    The source's own region is let through: that is same-region replication, which the service has too.
    """
    reachable = partners(source.region)
    if not reachable:
        raise failures.no_location()
    region = region_at(location)
    if region is None or region not in (source.region, *reachable):
        raise failures.bad_location()
    return region


def _check_prefixes(source: Bucket, requested: RequestedRule) -> None:
    """Refuse prefixes that look like patterns or paths; see ``Behaviour.refuse_misleading_prefixes``."""
    for prefix in requested.prefixes:
        if prefix.endswith("*") or source.name in prefix:
            raise failures.invalid_argument("Prefix", prefix)


def _check_transfer_type(source: Bucket, destination: Bucket, transfer_type: str | None) -> None:
    """Accelerated transfer must be asked for exactly where it is the only one offered ("CRR overview")."""
    if needs_acceleration(source.region, destination.region):
        if transfer_type is None:
            raise failures.missing_argument("TransferType")
        if transfer_type != "oss_acc":
            raise failures.invalid_argument("TransferType", transfer_type, "0031-00000107")
    elif transfer_type == "oss_acc":
        raise failures.invalid_argument("TransferType", transfer_type, "0031-00000107")


def _check_versioning(source: Bucket, destination: Bucket, code: str) -> None:
    """Both buckets must be plain, or both have versioning enabled; suspended versioning will not do."""
    if source.versioning != destination.versioning or source.versioning == "Suspended":
        raise failures.versioning_differs(code)


def _check_unique(source: Bucket, requested: RequestedRule) -> None:
    """Refuse a second rule to the same bucket, or with the same id.

    A closing rule counts: it is still listed, and its relation to the destination is still being cleaned up.
    """
    if any(rule.destination_bucket == requested.bucket for rule in source.rules.values()):
        raise failures.already_exists()
    if requested.id is not None and requested.id in source.rules:
        raise failures.invalid_argument("ID", requested.id)


def _check_limits(cloud: Cloud, source: Bucket, destination: Bucket) -> None:
    allowed = cloud.behaviour.rules_per_bucket
    if len(rules_with(cloud, source)) >= allowed:
        raise failures.too_many_outgoing()
    if len(rules_with(cloud, destination)) >= allowed:
        raise failures.too_many_incoming()


def _check_kms_key(cloud: Cloud, source: Bucket, destination: Bucket, key_id: str | None) -> None:
    """Refuse a key of another region than the destination's, and one of another account without its ARN."""
    if key_id is None:
        return
    if is_arn(key_id):
        if key_id.split(":")[2] != destination.region:
            raise failures.invalid_argument("ReplicaKmsKeyID", key_id)
    elif source.owner_uid != destination.owner_uid and cloud.behaviour.foreign_replica_key_needs_arn:
        raise failures.invalid_argument("ReplicaKmsKeyID", key_id)
