"""ACL, tags and restoration of single objects."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from localcloud.errors import OssError
from localcloud.formats import whole_number
from localcloud.http import Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import xml
from localcloud.oss.arguments import invalid_argument, object_acl
from localcloud.oss.lookup import bucket_of, find_version, key_of, version_id_of
from localcloud.oss.model import Bucket, ObjectVersion
from localcloud.oss.object_headers import version_headers
from localcloud.oss.objects import FROZEN_CLASSES, is_frozen
from localcloud.oss.tagging import MAX_OBJECT_TAGS, checked_tags, parse_tags, tags_element


def _addressed(call: OssCall) -> tuple[Bucket, ObjectVersion]:
    """Return the bucket and the version that the request means."""
    bucket = bucket_of(call)
    return bucket, find_version(bucket, key_of(call), version_id_of(call.request))


def put_object_acl(call: OssCall) -> Response:
    """Set an object's ACL (PutObjectACL)."""
    bucket, version = _addressed(call)
    acl = object_acl(call.request.header("x-oss-object-acl") or "")
    bucket.amend(replace(version, acl=acl), "acl", call.cloud.clock.now())
    return Response(headers=version_headers(bucket, version))


def get_object_acl(call: OssCall) -> Response:
    """Read an object's ACL (GetObjectACL)."""
    bucket, version = _addressed(call)
    root = xml.element(
        "AccessControlPolicy",
        xml.owner(bucket.owner_uid),
        xml.element("AccessControlList", xml.text("Grant", version.acl)),
    )
    return xml.response(root, headers=version_headers(bucket, version))


def put_object_tagging(call: OssCall) -> Response:
    """Replace an object's tags (PutObjectTagging)."""
    bucket, version = _addressed(call)
    tags = checked_tags(parse_tags(call.request.body), MAX_OBJECT_TAGS)
    bucket.amend(replace(version, tagging=tags), "tagging", call.cloud.clock.now())
    return Response(headers=version_headers(bucket, version))


def get_object_tagging(call: OssCall) -> Response:
    """Read an object's tags; without any the set is empty (GetObjectTagging)."""
    bucket, version = _addressed(call)
    return xml.response(tags_element(version.tagging), headers=version_headers(bucket, version))


def delete_object_tagging(call: OssCall) -> Response:
    """Remove an object's tags (DeleteObjectTagging)."""
    bucket, version = _addressed(call)
    bucket.amend(replace(version, tagging={}), "tagging", call.cloud.clock.now())
    return Response(204, version_headers(bucket, version))


def restore_object(call: OssCall) -> Response:
    """Make an archived object readable for some days (RestoreObject).

    The real service takes a minute to hours; here the object is readable at once, so a second request finds it so.

    :raises OssError: 400 OperationNotSupported for objects that are not archived.
    """
    bucket, version = _addressed(call)
    if version.storage_class not in FROZEN_CLASSES:
        message = "The operation is not supported for this resource"
        raise OssError(400, "OperationNotSupported", message, details={"ResourceType": "Object"})
    now = call.cloud.clock.now()
    restored = replace(version, restored_until=now + timedelta(days=_restore_days(call.request.body)))
    bucket.amend(restored, "metadata", now)
    return Response(202 if is_frozen(version, now) else 200, version_headers(bucket, version))


def _restore_days(body: bytes) -> int:
    """Return the days asked for; one when the request has no body.

    :raises OssError: 400 InvalidArgument outside 1 to 365.
    """
    if not body.strip():
        return 1
    raw = xml.required(xml.parse(body, "RestoreRequest"), "Days").strip()
    days = whole_number(raw)
    if days is None or not 1 <= days <= 365:
        raise invalid_argument("Days", raw, "The number of days must be between 1 and 365.")
    return days


OPERATIONS = (
    OssOperation(
        "PutObjectAcl",
        "object",
        "PUT",
        "oss:PutObjectAcl",
        put_object_acl,
        write=True,
        params={"acl": None},
        versioned_action="oss:PutObjectVersionAcl",
    ),
    OssOperation(
        "GetObjectAcl",
        "object",
        "GET",
        "oss:GetObjectAcl",
        get_object_acl,
        write=False,
        params={"acl": None},
        versioned_action="oss:GetObjectVersionAcl",
    ),
    OssOperation(
        "PutObjectTagging",
        "object",
        "PUT",
        "oss:PutObjectTagging",
        put_object_tagging,
        write=True,
        params={"tagging": None},
        versioned_action="oss:PutObjectVersionTagging",
    ),
    OssOperation(
        "GetObjectTagging",
        "object",
        "GET",
        "oss:GetObjectTagging",
        get_object_tagging,
        write=False,
        params={"tagging": None},
        versioned_action="oss:GetObjectVersionTagging",
    ),
    OssOperation(
        "DeleteObjectTagging",
        "object",
        "DELETE",
        "oss:DeleteObjectTagging",
        delete_object_tagging,
        write=True,
        params={"tagging": None},
        versioned_action="oss:DeleteObjectVersionTagging",
    ),
    OssOperation(
        "RestoreObject",
        "object",
        "POST",
        "oss:RestoreObject",
        restore_object,
        write=True,
        params={"restore": None},
        versioned_action="oss:RestoreObjectVersion",
    ),
)
