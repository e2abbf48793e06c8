"""PutObject, AppendObject, CopyObject and PutSymlink."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

from localcloud.errors import OssError
from localcloud.formats import iso_milliseconds, whole_number
from localcloud.http import Request, Response
from localcloud.operation import OssCall, OssOperation
from localcloud.oss import copying, digest, objects, xml
from localcloud.oss.arguments import check_digests, check_key, invalid_argument, object_acl, word
from localcloud.oss.authorize import authorize
from localcloud.oss.lookup import bucket_of, key_of
from localcloud.oss.model import Bucket, ObjectVersion
from localcloud.oss.object_headers import (
    Attributes,
    attributes,
    version_headers,
    written_headers,
)
from localcloud.oss.sse_kms import check_encryptable

_DIRECTIVES = ("COPY", "REPLACE")


def put_object(call: OssCall) -> Response:
    """Write an object from the request's body (PutObject)."""
    bucket, key = bucket_of(call), key_of(call)
    check_digests(call.request)
    wanted = checked_attributes(call, bucket)
    objects.check_forbid_overwrite(bucket, key, call.request.header("x-oss-forbid-overwrite"))
    version = wanted.apply_to(_with_body(key, call.request.body, call))
    stored = objects.store(bucket, version, call.cloud.clock.now())
    headers = written_headers(bucket, stored) | {"Content-MD5": digest.content_md5(stored.etag)}
    return Response(headers=headers)


def checked_attributes(call: OssCall, bucket: Bucket) -> Attributes:
    """Read an object's attributes; tags and KMS keys need rights of their own (PutObject: "Permissions").

    :raises OssError: 400 for bad values, 403 AccessDenied, 409 for a KMS key that is not enabled.
    """
    wanted = attributes(call.request, bucket)
    if wanted.tagging:
        authorize(call, "oss:PutObjectTagging", bucket, key_of(call))
    check_encryptable(call, bucket, wanted.encryption)
    return wanted


def _with_body(key: str, body: bytes, call: OssCall) -> ObjectVersion:
    """Return a version that has only its content; id and time are given when it is stored."""
    return ObjectVersion(key, "", call.cloud.clock.now(), body, digest.etag(body), digest.crc(body))


def append_object(call: OssCall) -> Response:
    """Create an appendable object, or lengthen one (AppendObject).

    :raises OssError: 409 ObjectNotAppendable, PositionNotEqualToLength or FileImmutable.
    """
    bucket, key, now = bucket_of(call), key_of(call), call.cloud.clock.now()
    check_digests(call.request)
    current = bucket.latest(key)
    if current is None or current.delete_marker:
        current = None
    _check_position(call.request, current)
    objects.check_mutable(bucket, current, now)
    if current is None:
        empty = checked_attributes(call, bucket).apply_to(_with_body(key, b"", call))
        version = objects.store(bucket, _lengthened(empty, call.request.body), now)
    else:
        check_encryptable(call, bucket, current.encryption)
        version = replace(_lengthened(current, call.request.body), last_modified=now)
        bucket.write(version, "put", now)
    return Response(headers=written_headers(bucket, version) | _next_position(version))


def _check_position(request: Request, current: ObjectVersion | None) -> None:
    raw = request.param("position") or ""
    position = whole_number(raw)
    if position is None:
        raise invalid_argument("position", raw, "The position you specified is invalid.")
    if current is not None and current.object_type != "Appendable":
        raise OssError(409, "ObjectNotAppendable", "The object is not appendable.")
    size = current.size if current is not None else 0
    if position != size:
        headers = {"x-oss-next-append-position": str(size)}
        if current is not None:
            headers["x-oss-hash-crc64ecma"] = str(current.crc64)
        message = "Position is not equal to file length."
        raise OssError(409, "PositionNotEqualToLength", message, headers=headers)


def _lengthened(version: ObjectVersion, more: bytes) -> ObjectVersion:
    body = version.body + more
    return replace(version, body=body, etag=digest.etag(body), crc64=digest.crc(body), object_type="Appendable")


def _next_position(version: ObjectVersion) -> dict[str, str]:
    return {"x-oss-next-append-position": str(version.size)}


def copy_object(call: OssCall) -> Response:
    """Copy an object within a region, or rewrite its attributes in place (CopyObject)."""
    bucket, key = bucket_of(call), key_of(call)
    source = copying.copy_source(call)
    not_modified = source.not_modified(call)
    if not_modified is not None:
        return not_modified
    objects.check_forbid_overwrite(bucket, key, call.request.header("x-oss-forbid-overwrite"))
    version = _copied(call, bucket, source)
    stored = objects.store(bucket, version, call.cloud.clock.now())
    return _copy_answer(bucket, source, stored)


def _copied(call: OssCall, bucket: Bucket, source: copying.CopySource) -> ObjectVersion:
    """Return the copy with the attributes that the directives choose.

    An object copied onto itself in a plain bucket takes the request's metadata whatever the directive says.
    """
    wanted = checked_attributes(call, bucket)
    original = source.version
    onto_itself = source.bucket is bucket and original.key == key_of(call) and not bucket.versioning
    if _directive(call.request, "x-oss-metadata-directive") == "COPY" and not onto_itself:
        wanted = replace(wanted, headers=original.headers, user_meta=original.user_meta)
    if _directive(call.request, "x-oss-tagging-directive") == "COPY":
        wanted = replace(wanted, tagging=original.tagging)
    return wanted.apply_to(replace(original, key=key_of(call), replica=False, restored_until=None))


def _directive(request: Request, name: str) -> str:
    value = (request.header(name) or "COPY").upper()
    return word(name, value, _DIRECTIVES, f"The {name} you specified is invalid.")


def _copy_answer(bucket: Bucket, source: copying.CopySource, stored: ObjectVersion) -> Response:
    headers = written_headers(bucket, stored)
    source_id = objects.shown_version_id(source.bucket, source.version)
    if source_id is not None:
        headers["x-oss-copy-source-version-id"] = source_id
    root = xml.element(
        "CopyObjectResult",
        xml.text("ETag", f'"{stored.etag}"'),
        xml.text("LastModified", iso_milliseconds(stored.last_modified)),
    )
    return xml.response(root, headers=headers)


def put_symlink(call: OssCall) -> Response:
    """Make a symbolic link to a key of the same bucket, which need not exist (PutSymlink)."""
    bucket, key = bucket_of(call), key_of(call)
    raw = call.request.header("x-oss-symlink-target") or ""
    if not raw:
        raise invalid_argument("x-oss-symlink-target", raw, "The symlink target must not be empty.")
    target = unquote(raw)
    check_key(target)
    wanted = replace(checked_attributes(call, bucket), acl=_symlink_acl(call.request))
    objects.check_forbid_overwrite(bucket, key, call.request.header("x-oss-forbid-overwrite"))
    # A link has no content; its ETag is the digest of the target's name.
    link = replace(_with_body(key, b"", call), etag=digest.etag(target.encode()))
    version = replace(wanted.apply_to(link), object_type="Symlink", symlink_target=target)
    stored = objects.store(bucket, version, call.cloud.clock.now())
    return Response(headers={"ETag": f'"{stored.etag}"', **version_headers(bucket, stored)})


def _symlink_acl(request: Request) -> str:
    """Return the link's ACL; older clients send it under a header of its own."""
    own = request.header("x-oss-symlink-acl") or request.header("x-oss-object-acl")
    return object_acl(own or "default")


OPERATIONS = (
    OssOperation("PutObject", "object", "PUT", "oss:PutObject", put_object, write=True),
    OssOperation("CopyObject", "object", "PUT", "oss:PutObject", copy_object, write=True, headers=(copying.HEADER,)),
    OssOperation("AppendObject", "object", "POST", "oss:PutObject", append_object, write=True, params={"append": None}),
    OssOperation("PutSymlink", "object", "PUT", "oss:PutObject", put_symlink, write=True, params={"symlink": None}),
)
