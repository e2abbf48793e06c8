"""DeleteObject and DeleteMultipleObjects."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.http import Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import objects, xml
from localcloud.oss.arguments import check_digests, check_key
from localcloud.oss.authorize import authorize
from localcloud.oss.lookup import bucket_of, key_of, version_id_of
from localcloud.oss.model import Bucket
from localcloud.oss.objects import Deletion

_MAX_KEYS = 1000
_MAX_BODY_BYTES = 2 * 1024 * 1024


def delete_object(call: OssCall) -> Response:
    """Delete an object or a version; 204 whether or not it was there (DeleteObject)."""
    deletion = objects.delete(bucket_of(call), key_of(call), version_id_of(call.request), call.cloud.clock.now())
    headers = {}
    if deletion.version_id is not None:
        headers["x-oss-version-id"] = deletion.version_id
    if deletion.is_marker:
        headers["x-oss-delete-marker"] = "true"
    return Response(204, headers)


@dataclass(frozen=True)
class _Target:
    """An object to delete, or one version of it."""

    key: str
    version_id: str | None


def delete_multiple_objects(call: OssCall) -> Response:
    """Delete up to 1,000 objects (DeleteMultipleObjects).

    The caller's right is checked for every key before anything is deleted.
    """
    bucket = bucket_of(call)
    check_digests(call.request, md5_needed=True)
    quiet, targets = _parse(call.request.body)
    encoder = xml.encoder(call.request.param("encoding-type"))
    for target in targets:
        action = "oss:DeleteObject" if target.version_id is None else "oss:DeleteObjectVersion"
        authorize(call, action, bucket, target.key)
    deleted = [_delete(bucket, target, call, encoder) for target in targets]
    if quiet:
        return Response()
    return xml.response(xml.element("DeleteResult", encoder.type_element, *deleted))


def _parse(body: bytes) -> tuple[bool, list[_Target]]:
    """Return whether the answer is to be empty, and what to delete.

    :raises OssError: 400 MalformedXML, also beyond 1,000 keys or 2 MB; 400 InvalidObjectName.
    """
    if len(body) > _MAX_BODY_BYTES:
        raise xml.malformed()
    root = xml.parse(body, "Delete")
    targets = [
        _Target(xml.required(node, "Key"), node.findtext("VersionId") or None) for node in root.findall("Object")
    ]
    if not 1 <= len(targets) <= _MAX_KEYS:
        raise xml.malformed()
    for target in targets:
        check_key(target.key)
    return (root.findtext("Quiet") or "").strip().lower() == "true", targets


def _delete(bucket: Bucket, target: _Target, call: OssCall, encoder: xml.Encoder) -> str:
    deletion = objects.delete(bucket, target.key, target.version_id, call.cloud.clock.now())
    return xml.element(
        "Deleted",
        encoder.element("Key", target.key),
        xml.optional("VersionId", target.version_id),
        *_marker_elements(deletion),
    )


def _marker_elements(deletion: Deletion) -> tuple[str, ...]:
    if not deletion.is_marker:
        return ()
    return xml.flag("DeleteMarker", True), xml.optional("DeleteMarkerVersionId", deletion.version_id)


OPERATIONS = (
    OssOperation(
        "DeleteObject",
        "object",
        "DELETE",
        "oss:DeleteObject",
        delete_object,
        write=True,
        versioned_action="oss:DeleteObjectVersion",
    ),
    OssOperation(
        "DeleteMultipleObjects",
        "bucket",
        "POST",
        "oss:DeleteObject",
        delete_multiple_objects,
        write=True,
        params={"delete": None},
        checks_rights_itself=True,
    ),
)
