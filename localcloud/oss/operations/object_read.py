"""GetObject, HeadObject, GetObjectMeta and GetSymlink."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from localcloud.errors import OssError
from localcloud.http import Response
from localcloud.identity import ANONYMOUS
from localcloud.operation import OssCall, OssOperation
from localcloud.oss.conditions import is_unmodified
from localcloud.oss.copying import check_readable
from localcloud.oss.lookup import bucket_of, find_version, key_of, version_id_of
from localcloud.oss.model import Bucket, ObjectVersion
from localcloud.oss.object_headers import http_date, read_headers, version_headers
from localcloud.oss.ranges import requested_range

#: Query parameters that replace a header of the answer.
_OVERRIDES = {
    "response-content-type": "Content-Type",
    "response-content-language": "Content-Language",
    "response-expires": "Expires",
    "response-cache-control": "Cache-Control",
    "response-content-disposition": "Content-Disposition",
    "response-content-encoding": "Content-Encoding",
}


def get_object(call: OssCall) -> Response:
    """Read an object or a range of it (GetObject)."""
    bucket = bucket_of(call)
    version = _current_or_named(call, bucket)
    if is_unmodified(call.request.headers, version):
        return _not_modified(version)
    check_readable(call, version)
    headers = read_headers(bucket, version) | _overrides(call)
    standard = (call.request.header("x-oss-range-behavior") or "").lower() == "standard"
    part = requested_range(call.request.header("range"), version.size, standard=standard)
    if part is None:
        return Response(headers=headers, body=version.body)
    # The digest belongs to the whole object, so it would be wrong beside a part.
    headers.pop("Content-MD5", None)
    headers["Content-Range"] = part.content_range(version.size)
    return Response(206, headers, part.cut(version.body))


def _current_or_named(call: OssCall, bucket: Bucket) -> ObjectVersion:
    """Return the version that is read; a symbolic link is followed one step.

    :raises OssError: 404 NoSuchKey, NoSuchVersion or SymlinkTargetNotExist, 400 InvalidTargetType.
    """
    version = find_version(bucket, key_of(call), version_id_of(call.request))
    if version.symlink_target is None:
        return version
    target = bucket.latest(version.symlink_target)
    if target is None or target.delete_marker:
        raise OssError(404, "SymlinkTargetNotExist", "The symlink target object does not exist.")
    if target.symlink_target is not None:
        raise OssError(400, "InvalidTargetType", "The symbolic's target is also a symbolic.")
    return replace(target, object_type="Symlink", last_modified=max(target.last_modified, version.last_modified))


def _overrides(call: OssCall) -> dict[str, str]:
    """Return the headers that the query replaces; an anonymous caller may not do that (GetObject, "Request headers").

    :raises OssError: 400 InvalidRequest.
    """
    found = {header: value for name, header in _OVERRIDES.items() if (value := call.request.param(name))}
    if found and call.caller == ANONYMOUS:
        raise OssError(
            400, "InvalidRequest", "Request specific response headers cannot be used for anonymous GET requests."
        )
    return found


def _not_modified(version: ObjectVersion) -> Response:
    return Response(304, {"ETag": f'"{version.etag}"', "Last-Modified": http_date(version)})


def head_object(call: OssCall) -> Response:
    """Read an object's headers (HeadObject)."""
    bucket = bucket_of(call)
    version = _current_or_named(call, bucket)
    if is_unmodified(call.request.headers, version):
        return _not_modified(version)
    return Response(headers=read_headers(bucket, version) | {"Content-Length": str(version.size)})


def get_object_meta(call: OssCall) -> Response:
    """Read the few headers that need no access to metadata: size, ETag, time (GetObjectMeta)."""
    bucket = bucket_of(call)
    version = find_version(bucket, key_of(call), version_id_of(call.request))
    headers = {
        "Content-Length": str(version.size),
        "ETag": f'"{version.etag}"',
        "Last-Modified": http_date(version),
        "x-oss-hash-crc64ecma": str(version.crc64),
        **version_headers(bucket, version),
    }
    return Response(headers=headers)


def get_symlink(call: OssCall) -> Response:
    """Read where a symbolic link points to (GetSymlink).

    :raises OssError: 400 NotSymlink for any other object.
    """
    bucket = bucket_of(call)
    version = find_version(bucket, key_of(call), version_id_of(call.request))
    if version.symlink_target is None:
        raise OssError(400, "NotSymlink", "The object is not a symbolic link.", details={"ObjectName": version.key})
    headers = {
        "x-oss-symlink-target": quote(version.symlink_target, safe=""),
        "ETag": f'"{version.etag}"',
        "Last-Modified": http_date(version),
        **version_headers(bucket, version),
    }
    return Response(headers=headers)


OPERATIONS = (
    OssOperation(
        "GetObject", "object", "GET", "oss:GetObject", get_object, write=False, versioned_action="oss:GetObjectVersion"
    ),
    OssOperation(
        "HeadObject",
        "object",
        "HEAD",
        "oss:GetObject",
        head_object,
        write=False,
        versioned_action="oss:GetObjectVersion",
    ),
    OssOperation(
        "GetObjectMeta",
        "object",
        "HEAD",
        "oss:GetObject",
        get_object_meta,
        write=False,
        params={"objectMeta": None},
        versioned_action="oss:GetObjectVersion",
    ),
    OssOperation(
        "GetSymlink",
        "object",
        "GET",
        "oss:GetObject",
        get_symlink,
        write=False,
        params={"symlink": None},
        versioned_action="oss:GetObjectVersion",
    ),
)
