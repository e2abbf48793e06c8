"""Lifecycle rules of a bucket: put, get, delete. They are kept for those who read them; no object expires by them."""

from __future__ import annotations

from localcloud.errors import OssError
from localcloud.http import Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import xml
from localcloud.oss.lookup import bucket_of

#: Rules per bucket (PutBucketLifecycle).
_MAX_RULES = 1000


def put_lifecycle(call: OssCall) -> Response:
    """Replace all rules (PutBucketLifecycle).

    :raises OssError: 400 MalformedXML for a body without a rule, or with a rule that is neither on nor off.
    """
    bucket = bucket_of(call)
    rules = xml.parse(call.request.body, "LifecycleConfiguration").findall("Rule")
    if not 1 <= len(rules) <= _MAX_RULES:
        raise xml.malformed()
    for rule in rules:
        xml.choice(rule, "Status", ("Enabled", "Disabled"))
    bucket.lifecycle = call.request.body
    return Response()


def get_lifecycle(call: OssCall) -> Response:
    """Read the rules as they were put (GetBucketLifecycle).

    :raises OssError: 404 NoSuchLifecycle.
    """
    bucket = bucket_of(call)
    if bucket.lifecycle is None:
        raise OssError(404, "NoSuchLifecycle", "No Row found in Lifecycle Table.", details={"BucketName": bucket.name})
    return Response(headers={"Content-Type": "application/xml"}, body=bucket.lifecycle)


def delete_lifecycle(call: OssCall) -> Response:
    """Remove all rules; 204 whether or not there were any (DeleteBucketLifecycle)."""
    bucket_of(call).lifecycle = None
    return Response(204)


_LIFECYCLE = {"lifecycle": None}

OPERATIONS = (
    OssOperation("PutBucketLifecycle", "bucket", "PUT", "oss:PutBucketLifecycle", put_lifecycle, True, _LIFECYCLE),
    OssOperation("GetBucketLifecycle", "bucket", "GET", "oss:GetBucketLifecycle", get_lifecycle, False, _LIFECYCLE),
    OssOperation(
        "DeleteBucketLifecycle", "bucket", "DELETE", "oss:DeleteBucketLifecycle", delete_lifecycle, True, _LIFECYCLE
    ),
)
