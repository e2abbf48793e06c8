"""ListObjects (both generations) and ListObjectVersions."""

from __future__ import annotations

import base64

from localcloud.formats import iso_milliseconds
from localcloud.http import Request, Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import xml
from localcloud.oss.arguments import integer, invalid_argument
from localcloud.oss.listing import Page, Query, VersionEntry, list_objects, list_versions
from localcloud.oss.lookup import bucket_of
from localcloud.oss.model import Bucket, ObjectVersion
from localcloud.oss.objects import FROZEN_CLASSES

_MAX_KEYS = 1000
_DEFAULT_KEYS = 100
_MAX_NAME_BYTES = 1024


def get_bucket(call: OssCall) -> Response:
    """List objects, first generation (ListObjects)."""
    bucket, request = bucket_of(call), call.request
    encoder = xml.encoder(request.param("encoding-type"))
    query = _query(request, _name(request, "marker"))
    page = list_objects(bucket, query)
    root = xml.element(
        "ListBucketResult",
        *_head(bucket, query, encoder),
        encoder.element("Marker", query.marker),
        xml.flag("IsTruncated", page.truncated),
        encoder.optional("NextMarker", page.next_marker if page.truncated else None),
        *(_contents(version, encoder, bucket.owner_uid) for version in page.entries),
        encoder.common_prefixes(page.prefixes),
    )
    return xml.response(root)


def get_bucket_v2(call: OssCall) -> Response:
    """List objects, second generation (ListObjectsV2)."""
    bucket, request = bucket_of(call), call.request
    encoder = xml.encoder(request.param("encoding-type"))
    token, start_after = request.param("continuation-token"), _name(request, "start-after")
    query = _query(request, _decode_token(token) if token else start_after)
    page = list_objects(bucket, query)
    owner_uid = bucket.owner_uid if request.param("fetch-owner") == "true" else None
    root = xml.element(
        "ListBucketResult",
        *_head(bucket, query, encoder),
        encoder.optional("StartAfter", start_after or None),
        encoder.optional("ContinuationToken", token or None),
        xml.flag("IsTruncated", page.truncated),
        encoder.optional("NextContinuationToken", _encode_token(page.next_marker) if page.truncated else None),
        xml.text("KeyCount", len(page)),
        *(_contents(version, encoder, owner_uid) for version in page.entries),
        encoder.common_prefixes(page.prefixes),
    )
    return xml.response(root)


def get_bucket_versions(call: OssCall) -> Response:
    """List all versions and delete markers (ListObjectVersions)."""
    bucket, request = bucket_of(call), call.request
    encoder = xml.encoder(request.param("encoding-type"))
    query = _query(request, _name(request, "key-marker"))
    id_marker = request.param("version-id-marker") or ""
    if id_marker and not query.marker:
        message = "A version-id marker cannot be specified without a key marker."
        raise invalid_argument("version-id-marker", id_marker, message)
    page = list_versions(bucket, query, id_marker)
    root = xml.element(
        "ListVersionsResult",
        *_head(bucket, query, encoder),
        encoder.element("KeyMarker", query.marker),
        xml.text("VersionIdMarker", id_marker),
        xml.flag("IsTruncated", page.truncated),
        *_next_version(page, encoder),
        *(_version(entry, encoder, bucket.owner_uid) for entry in page.entries),
        encoder.common_prefixes(page.prefixes),
    )
    return xml.response(root)


def _query(request: Request, marker: str) -> Query:
    return Query(
        prefix=_name(request, "prefix"),
        delimiter=request.param("delimiter") or "",
        marker=marker,
        limit=integer(request, "max-keys", _DEFAULT_KEYS, 0, _MAX_KEYS),
    )


def _name(request: Request, parameter: str) -> str:
    """Return a parameter that is (part of) a key.

    :raises OssError: 400 InvalidArgument when it is 1,024 bytes or longer (ListObjectsV2, "Error codes").
    """
    value = request.param(parameter) or ""
    if len(value.encode(errors="replace")) >= _MAX_NAME_BYTES:
        raise invalid_argument(parameter, value, f"The length of {parameter} must be less than 1024.")
    return value


def _encode_token(marker: str) -> str:
    """Return a marker as an opaque token."""
    return base64.urlsafe_b64encode(marker.encode()).decode().rstrip("=")


def _decode_token(token: str) -> str:
    """Return the marker of a token; 400 InvalidArgument when this service did not make it."""
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
    except ValueError as error:
        message = "The continuation token provided is incorrect."
        raise invalid_argument("continuation-token", token, message) from error


def _head(bucket: Bucket, query: Query, encoder: xml.Encoder) -> tuple[str, ...]:
    """Return the elements that every listing begins with."""
    return (
        encoder.type_element,
        xml.text("Name", bucket.name),
        encoder.element("Prefix", query.prefix),
        xml.text("MaxKeys", query.limit),
        encoder.element("Delimiter", query.delimiter),
    )


def _contents(version: ObjectVersion, encoder: xml.Encoder, owner_uid: str | None) -> str:
    return xml.element(
        "Contents",
        encoder.element("Key", version.key),
        *_object_elements(version),
        "" if owner_uid is None else xml.owner(owner_uid),
    )


def _object_elements(version: ObjectVersion) -> tuple[str, ...]:
    """Return the elements that objects and versions have in common; the SDKs want all of them."""
    return (
        xml.text("LastModified", iso_milliseconds(version.last_modified)),
        xml.text("ETag", f'"{version.etag}"'),
        xml.text("Type", version.object_type),
        xml.text("Size", version.size),
        xml.text("StorageClass", version.storage_class),
        *_restore_info(version),
    )


def _restore_info(version: ObjectVersion) -> tuple[str, ...]:
    if version.storage_class not in FROZEN_CLASSES or version.restored_until is None:
        return ()
    expiry = iso_milliseconds(version.restored_until)
    return (xml.text("RestoreInfo", f'ongoing-request="false", expiry-date="{expiry}"'),)


def _version(entry: VersionEntry, encoder: xml.Encoder, owner_uid: str) -> str:
    version = entry.version
    common = (
        encoder.element("Key", version.key),
        xml.text("VersionId", version.version_id),
        xml.flag("IsLatest", entry.is_latest),
    )
    if version.delete_marker:
        time = xml.text("LastModified", iso_milliseconds(version.last_modified))
        return xml.element("DeleteMarker", *common, time, xml.owner(owner_uid))
    return xml.element("Version", *common, *_object_elements(version), xml.owner(owner_uid))


def _next_version(page: Page[VersionEntry], encoder: xml.Encoder) -> tuple[str, ...]:
    if not page.truncated:
        return ()
    return encoder.element("NextKeyMarker", page.next_marker), xml.text("NextVersionIdMarker", page.next_minor)


OPERATIONS = (
    OssOperation("ListObjects", "bucket", "GET", "oss:ListObjects", get_bucket, write=False),
    OssOperation(
        "ListObjectsV2", "bucket", "GET", "oss:ListObjects", get_bucket_v2, write=False, params={"list-type": "2"}
    ),
    OssOperation(
        "ListObjectVersions",
        "bucket",
        "GET",
        "oss:ListObjectVersions",
        get_bucket_versions,
        write=False,
        params={"versions": None},
    ),
)
