"""From a call to the bucket and object it names, or to the service's 404."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.errors import OssError
from localcloud.http import Request
from localcloud.operation import OssCall
from localcloud.oss.arguments import check_bucket_name, invalid_argument
from localcloud.oss.model import Bucket, ObjectVersion


def find_bucket(cloud: Cloud, name: str) -> Bucket:
    """Return a bucket by name.

    :raises OssError: 404 NoSuchBucket, or 400 InvalidBucketName when no bucket can have that name.
    """
    bucket = cloud.buckets.get(name)
    if bucket is None:
        check_bucket_name(name)
        raise OssError(
            404,
            "NoSuchBucket",
            "The specified bucket does not exist.",
            ec="0015-00000101",
            details={"BucketName": name},
        )
    return bucket


def bucket_of(call: OssCall) -> Bucket:
    """Return the bucket that a call at bucket or object level addresses."""
    return find_bucket(call.cloud, call.bucket_name or "")


def key_of(call: OssCall) -> str:
    """Return the key that a call at object level addresses."""
    return call.key or ""


def version_id_of(request: Request) -> str | None:
    """Return the ``versionId`` parameter, or None when it is absent.

    :raises OssError: 400 InvalidArgument when it is empty.
    """
    version_id = request.param("versionId")
    if version_id == "":
        raise invalid_argument("versionId", "", "Version id can not be the empty string.")
    return version_id


def find_version(bucket: Bucket, key: str, version_id: str | None) -> ObjectVersion:
    """Return the version that a read means: the named one, else the current one.

    :raises OssError: 404 NoSuchKey or NoSuchVersion; for a delete marker 404 when it is current and 405 when it was
        named, both with ``x-oss-delete-marker`` (GetObject, "Versioning").
    """
    version = bucket.latest(key) if version_id is None else bucket.version(key, version_id)
    if version is None:
        raise no_such_key(key) if version_id is None else _no_such_version(key, version_id)
    if version.delete_marker:
        raise _is_delete_marker(version, named=version_id is not None)
    return version


def no_such_key(key: str, headers: dict[str, str] | None = None) -> OssError:
    """Return the error for an object that is not there."""
    return OssError(
        404,
        "NoSuchKey",
        "The specified key does not exist.",
        ec="0026-00000001",
        details={"Key": key},
        headers=headers,
    )


def _no_such_version(key: str, version_id: str) -> OssError:
    return OssError(
        404,
        "NoSuchVersion",
        "The specified version does not exist.",
        details={"Key": key, "VersionId": version_id},
    )


def _is_delete_marker(version: ObjectVersion, *, named: bool) -> OssError:
    headers = {"x-oss-delete-marker": "true", "x-oss-version-id": version.version_id}
    if not named:
        return no_such_key(version.key, headers)
    return OssError(
        405,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        details={"Method": "GET", "ResourceType": "DeleteMarker"},
        headers=headers,
    )
