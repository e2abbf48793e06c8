"""Retention (WORM) policies of a bucket: initiate, complete, abort, extend, get."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta

from localcloud.errors import OssError
from localcloud.formats import iso_milliseconds, whole_number
from localcloud.http import Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import xml
from localcloud.oss.arguments import invalid_argument
from localcloud.oss.lookup import bucket_of
from localcloud.oss.model import Bucket, Retention

_MAX_DAYS = 70 * 365
#: An unlocked policy disappears by itself after this time (help: "Retention policies").
_LOCK_WITHIN = timedelta(hours=24)


def initiate(call: OssCall) -> Response:
    """Make an unlocked retention policy (InitiateBucketWorm).

    :raises OssError: 400 MalformedXML or InvalidArgument, 409 for a bucket with versioning or with a policy.
    """
    bucket, now = bucket_of(call), call.cloud.clock.now()
    days = _days(call.request.body, "InitiateWormConfiguration")
    if bucket.versioning:
        message = "A retention policy can not be configured for a bucket with versioning."
        raise OssError(409, "InvalidBucketState", message, details={"BucketName": bucket.name})
    if _current(call, bucket) is not None:
        raise OssError(409, "WORMConfigurationAlreadyExists", "The WORM Configuration already exists.")
    retention = Retention(secrets.token_hex(16).upper(), days, now)
    _set(bucket, retention)
    return Response(headers={"x-oss-worm-id": retention.id})


def complete(call: OssCall) -> Response:
    """Lock the policy for good (CompleteBucketWorm)."""
    bucket = bucket_of(call)
    _set(bucket, replace(_named(call, bucket), locked=True))
    return Response()


def extend(call: OssCall) -> Response:
    """Lengthen a locked policy (ExtendBucketWorm).

    :raises OssError: 400 InvalidWORMConfiguration when it is not locked or would not become longer.
    """
    bucket = bucket_of(call)
    days = _days(call.request.body, "ExtendWormConfiguration")
    retention = _named(call, bucket)
    if not retention.locked or days <= retention.days:
        raise OssError(400, "InvalidWORMConfiguration", "Invalid WORM Configuration.")
    _set(bucket, replace(retention, days=days))
    return Response()


def abort(call: OssCall) -> Response:
    """Remove an unlocked policy (AbortBucketWorm).

    :raises OssError: 403 WORMConfigurationLocked.
    """
    bucket = bucket_of(call)
    current = _existing(call, bucket)
    if current.locked:
        raise _locked(bucket)
    _set(bucket, None)
    return Response(204)


def get(call: OssCall) -> Response:
    """Read the policy (GetBucketWorm)."""
    current = _existing(call, bucket_of(call))
    root = xml.element(
        "WormConfiguration",
        xml.text("WormId", current.id),
        xml.text("State", "Locked" if current.locked else "InProgress"),
        xml.text("RetentionPeriodInDays", current.days),
        xml.text("CreationDate", iso_milliseconds(current.created)),
        xml.text("ExpirationDate", iso_milliseconds(current.created + _LOCK_WITHIN)),
    )
    return xml.response(root)


def _days(body: bytes, root_tag: str) -> int:
    raw = xml.required(xml.parse(body, root_tag), "RetentionPeriodInDays").strip()
    days = whole_number(raw)
    if days is None or not 1 <= days <= _MAX_DAYS:
        raise invalid_argument("RetentionPeriodInDays", raw, "The retention period must be 1 day to 70 years.")
    return days


def _set(bucket: Bucket, retention: Retention | None) -> None:
    """Put a policy in place together with the days that it protects objects."""
    bucket.retention = retention
    bucket.worm_days = None if retention is None else retention.days


def _current(call: OssCall, bucket: Bucket) -> Retention | None:
    """Return the policy; one that was not locked in time is dropped."""
    retention = bucket.retention
    if retention is not None and not retention.locked and call.cloud.clock.now() > retention.created + _LOCK_WITHIN:
        _set(bucket, None)
    return bucket.retention


def _existing(call: OssCall, bucket: Bucket) -> Retention:
    current = _current(call, bucket)
    if current is None:
        message = "The WORM Configuration does not exist."
        raise OssError(404, "NoSuchWORMConfiguration", message, details={"BucketName": bucket.name})
    return current


def _named(call: OssCall, bucket: Bucket) -> Retention:
    """Return the policy when the request gives its id."""
    current = _existing(call, bucket)
    given = call.request.param("wormId") or ""
    if given != current.id:
        raise OssError(
            404, "NoSuchWORMConfiguration", "The specified WORM ID does not exist.", details={"WormId": given}
        )
    return current


def _locked(bucket: Bucket) -> OssError:
    message = "The WORM Configuration is locked."
    return OssError(403, "WORMConfigurationLocked", message, details={"BucketName": bucket.name})


_WORM = {"worm": None}

OPERATIONS = (
    OssOperation("InitiateBucketWorm", "bucket", "POST", "oss:InitiateBucketWorm", initiate, True, _WORM),
    OssOperation("AbortBucketWorm", "bucket", "DELETE", "oss:AbortBucketWorm", abort, True, _WORM),
    OssOperation("GetBucketWorm", "bucket", "GET", "oss:GetBucketWorm", get, False, _WORM),
    OssOperation("CompleteBucketWorm", "bucket", "POST", "oss:CompleteBucketWorm", complete, True, {"wormId": None}),
    OssOperation(
        "ExtendBucketWorm",
        "bucket",
        "POST",
        "oss:ExtendBucketWorm",
        extend,
        write=True,
        params={"wormExtend": None, "wormId": None},
    ),
)
