"""Between HTTP headers and an object's attributes, in both directions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from email.utils import format_datetime
from urllib.parse import parse_qsl

from localcloud.errors import OssError
from localcloud.http import Request
from localcloud.oss import digest
from localcloud.oss.arguments import STORAGE_CLASSES, invalid_argument, object_acl, word
from localcloud.oss.model import Bucket, Encryption, ObjectVersion
from localcloud.oss.objects import shown_version_id
from localcloud.oss.tagging import MAX_OBJECT_TAGS, checked_tags

#: Request headers that are kept with an object and sent back when it is read.
KEPT_HEADERS = (
    "content-type",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
)
DEFAULT_CONTENT_TYPE = "application/octet-stream"
_META = "x-oss-meta-"
_MAX_META_BYTES = 8 * 1024
_ALGORITHMS = ("AES256", "SM4", "KMS")


@dataclass(frozen=True)
class Attributes:
    """What a writing request says about the new object, apart from its content."""

    headers: dict[str, str]
    user_meta: dict[str, str]
    acl: str
    storage_class: str
    tagging: dict[str, str]
    encryption: Encryption | None

    def apply_to(self, version: ObjectVersion) -> ObjectVersion:
        """Return the version with these attributes."""
        return replace(
            version,
            headers=self.headers,
            user_meta=self.user_meta,
            acl=self.acl,
            storage_class=self.storage_class,
            tagging=self.tagging,
            encryption=self.encryption,
        )


def attributes(request: Request, bucket: Bucket) -> Attributes:
    """Read an object's attributes from a request, with the bucket's defaults.

    :raises OssError: 400 for values that the service refuses.
    """
    return Attributes(
        headers=kept_headers(request),
        user_meta=user_meta(request),
        acl=object_acl(request.header("x-oss-object-acl") or "default"),
        storage_class=storage_class(request, bucket.storage_class),
        tagging=tagging_header(request),
        encryption=requested_encryption(request) or bucket.encryption,
    )


def kept_headers(request: Request) -> dict[str, str]:
    """Return the standard headers to keep; an object always has a content type."""
    kept = {name: request.headers[name] for name in KEPT_HEADERS if request.header(name)}
    kept.setdefault("content-type", DEFAULT_CONTENT_TYPE)
    return kept


def user_meta(request: Request) -> dict[str, str]:
    """Return the ``x-oss-meta-*`` headers by name without the prefix.

    :raises OssError: 400 InvalidArgument beyond 8 KB in total (help: "Manage object metadata").
    """
    found = {name[len(_META) :]: value for name, value in request.headers.items() if name.startswith(_META)}
    size = sum(len(name) + len(value.encode("utf-8", "surrogateescape")) for name, value in found.items())
    if size > _MAX_META_BYTES:
        raise invalid_argument("x-oss-meta", str(size), "The total size of user metadata must not exceed 8 KB.")
    return found


def storage_class(request: Request, default: str) -> str:
    """Return the storage class asked for; 400 InvalidArgument when there is no such class."""
    value = request.header("x-oss-storage-class") or default
    return word("x-oss-storage-class", value, STORAGE_CLASSES, "No such object storage class exists.")


def requested_encryption(request: Request) -> Encryption | None:
    """Return the server-side encryption asked for, or None.

    :raises OssError: 400 InvalidEncryptionAlgorithmError or InvalidArgument.
    """
    algorithm = request.header("x-oss-server-side-encryption")
    key_id = request.header("x-oss-server-side-encryption-key-id")
    if algorithm is None:
        return None
    return encryption(algorithm, key_id, request.header("x-oss-server-side-data-encryption"))


def encryption(algorithm: str, key_id: str | None, data_algorithm: str | None) -> Encryption:
    """Return a checked encryption setting (PutBucketEncryption: "Error codes").

    :raises OssError: 400 InvalidEncryptionAlgorithmError or InvalidArgument.
    """
    if algorithm not in _ALGORITHMS:
        message = "The Encryption request you specified is not valid. Supported value: AES256/SM4/KMS."
        raise OssError(400, "InvalidEncryptionAlgorithmError", message)
    if key_id and algorithm != "KMS":
        message = "KMSMasterKeyID is not applicable if the default sse algorithm is not KMS"
        raise invalid_argument("KMSMasterKeyID", key_id, message)
    return Encryption(algorithm, key_id or None, data_algorithm or None)


def tagging_header(request: Request) -> dict[str, str]:
    """Return the tags of ``x-oss-tagging``, which holds them URL-encoded; a tag without ``=`` has an empty value.

    :raises OssError: 400 InvalidArgument or InvalidTaggingKey.
    """
    raw = request.header("x-oss-tagging") or ""
    pairs = parse_qsl(raw, keep_blank_values=True)
    if len(dict(pairs)) != len(pairs) or len(pairs) > MAX_OBJECT_TAGS:
        message = (
            "The header 'x-oss-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters "
            "without tag name duplicates."
        )
        raise invalid_argument("x-oss-tagging", raw, message)
    return checked_tags(pairs, MAX_OBJECT_TAGS)


def http_date(version: ObjectVersion) -> str:
    """Return an object's time as the Last-Modified header carries it."""
    return format_datetime(version.last_modified, usegmt=True)


def version_headers(bucket: Bucket, version: ObjectVersion) -> dict[str, str]:
    """Return ``x-oss-version-id``, in a bucket that has or had versioning."""
    shown = shown_version_id(bucket, version)
    return {} if shown is None else {"x-oss-version-id": shown}


def encryption_headers(setting: Encryption | None) -> dict[str, str]:
    """Return the headers that tell how an object is encrypted."""
    if setting is None:
        return {}
    prefix = "x-oss-server-side"
    headers = {f"{prefix}-encryption": setting.algorithm}
    if setting.key_id:
        headers[f"{prefix}-encryption-key-id"] = setting.key_id
    if setting.data_algorithm:
        headers[f"{prefix}-data-encryption"] = setting.data_algorithm
    return headers


def written_headers(bucket: Bucket, version: ObjectVersion) -> dict[str, str]:
    """Return the headers of an answer to a request that wrote an object."""
    return {
        "ETag": f'"{version.etag}"',
        "x-oss-hash-crc64ecma": str(version.crc64),
        **version_headers(bucket, version),
        **encryption_headers(version.encryption),
    }


def read_headers(bucket: Bucket, version: ObjectVersion) -> dict[str, str]:
    """Return the headers of an answer to GetObject or HeadObject."""
    headers = {
        "Accept-Ranges": "bytes",
        "Last-Modified": http_date(version),
        "x-oss-object-type": version.object_type,
        "x-oss-storage-class": version.storage_class,
        **written_headers(bucket, version),
        **_special_headers(version),
    }
    headers |= {name.title(): value for name, value in version.headers.items()}
    headers |= {_META + name: value for name, value in version.user_meta.items()}
    return headers


def _special_headers(version: ObjectVersion) -> dict[str, str]:
    """Return the headers that only some objects have."""
    headers = {}
    if version.object_type == "Normal":
        headers["Content-MD5"] = digest.content_md5(version.etag)
    if version.object_type == "Appendable":
        headers["x-oss-next-append-position"] = str(version.size)
    if version.tagging:
        headers["x-oss-tagging-count"] = str(len(version.tagging))
    if version.restored_until is not None:
        expiry = format_datetime(version.restored_until, usegmt=True)
        headers["x-oss-restore"] = f'ongoing-request="false", expiry-date="{expiry}"'
    return headers
