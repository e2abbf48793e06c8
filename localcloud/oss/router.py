"""From a request to its operation, and from a verified call to its answer."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.errors import OssError
from localcloud.http import Request, Response
from localcloud.operation import Level, OssCall, OssOperation
from localcloud.oss.addressing import Address
from localcloud.oss.arguments import check_key
from localcloud.oss.authorize import authorize
from localcloud.oss.lookup import find_bucket
from localcloud.oss.model import Bucket
from localcloud.oss.operations import (
    bucket,
    bucket_lifecycle,
    bucket_policy,
    bucket_settings,
    bucket_worm,
    list_objects,
    multipart_list,
    multipart_write,
    object_delete,
    object_read,
    object_settings,
    object_write,
    service,
    unbuilt,
)
from localcloud.oss.regions import location_of
from localcloud.oss.replication.operations import OPERATIONS as REPLICATION

OPERATIONS: tuple[OssOperation, ...] = (
    *service.OPERATIONS,
    *bucket.OPERATIONS,
    *bucket_lifecycle.OPERATIONS,
    *bucket_policy.OPERATIONS,
    *bucket_settings.OPERATIONS,
    *bucket_worm.OPERATIONS,
    *list_objects.OPERATIONS,
    *multipart_list.OPERATIONS,
    *multipart_write.OPERATIONS,
    *object_delete.OPERATIONS,
    *object_read.OPERATIONS,
    *object_settings.OPERATIONS,
    *object_write.OPERATIONS,
    *unbuilt.OPERATIONS,
    *REPLICATION,
)


def match(request: Request, address: Address) -> OssOperation:
    """Find the operation that a request asks for.

    :raises OssError: 501 NotImplemented for a sub-resource that the local cloud does not have, 405 MethodNotAllowed
        for a method that the sub-resource does not know.
    """
    level = _level(address)
    named = {name for name, _ in request.query}
    if named & unbuilt.OTHER_SUB_RESOURCES:
        raise _not_implemented()
    fitting = (op for op in OPERATIONS if op.level == level and op.method == request.method and _fits(op, request))
    best = max(fitting, key=lambda op: (len(op.params), len(op.headers)), default=None)
    # A sub-resource that nothing answers must not be ignored: DELETE /bucket?acl is not DELETE /bucket.
    selecting = named & _SUB_RESOURCES[level]
    if best is None or selecting - set(best.params):
        raise _refusal(request, level, selecting)
    return best


def handle(call: OssCall, operation: OssOperation) -> Response:
    """Check where a call goes and whether it may, and answer it.

    :raises OssError: what the service would answer instead.
    """
    if operation.level == "object":
        check_key(call.key or "")
    target = _existing_bucket(call, operation)
    if target is not None:
        _check_endpoint(call, target)
    if not operation.checks_rights_itself:
        authorize(call, _action(call, operation), target, call.key)
    return operation.handler(call)


def _level(address: Address) -> Level:
    if not address.bucket:
        return "service"
    return "object" if address.key else "bucket"


def _fits(operation: OssOperation, request: Request) -> bool:
    """Tell whether a request carries every parameter and header that an operation needs."""
    has_headers = all(request.header(name) is not None for name in operation.headers)
    return has_headers and all(_has(request, name, value) for name, value in operation.params.items())


def _has(request: Request, name: str, value: str | None) -> bool:
    given = request.param(name)
    return given is not None and value in (None, given)


def _selecting_parameters(operations: Iterable[OssOperation]) -> frozenset[str]:
    """Return the parameters whose presence selects an operation."""
    return frozenset(name for op in operations for name, value in op.params.items() if value is None)


_LEVELS: tuple[Level, ...] = ("service", "bucket", "object")
_SUB_RESOURCES = {level: _selecting_parameters(op for op in OPERATIONS if op.level == level) for level in _LEVELS}
_UNBUILT = _selecting_parameters(unbuilt.OPERATIONS)


def _refusal(request: Request, level: Level, selecting: set[str]) -> OssError:
    """Return why a request has no operation: nobody built it, or the method is wrong."""
    if selecting & _UNBUILT and request.method in ("PUT", "POST"):
        return _not_implemented()
    return OssError(
        405,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        details={"Method": request.method, "ResourceType": min(selecting, default=level.capitalize())},
    )


def _not_implemented() -> OssError:
    return OssError(501, "NotImplemented", "A header you provided implies functionality that is not implemented.")


def _existing_bucket(call: OssCall, operation: OssOperation) -> Bucket | None:
    """Return the bucket that must be there; None at service level and for a bucket that is to be made."""
    if operation.level == "service" or operation.name == "PutBucket":
        return None
    return find_bucket(call.cloud, call.bucket_name or "")


def _check_endpoint(call: OssCall, target: Bucket) -> None:
    """Refuse an endpoint of another region than the bucket's.

    :raises OssError: 403 AccessDenied that names the right endpoint.
    """
    if call.endpoint_region in (None, target.region):
        return
    raise OssError(
        403,
        "AccessDenied",
        "The bucket you are attempting to access must be addressed using the specified endpoint. "
        "Please send all future requests to this endpoint.",
        ec="0003-00001403",
        details={"Bucket": target.name, "Endpoint": f"{location_of(target.region)}.aliyuncs.com"},
    )


def _action(call: OssCall, operation: OssOperation) -> str:
    """Return the action to authorize; naming a version needs an action of its own."""
    if operation.versioned_action and call.request.param("versionId"):
        return operation.versioned_action
    return operation.action
