"""ListMultipartUploads and ListParts."""

from __future__ import annotations

from sortedcontainers import SortedDict

from localcloud.formats import iso_milliseconds
from localcloud.http import Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import multipart, xml
from localcloud.oss.arguments import integer
from localcloud.oss.listing import Page, Query, list_by_key
from localcloud.oss.lookup import bucket_of, key_of
from localcloud.oss.model import Bucket
from localcloud.oss.multipart import MAX_PART_NUMBER, Part, Upload


def list_multipart_uploads(call: OssCall) -> Response:
    """List uploads in progress, by key and then by upload id (ListMultipartUploads)."""
    request = call.request
    bucket = bucket_of(call)
    encoder = xml.encoder(request.param("encoding-type"))
    query = Query(
        prefix=request.param("prefix") or "",
        delimiter=request.param("delimiter") or "",
        marker=request.param("key-marker") or "",
        limit=integer(request, "max-uploads", 1000, 1, 1000),
    )
    # Without a key-marker the upload-id-marker is ignored (ListMultipartUploads, "Request parameters").
    id_marker = (request.param("upload-id-marker") or "") if query.marker else ""
    page: Page[Upload] = list_by_key(_uploads_by_key(bucket), query, id_marker)
    root = xml.element(
        "ListMultipartUploadsResult",
        encoder.type_element,
        xml.text("Bucket", bucket.name),
        encoder.element("KeyMarker", query.marker),
        xml.text("UploadIdMarker", id_marker),
        *_next_markers(page, encoder),
        encoder.element("Delimiter", query.delimiter),
        encoder.element("Prefix", query.prefix),
        xml.text("MaxUploads", query.limit),
        xml.flag("IsTruncated", page.truncated),
        *(_upload_element(upload, encoder) for upload in page.entries),
        encoder.common_prefixes(page.prefixes),
    )
    return xml.response(root)


def _uploads_by_key(bucket: Bucket) -> SortedDict[str, list[tuple[str, Upload]]]:
    groups: SortedDict[str, list[tuple[str, Upload]]] = SortedDict()
    for upload_id, upload in sorted(bucket.uploads.items()):
        groups.setdefault(upload.key, []).append((upload_id, upload))
    return groups


def _next_markers(page: Page[Upload], encoder: xml.Encoder) -> tuple[str, str]:
    """Return both markers, empty on the last page: oss2 wants them always."""
    return encoder.element("NextKeyMarker", page.next_marker), xml.text("NextUploadIdMarker", page.next_minor)


def _upload_element(upload: Upload, encoder: xml.Encoder) -> str:
    return xml.element(
        "Upload",
        encoder.element("Key", upload.key),
        xml.text("UploadId", upload.id),
        xml.text("StorageClass", upload.attributes.storage_class),
        xml.text("Initiated", iso_milliseconds(upload.initiated)),
    )


def list_parts(call: OssCall) -> Response:
    """List the parts of an upload by number (ListParts)."""
    request = call.request
    bucket, key = bucket_of(call), key_of(call)
    encoder = xml.encoder(request.param("encoding-type"))
    upload = multipart.find(bucket, key, request.param("uploadId") or "")
    limit = integer(request, "max-parts", 1000, 1, 1000)
    marker = integer(request, "part-number-marker", 0, 0, MAX_PART_NUMBER)
    numbers = list(upload.parts.irange(minimum=marker + 1))
    shown = numbers[:limit]
    root = xml.element(
        "ListPartsResult",
        encoder.type_element,
        xml.text("Bucket", bucket.name),
        encoder.element("Key", key),
        xml.text("UploadId", upload.id),
        xml.text("StorageClass", upload.attributes.storage_class),
        xml.text("PartNumberMarker", marker),
        xml.text("NextPartNumberMarker", shown[-1] if shown else marker),
        xml.text("MaxParts", limit),
        xml.flag("IsTruncated", len(numbers) > limit),
        *(_part_element(upload.parts[number]) for number in shown),
    )
    return xml.response(root)


def _part_element(part: Part) -> str:
    return xml.element(
        "Part",
        xml.text("PartNumber", part.number),
        xml.text("LastModified", iso_milliseconds(part.last_modified)),
        xml.text("ETag", f'"{part.etag}"'),
        xml.text("HashCrc64ecma", part.crc64),
        xml.text("Size", len(part.body)),
    )


OPERATIONS = (
    OssOperation(
        "ListMultipartUploads",
        "bucket",
        "GET",
        "oss:ListMultipartUploads",
        list_multipart_uploads,
        write=False,
        params={"uploads": None},
    ),
    OssOperation("ListParts", "object", "GET", "oss:ListParts", list_parts, write=False, params={"uploadId": None}),
)
