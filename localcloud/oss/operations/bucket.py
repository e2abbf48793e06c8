"""PutBucket, DeleteBucket, GetBucketInfo, GetBucketLocation and GetBucketStat."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from localcloud.cloud import Cloud
from localcloud.errors import OssError
from localcloud.http import Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import xml
from localcloud.oss.arguments import STORAGE_CLASSES, bucket_acl, check_bucket_name, word
from localcloud.oss.encryption import info_element
from localcloud.oss.lookup import bucket_of
from localcloud.oss.model import Bucket
from localcloud.oss.operations.service import description
from localcloud.oss.regions import location_of, region_at
from localcloud.oss.relations import takes_part
from localcloud.oss.statistics import stat_element

#: Region of a bucket made through an endpoint that has none: the oldest endpoint, oss.aliyuncs.com, is in Hangzhou.
_DEFAULT_REGION = "cn-hangzhou"
_REDUNDANCIES = ("LRS", "ZRS")
_SETTING_NAMES = {"StorageClass": "bucket storage class", "DataRedundancyType": "data redundancy type"}


def put_bucket(call: OssCall) -> Response:
    """Create a bucket in the endpoint's region (PutBucket).

    :raises OssError: 400 InvalidBucketName, TooManyBuckets or InvalidLocationConstraint, 409 BucketAlreadyExists.
    """
    name = call.bucket_name or ""
    check_bucket_name(name)
    settings = _configuration(call.request.body)
    wanted = Bucket(
        name=name,
        owner_uid=call.caller.account_uid,
        region=_region(call, settings),
        created=call.cloud.clock.now(),
        acl=bucket_acl(call.request.header("x-oss-acl") or "private"),
        storage_class=_setting(settings, "StorageClass", STORAGE_CLASSES),
        redundancy=_setting(settings, "DataRedundancyType", _REDUNDANCIES),
    )
    existing = call.cloud.buckets.get(name)
    if existing is None:
        _check_quota(call.cloud, wanted)
        call.cloud.buckets[name] = wanted
    else:
        _check_same(call, existing, wanted)
        existing.acl = wanted.acl if call.request.header("x-oss-acl") else existing.acl
    return Response(headers={"Location": f"/{name}"})


def _configuration(body: bytes) -> Element | None:
    return xml.parse(body, "CreateBucketConfiguration") if body.strip() else None


def _setting(settings: Element | None, tag: str, allowed: tuple[str, ...]) -> str:
    """Return a setting of the body; the first allowed value is the default."""
    value = (settings.findtext(tag) if settings is not None else None) or allowed[0]
    return word(tag, value.strip(), allowed, f"No such {_SETTING_NAMES[tag]} exists.")


def _region(call: OssCall, settings: Element | None) -> str:
    """Return the new bucket's region: the endpoint's, which a LocationConstraint must agree with."""
    constraint = settings.findtext("LocationConstraint") if settings is not None else None
    if not constraint:
        return call.endpoint_region or _DEFAULT_REGION
    region = region_at(constraint.strip())
    if region is None or call.endpoint_region not in (None, region):
        raise OssError(
            400,
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
            details={"LocationConstraint": constraint},
        )
    return region


def _check_same(call: OssCall, existing: Bucket, wanted: Bucket) -> None:
    """Refuse to put a bucket that is there already, unless the caller owns it and changes nothing but its ACL.

    :raises OssError: 409 BucketAlreadyExists (help: "HTTP 409 status code").
    """
    if existing.owner_uid != wanted.owner_uid or call.cloud.behaviour.recreate_own_bucket_is_error:
        message = "The requested bucket name is not available."
    elif existing.region != wanted.region:
        message = "Bucket already exists can't modify location."
    elif existing.storage_class != wanted.storage_class:
        message = "Cannot modify existing bucket's storage class."
    elif existing.redundancy != wanted.redundancy:
        message = "Bucket already exists CAN'T modify data redundancy type."
    else:
        return
    raise OssError(409, "BucketAlreadyExists", message, details={"BucketName": existing.name})


def _check_quota(cloud: Cloud, wanted: Bucket) -> None:
    """Refuse more buckets in one account and region than the quota.

    :raises OssError: 400 TooManyBuckets.
    """
    same = (b for b in cloud.buckets.values() if (b.owner_uid, b.region) == (wanted.owner_uid, wanted.region))
    if sum(1 for _ in same) >= cloud.behaviour.max_buckets_per_region:
        raise OssError(400, "TooManyBuckets", "You have attempted to create more buckets than allowed.")


def delete_bucket(call: OssCall) -> Response:
    """Delete an empty bucket (DeleteBucket).

    Whether rules stand in the way is not documented; the rules of a deleted bucket go with it.

    :raises OssError: 409 BucketNotEmpty while it has objects, versions or multipart uploads.
    """
    bucket = bucket_of(call)
    if bucket.keys or bucket.uploads:
        raise OssError(
            409,
            "BucketNotEmpty",
            "The bucket you tried to delete is not empty.",
            ec="0015-00000301",
            details={"BucketName": bucket.name},
        )
    del call.cloud.buckets[bucket.name]
    return Response(204)


def get_bucket_info(call: OssCall) -> Response:
    """Describe a bucket (GetBucketInfo)."""
    bucket = bucket_of(call)
    root = xml.element(
        "BucketInfo",
        xml.element(
            "Bucket",
            xml.text("AccessMonitor", "Disabled"),
            *description(bucket),
            xml.text("DataRedundancyType", bucket.redundancy),
            xml.text("TransferAcceleration", _switch(bucket.acceleration is True)),
            xml.text("CrossRegionReplication", _switch(takes_part(call.cloud, bucket))),
            xml.optional("Versioning", bucket.versioning or None),
            xml.text("ResourceGroupId", "rg-default"),
            xml.owner(bucket.owner_uid),
            xml.element("AccessControlList", xml.text("Grant", bucket.acl)),
            info_element(bucket.encryption),
            xml.element("BucketPolicy", xml.text("LogBucket", ""), xml.text("LogPrefix", "")),
        ),
    )
    return xml.response(root)


def _switch(on: bool) -> str:
    return "Enabled" if on else "Disabled"


def get_bucket_location(call: OssCall) -> Response:
    """Answer a bucket's location (GetBucketLocation)."""
    return xml.response(xml.text("LocationConstraint", location_of(bucket_of(call).region)))


def get_bucket_stat(call: OssCall) -> Response:
    """Answer how much a bucket holds (GetBucketStat). The real service counts once an hour; here it is exact."""
    return xml.response(stat_element(bucket_of(call)))


OPERATIONS = (
    OssOperation("PutBucket", "bucket", "PUT", "oss:PutBucket", put_bucket, write=True),
    OssOperation("DeleteBucket", "bucket", "DELETE", "oss:DeleteBucket", delete_bucket, write=True),
    OssOperation(
        "GetBucketInfo",
        "bucket",
        "GET",
        "oss:GetBucketInfo",
        get_bucket_info,
        write=False,
        params={"bucketInfo": None},
    ),
    OssOperation(
        "GetBucketLocation",
        "bucket",
        "GET",
        "oss:GetBucketLocation",
        get_bucket_location,
        write=False,
        params={"location": None},
    ),
    OssOperation(
        "GetBucketStat", "bucket", "GET", "oss:GetBucketStat", get_bucket_stat, write=False, params={"stat": None}
    ),
)
