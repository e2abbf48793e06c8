"""PutBucketPolicy, GetBucketPolicy, DeleteBucketPolicy and GetBucketPolicyStatus."""

from __future__ import annotations

import json

from localcloud.errors import OssError
from localcloud.http import Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import xml
from localcloud.oss.lookup import bucket_of
from localcloud.oss.model import Bucket
from localcloud.policy.document import validate_bucket_policy


def put_bucket_policy(call: OssCall) -> Response:
    """Replace the whole policy; the text is kept byte for byte (PutBucketPolicy).

    :raises OssError: 400 for a document that the service refuses.
    """
    bucket = bucket_of(call)
    try:
        text = call.request.body.decode()
    except UnicodeDecodeError:
        raise OssError(400, "InvalidPolicyDocument", "The bucket policy is not valid UTF-8.") from None
    behaviour = call.cloud.behaviour
    validate_bucket_policy(text, bucket.name, bucket.owner_uid, require_source_vpc=behaviour.require_source_vpc)
    _set(call, bucket, text)
    return Response()


def get_bucket_policy(call: OssCall) -> Response:
    """Read the policy as it was put (GetBucketPolicy)."""
    return Response(headers={"Content-Type": "application/json"}, body=_policy(bucket_of(call)).encode())


def delete_bucket_policy(call: OssCall) -> Response:
    """Remove the policy; 204 whether or not there was one (DeleteBucketPolicy)."""
    _set(call, bucket_of(call), None)
    return Response(204)


def get_bucket_policy_status(call: OssCall) -> Response:
    """Tell whether the policy opens the bucket to everybody (GetBucketPolicyStatus)."""
    public = is_public(_policy(bucket_of(call)))
    return xml.response(xml.element("PolicyStatus", xml.flag("IsPublic", public)))


def is_public(text: str) -> bool:
    """Tell whether a valid policy has an Allow for everybody that no condition narrows.

    An absent or empty Principal means everybody (help: "Authorization syntax and elements").
    """
    return any(
        statement["Effect"] == "Allow"
        and _names_everybody(statement.get("Principal"))
        and not statement.get("Condition")
        for statement in json.loads(text)["Statement"]
    )


def _names_everybody(principal: object) -> bool:
    return not principal or principal == "*" or (isinstance(principal, list) and "*" in principal)


def _policy(bucket: Bucket) -> str:
    """Return the policy's text.

    :raises OssError: 404 NoSuchBucketPolicy.
    """
    text = bucket.policy.current
    if text is None:
        message = "The specified bucket policy does not exist."
        raise OssError(404, "NoSuchBucketPolicy", message, details={"BucketName": bucket.name})
    return text


def _set(call: OssCall, bucket: Bucket, text: str | None) -> None:
    bucket.policy.set(text, call.cloud.clock.now(), call.cloud.behaviour.policy_propagation_seconds)


_POLICY = {"policy": None}

OPERATIONS = (
    OssOperation("PutBucketPolicy", "bucket", "PUT", "oss:PutBucketPolicy", put_bucket_policy, True, _POLICY),
    OssOperation("GetBucketPolicy", "bucket", "GET", "oss:GetBucketPolicy", get_bucket_policy, False, _POLICY),
    OssOperation(
        "DeleteBucketPolicy", "bucket", "DELETE", "oss:DeleteBucketPolicy", delete_bucket_policy, True, _POLICY
    ),
    OssOperation(
        "GetBucketPolicyStatus",
        "bucket",
        "GET",
        "oss:GetBucketPolicyStatus",
        get_bucket_policy_status,
        write=False,
        params={"policyStatus": None},
    ),
)
