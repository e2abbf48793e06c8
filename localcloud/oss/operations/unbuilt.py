"""Features of OSS that the local cloud does not have, and answers as if nobody had configured them.

Reading such a feature gives what the real service says about a fresh bucket; removing it succeeds, as there is
nothing to remove. Everything else about it, and all of every other feature, is 501 NotImplemented rather than a
pretended success.
"""

from __future__ import annotations

from collections.abc import Callable

from localcloud.errors import OssError
from localcloud.http import Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import xml
from localcloud.oss.lookup import bucket_of

#: What reading a feature that was never configured says: feature name, sub-resource, code, message.
_ABSENT = (
    ("Cors", "cors", "NoSuchCORSConfiguration", "The CORS Configuration does not exist."),
    (
        "Website",
        "website",
        "NoSuchWebsiteConfiguration",
        "The specified bucket does not have a website configuration.",
    ),
    ("Inventory", "inventory", "NoSuchInventory", "No Row found in Inventory Table."),
)

#: Features that a fresh bucket has a document for: feature name, sub-resource, document.
_DEFAULTS = (
    ("Logging", "logging", xml.element("BucketLoggingStatus")),
    (
        "Referer",
        "referer",
        xml.element("RefererConfiguration", xml.flag("AllowEmptyReferer", True), xml.element("RefererList")),
    ),
    (
        "RequestPayment",
        "requestPayment",
        xml.element("RequestPaymentConfiguration", xml.text("Payer", "BucketOwner")),
    ),
    ("AccessMonitor", "accessmonitor", xml.element("AccessMonitorConfiguration", xml.text("Status", "Disabled"))),
)

#: Other sub-resources of the service; the router refuses them, so that none is taken for a plain listing or reading.
OTHER_SUB_RESOURCES = frozenset(
    {
        "accessPoint",
        "accessPointPolicy",
        "accessPointPublicAccessBlock",
        "archiveDirectRead",
        "asyncFetch",
        "bucketArchiveDirectRead",
        "callback",
        "cname",
        "dataRedundancyTransition",
        "dir",
        "httpsConfig",
        "img",
        "live",
        "metaQuery",
        "objectWormConfiguration",
        "overwriteConfig",
        "processConfiguration",
        "publicAccessBlock",
        "qos",
        "qosInfo",
        "redundancyTransition",
        "regions",
        "rename",
        "requesterQosInfo",
        "resourceGroup",
        "resourcePool",
        "seal",
        "select",
        "style",
        "styleName",
        "userQos",
        "vod",
        "x-oss-async-process",
        "x-oss-process",
        "x-oss-write-get-object-response",
    }
)


def _absent(code: str, message: str) -> Callable[[OssCall], Response]:
    """Return a handler that answers 404 with the feature's own code."""

    def handler(call: OssCall) -> Response:
        raise OssError(404, code, message, details={"BucketName": bucket_of(call).name})

    return handler


def _default(document: str) -> Callable[[OssCall], Response]:
    """Return a handler that answers a fresh bucket's document."""
    return lambda _call: xml.response(document)


def _nothing_to_delete(_call: OssCall) -> Response:
    return Response(204)


def options_object(call: OssCall) -> Response:
    """Answer a browser's preflight request: no bucket has CORS rules (OptionObject).

    :raises OssError: 403 AccessForbidden.
    """
    bucket_of(call)
    raise OssError(403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.")


def _get(name: str, parameter: str, handler: Callable[[OssCall], Response]) -> OssOperation:
    operation = f"GetBucket{name}"
    return OssOperation(operation, "bucket", "GET", f"oss:{operation}", handler, False, {parameter: None})


def _delete(name: str, parameter: str) -> OssOperation:
    operation = f"DeleteBucket{name}"
    return OssOperation(operation, "bucket", "DELETE", f"oss:{operation}", _nothing_to_delete, True, {parameter: None})


OPERATIONS = (
    *(_get(name, parameter, _absent(code, message)) for name, parameter, code, message in _ABSENT),
    *(_get(name, parameter, _default(document)) for name, parameter, document in _DEFAULTS),
    *(
        _delete(name, parameter)
        for name, parameter in (("Cors", "cors"), ("Website", "website"), ("Logging", "logging"))
    ),
    OssOperation("OptionObject", "object", "OPTIONS", "", options_object, False, checks_rights_itself=True),
    OssOperation("OptionObject", "bucket", "OPTIONS", "", options_object, False, checks_rights_itself=True),
)
