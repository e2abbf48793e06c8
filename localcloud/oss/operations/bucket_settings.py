"""ACL, versioning, default encryption, transfer acceleration and tags of a bucket."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from localcloud.errors import OssError
from localcloud.http import Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import xml
from localcloud.oss.arguments import bucket_acl, invalid_argument
from localcloud.oss.encryption import parse_rule, rule_element
from localcloud.oss.lookup import bucket_of
from localcloud.oss.model import Bucket, VersioningState
from localcloud.oss.relations import incoming_rules, takes_part
from localcloud.oss.tagging import MAX_BUCKET_TAGS, checked_tags, parse_tags, tags_element


def put_bucket_acl(call: OssCall) -> Response:
    """Set the ACL (PutBucketAcl)."""
    bucket_of(call).acl = bucket_acl(call.request.header("x-oss-acl") or "")
    return Response()


def get_bucket_acl(call: OssCall) -> Response:
    """Read the ACL (GetBucketAcl)."""
    bucket = bucket_of(call)
    root = xml.element(
        "AccessControlPolicy",
        xml.owner(bucket.owner_uid),
        xml.element("AccessControlList", xml.text("Grant", bucket.acl)),
    )
    return xml.response(root)


def put_bucket_versioning(call: OssCall) -> Response:
    """Enable or suspend versioning (PutBucketVersioning); once enabled it can only be suspended.

    :raises OssError: 400 InvalidArgument; 409 while a rule relates the bucket to another one, or while it has a
        retention policy (help: "Versioning", "Cross-region replication overview"). Neither page gives a code.
    """
    bucket = bucket_of(call)
    status = xml.required(xml.parse(call.request.body, "VersioningConfiguration"), "Status").strip()
    if status not in ("Enabled", "Suspended"):
        raise invalid_argument("Status", status, "The versioning status must be Enabled or Suspended.")
    if status != bucket.versioning:
        _check_versioning_is_free(call, bucket)
    bucket.versioning = cast("VersioningState", status)
    return Response()


def _check_versioning_is_free(call: OssCall, bucket: Bucket) -> None:
    """Refuse to change the versioning state while something depends on it."""
    if takes_part(call.cloud, bucket):
        reason = "while the bucket takes part in data replication"
    elif bucket.retention is not None:
        reason = "while the bucket has a retention policy"
    else:
        return
    message = f"The versioning status of the bucket can not be changed {reason}."
    raise OssError(409, call.cloud.behaviour.versioning_locked_code, message, details={"BucketName": bucket.name})


def get_bucket_versioning(call: OssCall) -> Response:
    """Read the versioning state; without one the document is empty (GetBucketVersioning)."""
    state = bucket_of(call).versioning
    return xml.response(xml.element("VersioningConfiguration", xml.optional("Status", state or None)))


def put_bucket_encryption(call: OssCall) -> Response:
    """Set the default encryption of new objects (PutBucketEncryption)."""
    bucket_of(call).encryption = parse_rule(call.request.body)
    return Response()


def get_bucket_encryption(call: OssCall) -> Response:
    """Read the default encryption (GetBucketEncryption).

    :raises OssError: 404 NoSuchServerSideEncryptionRule.
    """
    bucket = bucket_of(call)
    if bucket.encryption is None:
        message = "The server side encryption configuration was not found"
        raise OssError(404, "NoSuchServerSideEncryptionRule", message, details={"BucketName": bucket.name})
    return xml.response(rule_element(bucket.encryption))


def delete_bucket_encryption(call: OssCall) -> Response:
    """Remove the default encryption (DeleteBucketEncryption)."""
    bucket_of(call).encryption = None
    return Response(204)


def put_transfer_acceleration(call: OssCall) -> Response:
    """Switch transfer acceleration (PutBucketTransferAcceleration).

    :raises OssError: 409 TransferAccAlreadyInUse when a rule with ``oss_acc`` replicates into the bucket.
    """
    bucket = bucket_of(call)
    root = xml.parse(call.request.body, "TransferAccelerationConfiguration")
    enabled = xml.choice(root, "Enabled", ("true", "false")) == "true"
    users = (rule for rule in incoming_rules(call.cloud, bucket) if rule.transfer_type == "oss_acc")
    rule = None if enabled else next(users, None)
    if rule is not None:
        raise OssError(
            409,
            "TransferAccAlreadyInUse",
            "The transfer acceleration of the bucket is in use by a replication rule.",
            ec="0028-00000003",
            details={"SourceBucket": rule.source_bucket, "DestinationBucket": rule.destination_bucket},
        )
    bucket.acceleration = enabled
    return Response()


def get_transfer_acceleration(call: OssCall) -> Response:
    """Read the state of transfer acceleration (GetBucketTransferAcceleration).

    :raises OssError: 404 NoSuchTransferAccelerationConfiguration when it was never set.
    """
    bucket = bucket_of(call)
    if bucket.acceleration is None:
        message = "The bucket you specified does not have transfer acceleration configuration."
        raise OssError(404, "NoSuchTransferAccelerationConfiguration", message, details={"BucketName": bucket.name})
    return xml.response(xml.element("TransferAccelerationConfiguration", xml.flag("Enabled", bucket.acceleration)))


def put_bucket_tagging(call: OssCall) -> Response:
    """Replace the bucket's tags (PutBucketTags)."""
    bucket_of(call).tagging = checked_tags(parse_tags(call.request.body), MAX_BUCKET_TAGS)
    return Response()


def get_bucket_tagging(call: OssCall) -> Response:
    """Read the bucket's tags; without any the set is empty (GetBucketTags)."""
    return xml.response(tags_element(bucket_of(call).tagging))


def delete_bucket_tagging(call: OssCall) -> Response:
    """Remove all of the bucket's tags, or those whose keys the ``tagging`` parameter lists (DeleteBucketTags)."""
    bucket = bucket_of(call)
    listed = call.request.param("tagging")
    doomed = set(listed.split(",")) if listed else set(bucket.tagging)
    bucket.tagging = {key: value for key, value in bucket.tagging.items() if key not in doomed}
    return Response(204)


def _operation(
    name: str, method: str, handler: Callable[[OssCall], Response], parameter: str, action: str | None = None
) -> OssOperation:
    """Describe an operation on a sub-resource of a bucket; most are named like their action."""
    write = method != "GET"
    return OssOperation(name, "bucket", method, f"oss:{action or name}", handler, write, {parameter: None})


OPERATIONS = (
    _operation("PutBucketAcl", "PUT", put_bucket_acl, "acl"),
    _operation("GetBucketAcl", "GET", get_bucket_acl, "acl"),
    _operation("PutBucketVersioning", "PUT", put_bucket_versioning, "versioning"),
    _operation("GetBucketVersioning", "GET", get_bucket_versioning, "versioning"),
    _operation("PutBucketEncryption", "PUT", put_bucket_encryption, "encryption"),
    _operation("GetBucketEncryption", "GET", get_bucket_encryption, "encryption"),
    _operation("DeleteBucketEncryption", "DELETE", delete_bucket_encryption, "encryption"),
    _operation("PutBucketTransferAcceleration", "PUT", put_transfer_acceleration, "transferAcceleration"),
    _operation("GetBucketTransferAcceleration", "GET", get_transfer_acceleration, "transferAcceleration"),
    _operation("PutBucketTags", "PUT", put_bucket_tagging, "tagging", "PutBucketTagging"),
    _operation("GetBucketTags", "GET", get_bucket_tagging, "tagging", "GetBucketTagging"),
    _operation("DeleteBucketTags", "DELETE", delete_bucket_tagging, "tagging", "DeleteBucketTagging"),
)
