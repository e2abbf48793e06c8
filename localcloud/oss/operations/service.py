"""ListBuckets, the one operation on the service itself."""

from __future__ import annotations

from localcloud.errors import OssError
from localcloud.formats import iso_milliseconds
from localcloud.http import Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import xml
from localcloud.oss.arguments import integer
from localcloud.oss.model import Bucket
from localcloud.oss.regions import location_of


def list_buckets(call: OssCall) -> Response:
    """List the buckets of the caller's account in all regions (ListBuckets).

    :raises OssError: 403 AccessDenied for anonymous callers.
    """
    uid = call.caller.account_uid
    if not uid:
        raise OssError(403, "AccessDenied", "Anonymous access is forbidden for this operation.")
    prefix = call.request.param("prefix") or ""
    marker = call.request.param("marker") or ""
    limit = integer(call.request, "max-keys", 100, 1, 1000)
    names = sorted(
        n for n, b in call.cloud.buckets.items() if b.owner_uid == uid and n.startswith(prefix) and n > marker
    )
    shown, truncated = names[:limit], len(names) > limit
    root = xml.element(
        "ListAllMyBucketsResult",
        xml.owner(uid),
        xml.text("Prefix", prefix),
        xml.text("Marker", marker),
        xml.text("MaxKeys", limit),
        xml.flag("IsTruncated", truncated),
        xml.optional("NextMarker", shown[-1] if truncated else None),
        xml.element("Buckets", *(_bucket(call.cloud.buckets[name]) for name in shown)),
    )
    return xml.response(root)


def _bucket(bucket: Bucket) -> str:
    return xml.element("Bucket", *description(bucket), xml.text("Region", bucket.region))


def description(bucket: Bucket) -> tuple[str, ...]:
    """Return the elements that describe a bucket in ListBuckets and GetBucketInfo alike."""
    location = location_of(bucket.region)
    return (
        xml.text("Comment", ""),
        xml.text("CreationDate", iso_milliseconds(bucket.created)),
        xml.text("ExtranetEndpoint", f"{location}.aliyuncs.com"),
        xml.text("IntranetEndpoint", f"{location}-internal.aliyuncs.com"),
        xml.text("Location", location),
        xml.text("Name", bucket.name),
        xml.text("StorageClass", bucket.storage_class),
    )


OPERATIONS = (OssOperation("ListBuckets", "service", "GET", "oss:ListBuckets", list_buckets, write=False),)
