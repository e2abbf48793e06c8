"""The replication operations of OSS."""

from __future__ import annotations

from uuid import uuid4

from localcloud.cloud import Cloud
from localcloud.http import Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import xml
from localcloud.oss.authorize import authorize
from localcloud.oss.lookup import bucket_of
from localcloud.oss.model import Bucket
from localcloud.oss.replication import failures, render
from localcloud.oss.replication.checks import check_rtc, check_rule, find_destination
from localcloud.oss.replication.document import RequestedRule, parse_deletion, parse_rtc, parse_rule
from localcloud.oss.replication.keys import KeyUse
from localcloud.oss.replication.kms_keys import PolicyKeys
from localcloud.oss.replication.model import ReplicationRule
from localcloud.oss.replication.recorder import close_rule, open_rule
from localcloud.oss.replication.rights import PolicyRights, find_role, has_every_right, identity_of
from localcloud.policy.evaluate import Decision
from localcloud.policy.identity import decide_call


def put_replication(call: OssCall) -> Response:
    """Open a rule ("PutBucketReplication").

    :returns: 200 without a body; the rule's id is in ``x-oss-replication-rule-id``, which only the SDKs document.
    :raises OssError: 400 for a rule that cannot be, 403 when its role cannot be used.
    """
    cloud, source = call.cloud, bucket_of(call)
    requested = parse_rule(call.request.body)
    destination = find_destination(cloud, source, requested)
    check_rule(cloud, source, destination, requested)
    _check_caller(call, source, requested)
    rule = _new_rule(call, source, requested)
    _check_role(cloud, rule, source, destination)
    _check_key(cloud, rule, source, destination)
    open_rule(source, rule)
    if rule.transfer_type == "oss_acc":
        destination.acceleration = True
    return Response(headers={"x-oss-replication-rule-id": rule.id})


def get_replication(call: OssCall) -> Response:
    """Answer the bucket's rules, closing ones included ("GetBucketReplication")."""
    rules = list(bucket_of(call).rules.values())
    if not rules:
        raise failures.no_such_configuration()
    return xml.response(render.configuration(rules, call.cloud.clock.now(), call.cloud.behaviour))


def get_progress(call: OssCall) -> Response:
    """Answer how far one rule is, or all of them when no id is given ("GetBucketReplicationProgress")."""
    bucket, rule_id = bucket_of(call), call.request.param("rule-id")
    rules = [_find_rule(bucket, rule_id)] if rule_id else list(bucket.rules.values())
    if not rules:
        raise failures.no_such_configuration()
    return xml.response(render.progress(rules, call.cloud.clock.now(), call.cloud.behaviour))


def get_location(call: OssCall) -> Response:
    """Answer where the bucket can be replicated to ("GetBucketReplicationLocation")."""
    return xml.response(render.locations(bucket_of(call).region))


def delete_replication(call: OssCall) -> Response:
    """Begin to close a rule ("DeleteBucketReplication").

    :returns: 200, also for a bucket without rules; 204 when the rule is closing already.
    """
    bucket, rule_id = bucket_of(call), parse_deletion(call.request.body)
    if not bucket.rules or (rule_id not in bucket.rules and not call.cloud.behaviour.delete_unknown_rule_is_error):
        return Response()
    rule = _find_rule(bucket, rule_id)
    if rule.closing_since is not None:
        return Response(status=204)
    close_rule(rule, call.cloud.clock.now())
    return Response()


def put_rtc(call: OssCall) -> Response:
    """Switch a rule's Replication Time Control, the only thing about a rule that can change ("PutBucketRTC")."""
    bucket, requested = bucket_of(call), parse_rtc(call.request.body)
    rule = _find_rule(bucket, requested.rule_id)
    destination = call.cloud.buckets.get(rule.destination_bucket)
    if requested.status == "enabled" and destination is not None:
        check_rtc(bucket.region, destination.region)
    if requested.status != rule.rtc:
        rule.rtc, rule.rtc_since = requested.status, call.cloud.clock.now()
    return Response()


def _find_rule(bucket: Bucket, rule_id: str) -> ReplicationRule:
    rule = bucket.rules.get(rule_id)
    if rule is None:
        raise failures.no_such_rule()
    return rule


def _new_rule(call: OssCall, source: Bucket, requested: RequestedRule) -> ReplicationRule:
    return ReplicationRule(
        id=requested.id or str(uuid4()),
        source_bucket=source.name,
        destination_bucket=requested.bucket,
        destination_location=requested.location,
        created=call.cloud.clock.now(),
        actions=requested.actions,
        prefixes=requested.prefixes,
        transfer_type=requested.transfer_type,
        history=requested.history,
        sync_role=requested.sync_role,
        kms_enabled=requested.kms_enabled,
        kms_key_id=requested.kms_key_id,
        rtc=requested.rtc,
    )


def _check_role(cloud: Cloud, rule: ReplicationRule, source: Bucket, destination: Bucket) -> None:
    """Refuse a role that does not exist, does not trust OSS or lacks a right on either side."""
    identity = identity_of(cloud, PolicyRights(), rule, source)
    if identity is None or not has_every_right(identity, rule, source, destination):
        raise failures.no_permission(cloud.behaviour.replication_role_error)


def _check_key(cloud: Cloud, rule: ReplicationRule, source: Bucket, destination: Bucket) -> None:
    """Refuse a KMS key that the role cannot use now; see ``Behaviour.replication_checks_kms_key``."""
    if rule.kms_key_id is None or rule.sync_role is None or not cloud.behaviour.replication_checks_kms_key:
        return
    role = find_role(cloud, source.owner_uid, rule.sync_role)
    use = KeyUse("kms:GenerateDataKey", rule.kms_key_id, destination.owner_uid, destination.region)
    if not PolicyKeys().allows(cloud, role, use):
        raise failures.no_permission(cloud.behaviour.replication_role_error)


def _check_caller(call: OssCall, source: Bucket, requested: RequestedRule) -> None:
    """Check the rights that the caller may need for naming a role; both are settings, as nothing is documented."""
    if requested.sync_role is None:
        return
    if call.cloud.behaviour.caller_needs_replicate_get:
        authorize(call, "oss:ReplicateGet", source)
    if call.cloud.behaviour.require_pass_role and not _may_pass(call, source.owner_uid, requested.sync_role):
        raise failures.no_permission(call.cloud.behaviour.replication_role_error)


def _may_pass(call: OssCall, owner_uid: str, sync_role: str) -> bool:
    role = find_role(call.cloud, owner_uid, sync_role)
    if role is None:
        return True  # the check of the role itself refuses it
    return decide_call(call.cloud, call.caller, call.request, "ram:PassRole", role.arn) is Decision.ALLOW


OPERATIONS: tuple[OssOperation, ...] = (
    OssOperation(
        "PutBucketReplication",
        "bucket",
        "POST",
        "oss:PutBucketReplication",
        put_replication,
        write=True,
        params={"replication": None, "comp": "add"},
    ),
    OssOperation(
        "DeleteBucketReplication",
        "bucket",
        "POST",
        "oss:DeleteBucketReplication",
        delete_replication,
        write=True,
        params={"replication": None, "comp": "delete"},
    ),
    OssOperation(
        "GetBucketReplication",
        "bucket",
        "GET",
        "oss:GetBucketReplication",
        get_replication,
        write=False,
        params={"replication": None},
    ),
    OssOperation(
        "GetBucketReplicationProgress",
        "bucket",
        "GET",
        "oss:GetBucketReplicationProgress",
        get_progress,
        write=False,
        params={"replicationProgress": None},
    ),
    OssOperation(
        "GetBucketReplicationLocation",
        "bucket",
        "GET",
        "oss:GetBucketReplicationLocation",
        get_location,
        write=False,
        params={"replicationLocation": None},
    ),
    OssOperation("PutBucketRTC", "bucket", "PUT", "oss:PutBucketRtc", put_rtc, write=True, params={"rtc": None}),
)
