"""The source of a copy: which object it is, whether it may be read, and whether its conditions hold."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote_plus

from localcloud.errors import OssError
from localcloud.http import Response
from localcloud.operation import OssCall
from localcloud.oss import conditions
from localcloud.oss.arguments import invalid_argument
from localcloud.oss.authorize import authorize
from localcloud.oss.lookup import find_bucket, find_version
from localcloud.oss.model import Bucket, ObjectVersion
from localcloud.oss.objects import is_frozen
from localcloud.oss.sse_kms import check_decryptable

HEADER = "x-oss-copy-source"


@dataclass(frozen=True)
class CopySource:
    """The object that a copy reads."""

    bucket: Bucket
    version: ObjectVersion

    def not_modified(self, call: OssCall) -> Response | None:
        """Return the 304 answer when the request's conditions want one.

        :raises OssError: 412 PreconditionFailed.
        """
        if conditions.is_unmodified(call.request.headers, self.version, conditions.COPY_SOURCE):
            return Response(304)
        return None


def copy_source(call: OssCall) -> CopySource:
    """Find the source that ``x-oss-copy-source`` names, and check the caller's right to read it.

    :raises OssError: 400 InvalidArgument, 403 AccessDenied or InvalidObjectState, 404.
    """
    bucket_name, key, version_id = parse_source(call.request.header(HEADER) or "")
    bucket = find_bucket(call.cloud, bucket_name)
    authorize(call, "oss:GetObject" if version_id is None else "oss:GetObjectVersion", bucket, key)
    own = call.bucket_name or ""
    if find_bucket(call.cloud, own).region != bucket.region:
        message = "Target object does not reside in the same data center as source object."
        raise OssError(403, "AccessDenied", message, details={"BucketName": bucket_name})
    version = find_version(bucket, key, version_id)
    check_readable(call, version)
    return CopySource(bucket, version)


def parse_source(header: str) -> tuple[str, str, str | None]:
    """Split ``/bucket/key?versionId=id``, whose parts are URL-encoded; the first slash may be missing.

    The Go SDK encodes the key like a form, with a plus sign for a space.

    :returns: bucket name, key, and version id or None.
    :raises OssError: 400 InvalidArgument.
    """
    path, _, query = header.partition("?")
    bucket_name, _, key = unquote_plus(path).removeprefix("/").partition("/")
    if not bucket_name or not key:
        raise invalid_argument(
            HEADER, header, "Copy Source must mention the source bucket and key: /sourcebucket/sourcekey."
        )
    version_ids = parse_qs(query).get("versionId")
    return bucket_name, key, version_ids[0] if version_ids else None


def check_readable(call: OssCall, version: ObjectVersion) -> None:
    """Refuse to read an archived object that was not restored, or one whose KMS key the caller may not use.

    :raises OssError: 403 InvalidObjectState or AccessDenied; 409 for a key that is not enabled.
    """
    if is_frozen(version, call.cloud.clock.now()):
        raise OssError(
            403,
            "InvalidObjectState",
            "The operation is not valid for the object's state",
            details={"ObjectName": version.key},
        )
    check_decryptable(call, version.encryption)
