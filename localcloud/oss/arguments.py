"""Checking of single request values: names, numbers, words, digests."""

from __future__ import annotations

import re
from collections.abc import Collection

from localcloud.errors import OssError
from localcloud.formats import whole_number
from localcloud.http import Request
from localcloud.oss import digest

BUCKET_ACLS = ("private", "public-read", "public-read-write")
OBJECT_ACLS = ("default", *BUCKET_ACLS)
STORAGE_CLASSES = ("Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive")

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_MAX_KEY_BYTES = 1023


def invalid_argument(name: str, value: str, message: str) -> OssError:
    """Return 400 InvalidArgument with the argument's name and value, as the service writes it."""
    return OssError(400, "InvalidArgument", message, details={"ArgumentName": name, "ArgumentValue": value})


def check_bucket_name(name: str) -> None:
    """Refuse a name that no bucket may have (help: "Bucket naming conventions").

    :raises OssError: 400 InvalidBucketName.
    """
    if not _BUCKET_NAME.fullmatch(name):
        raise OssError(400, "InvalidBucketName", "The specified bucket is not valid.", details={"BucketName": name})


def check_key(key: str) -> None:
    r"""Refuse a key that is not 1 to 1,023 bytes of UTF-8, or begins with ``/`` or ``\``.

    Bytes that were not UTF-8 on the wire arrive here as lone surrogates, which cannot be encoded.

    :raises OssError: 400 InvalidObjectName.
    """
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise _invalid_key(key) from None
    if size > _MAX_KEY_BYTES:
        raise _invalid_key(key, "The Length of Object name must be less than 1024.")
    if not key or key[0] in "/\\":
        raise _invalid_key(key)


def _invalid_key(key: str, message: str = "The specified object is not valid.") -> OssError:
    shown = key.encode(errors="replace").decode()
    return OssError(400, "InvalidObjectName", message, details={"ObjectName": shown})


def integer(request: Request, name: str, default: int | None, lowest: int, highest: int) -> int:
    """Return a query parameter that is a whole number in a range.

    :param default: used when the parameter is absent or empty; None when it must be there.
    :raises OssError: 400 InvalidArgument.
    """
    raw = request.param(name) or ""
    if not raw and default is not None:
        return default
    value = whole_number(raw)
    if value is None or not lowest <= value <= highest:
        raise invalid_argument(name, raw, f"Argument {name} must be an integer between {lowest} and {highest}.")
    return value


def word(name: str, value: str, allowed: Collection[str], message: str) -> str:
    """Return ``value`` when it is one of the allowed words.

    :raises OssError: 400 InvalidArgument with ``message``.
    """
    if value not in allowed:
        raise invalid_argument(name, value, message)
    return value


def bucket_acl(value: str) -> str:
    """Return a bucket ACL from ``x-oss-acl``; 400 InvalidArgument when there is no such ACL."""
    return word("x-oss-acl", value, BUCKET_ACLS, "no such bucket access control exists")


def object_acl(value: str) -> str:
    """Return an object ACL from ``x-oss-object-acl``; 400 InvalidArgument when there is no such ACL."""
    return word("x-oss-object-acl", value, OBJECT_ACLS, "no such object access control exists")


def check_digests(request: Request, *, md5_needed: bool = False) -> None:
    """Compare ``Content-MD5`` and ``x-oss-hash-crc64ecma``, where given, with the body.

    :param md5_needed: whether ``Content-MD5`` must be there (DeleteMultipleObjects).
    :raises OssError: 400 MissingArgument, InvalidDigest or InvalidCRC64.
    """
    md5, crc = request.header("content-md5"), request.header("x-oss-hash-crc64ecma")
    if md5_needed and md5 is None:
        details = {"ArgumentName": "Content-MD5"}
        raise OssError(400, "MissingArgument", "Missing Some Required Arguments.", details=details)
    if md5 is not None and md5.strip() != digest.content_md5(digest.etag(request.body)):
        raise OssError(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
    if crc is not None and crc.strip() != str(digest.crc(request.body)):
        message = "The x-oss-hash-crc64ecma you specified does not match what we calculated."
        raise OssError(400, "InvalidCRC64", message)
