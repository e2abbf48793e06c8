"""InitiateMultipartUpload, UploadPart, UploadPartCopy, CompleteMultipartUpload and AbortMultipartUpload."""

from __future__ import annotations

from localcloud.formats import iso_milliseconds, whole_number
from localcloud.http import Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import copying, multipart, objects, xml
from localcloud.oss.arguments import check_digests, integer, invalid_argument
from localcloud.oss.lookup import bucket_of, key_of
from localcloud.oss.model import Bucket, ObjectVersion
from localcloud.oss.multipart import MAX_PART_NUMBER, Part, PartReference, Upload
from localcloud.oss.object_headers import encryption_headers, written_headers
from localcloud.oss.operations.object_write import checked_attributes
from localcloud.oss.ranges import requested_range


def initiate(call: OssCall) -> Response:
    """Begin a multipart upload (InitiateMultipartUpload)."""
    bucket, key = bucket_of(call), key_of(call)
    encoder = xml.encoder(call.request.param("encoding-type"))
    wanted = checked_attributes(call, bucket)
    objects.check_forbid_overwrite(bucket, key, call.request.header("x-oss-forbid-overwrite"))
    upload = multipart.start(bucket, key, wanted, call.cloud.clock.now())
    root = xml.element(
        "InitiateMultipartUploadResult",
        encoder.type_element,
        xml.text("Bucket", bucket.name),
        encoder.element("Key", key),
        xml.text("UploadId", upload.id),
    )
    return xml.response(root, headers=encryption_headers(wanted.encryption))


def upload_part(call: OssCall) -> Response:
    """Upload one part (UploadPart)."""
    number, upload = _part_number(call), _upload(call)
    check_digests(call.request)
    part = multipart.add_part(upload, number, call.request.body, call.cloud.clock.now())
    return Response(headers=_part_headers(part))


def upload_part_copy(call: OssCall) -> Response:
    """Make a part from an object or a range of it (UploadPartCopy)."""
    number, upload = _part_number(call), _upload(call)
    source = copying.copy_source(call)
    not_modified = source.not_modified(call)
    if not_modified is not None:
        return not_modified
    body = _source_bytes(call, source.version)
    part = multipart.add_part(upload, number, body, call.cloud.clock.now())
    root = xml.element(
        "CopyPartResult",
        xml.text("LastModified", iso_milliseconds(part.last_modified)),
        xml.text("ETag", f'"{part.etag}"'),
    )
    return xml.response(root, headers=_part_headers(part))


def _source_bytes(call: OssCall, version: ObjectVersion) -> bytes:
    """Return the range of the source, or all of it when the range does not lie within the object."""
    header = call.request.header("x-oss-copy-source-range")
    part = requested_range(header, version.size, standard=False)
    return version.body if part is None else part.cut(version.body)


def _part_number(call: OssCall) -> int:
    return integer(call.request, "partNumber", None, 1, MAX_PART_NUMBER)


def _upload(call: OssCall) -> Upload:
    return multipart.find(bucket_of(call), key_of(call), call.request.param("uploadId") or "")


def _part_headers(part: Part) -> dict[str, str]:
    return {"ETag": f'"{part.etag}"', "x-oss-hash-crc64ecma": str(part.crc64)}


def complete(call: OssCall) -> Response:
    """Turn parts into an object (CompleteMultipartUpload)."""
    bucket, key, now = bucket_of(call), key_of(call), call.cloud.clock.now()
    encoder = xml.encoder(call.request.param("encoding-type"))
    upload = _upload(call)
    check_digests(call.request)
    parts = _listed_parts(call, upload)
    objects.check_forbid_overwrite(bucket, key, call.request.header("x-oss-forbid-overwrite"))
    stored = objects.store(bucket, multipart.assemble(upload, parts, now), now)
    del bucket.uploads[upload.id]
    return _completed(call, bucket, stored, encoder)


def _listed_parts(call: OssCall, upload: Upload) -> list[Part]:
    """Return the parts that the body lists, or all of them under ``x-oss-complete-all: yes``.

    :raises OssError: 400 InvalidArgument when both are given, MalformedXML for a bad or empty list.
    """
    header = call.request.header("x-oss-complete-all")
    if header is None:
        return multipart.chosen_parts(upload, _references(call.request.body))
    if header.lower() != "yes" or call.request.body.strip():
        message = "x-oss-complete-all must be yes, and the request must not have a body then."
        raise invalid_argument("x-oss-complete-all", header, message)
    return multipart.all_parts(upload)


def _references(body: bytes) -> list[PartReference]:
    references = []
    for node in xml.parse(body, "CompleteMultipartUpload").findall("Part"):
        number = whole_number(xml.required(node, "PartNumber").strip())
        if number is None:
            raise xml.malformed()
        references.append(PartReference(number, xml.required(node, "ETag").strip().strip('"')))
    if not references:
        raise xml.malformed()
    return references


def _completed(call: OssCall, bucket: Bucket, stored: ObjectVersion, encoder: xml.Encoder) -> Response:
    host = call.request.header("host") or ""
    root = xml.element(
        "CompleteMultipartUploadResult",
        encoder.type_element,
        encoder.element("Location", f"http://{host}{call.request.raw_path}"),
        xml.text("Bucket", bucket.name),
        encoder.element("Key", stored.key),
        xml.text("ETag", f'"{stored.etag}"'),
    )
    return xml.response(root, headers=written_headers(bucket, stored))


def abort(call: OssCall) -> Response:
    """Throw an upload and its parts away (AbortMultipartUpload)."""
    del bucket_of(call).uploads[_upload(call).id]
    return Response(204)


_PART = {"partNumber": None, "uploadId": None}

OPERATIONS = (
    OssOperation(
        "InitiateMultipartUpload", "object", "POST", "oss:PutObject", initiate, write=True, params={"uploads": None}
    ),
    OssOperation("UploadPart", "object", "PUT", "oss:PutObject", upload_part, write=True, params=_PART),
    OssOperation(
        "UploadPartCopy",
        "object",
        "PUT",
        "oss:PutObject",
        upload_part_copy,
        write=True,
        params=_PART,
        headers=(copying.HEADER,),
    ),
    OssOperation(
        "CompleteMultipartUpload", "object", "POST", "oss:PutObject", complete, write=True, params={"uploadId": None}
    ),
    OssOperation(
        "AbortMultipartUpload",
        "object",
        "DELETE",
        "oss:AbortMultipartUpload",
        abort,
        write=True,
        params={"uploadId": None},
    ),
)
