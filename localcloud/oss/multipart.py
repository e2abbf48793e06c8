"""Multipart uploads of a bucket: their parts, and the object they become; no HTTP in here."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sortedcontainers import SortedDict

from localcloud.errors import OssError
from localcloud.oss import digest
from localcloud.oss.model import Bucket, ObjectVersion
from localcloud.oss.object_headers import Attributes

MAX_PART_NUMBER = 10_000
#: Smallest size of every part but the last, in bytes (CompleteMultipartUpload).
MIN_PART_BYTES = 100 * 1024


@dataclass(frozen=True)
class Part:
    """One uploaded part."""

    number: int
    body: bytes
    etag: str
    crc64: int
    last_modified: datetime


@dataclass
class Upload:
    """A multipart upload in progress.

    :param attributes: the attributes that the finished object will have.
    """

    id: str
    key: str
    initiated: datetime
    attributes: Attributes
    parts: SortedDict[int, Part] = field(default_factory=SortedDict)


@dataclass(frozen=True)
class PartReference:
    """A part as CompleteMultipartUpload names it; the ETag is without quotes."""

    number: int
    etag: str


def start(bucket: Bucket, key: str, attributes: Attributes, now: datetime) -> Upload:
    """Begin an upload."""
    upload = Upload(secrets.token_hex(16).upper(), key, now, attributes)
    bucket.uploads[upload.id] = upload
    return upload


def find(bucket: Bucket, key: str, upload_id: str) -> Upload:
    """Return an upload.

    :raises OssError: 404 NoSuchUpload, also when the upload is for another key.
    """
    upload = bucket.uploads.get(upload_id)
    if upload is None or upload.key != key:
        message = (
            "The specified upload does not exist. The upload ID may be invalid, "
            "or the upload may have been aborted or completed."
        )
        raise OssError(404, "NoSuchUpload", message, details={"UploadId": upload_id})
    return upload


def add_part(upload: Upload, number: int, body: bytes, now: datetime) -> Part:
    """Store a part; a part of the same number is replaced."""
    part = Part(number, body, digest.etag(body), digest.crc(body), now)
    upload.parts[number] = part
    return part


def chosen_parts(upload: Upload, references: Sequence[PartReference]) -> list[Part]:
    """Return the parts that the object is made of.

    :param references: what the request lists, in its order.
    :raises OssError: 400 InvalidPartOrder, InvalidPart or EntityTooSmall.
    """
    numbers = [reference.number for reference in references]
    if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
        message = "The list of parts was not in ascending order. Parts list must specified in order by part number."
        raise OssError(400, "InvalidPartOrder", message, details={"UploadId": upload.id})
    parts = [_part(upload, reference) for reference in references]
    _check_sizes(parts)
    return parts


def all_parts(upload: Upload) -> list[Part]:
    """Return every uploaded part in order (``x-oss-complete-all``).

    :raises OssError: 400 InvalidPart without any, EntityTooSmall.
    """
    parts = list(upload.parts.values())
    if not parts:
        raise _invalid_part(upload, 1)
    _check_sizes(parts)
    return parts


def assemble(upload: Upload, parts: Sequence[Part], now: datetime) -> ObjectVersion:
    """Return the finished object, which is not stored yet and has no version id."""
    body = b"".join(part.body for part in parts)
    version = ObjectVersion(
        key=upload.key,
        version_id="",
        last_modified=now,
        body=body,
        etag=digest.multipart_etag(part.etag for part in parts),
        crc64=digest.crc(body),
        object_type="Multipart",
    )
    return upload.attributes.apply_to(version)


def _part(upload: Upload, reference: PartReference) -> Part:
    part: Part | None = upload.parts.get(reference.number)
    if part is None or part.etag != reference.etag.upper():
        raise _invalid_part(upload, reference.number)
    return part


def _invalid_part(upload: Upload, number: int) -> OssError:
    message = (
        "One or more of the specified parts could not be found or "
        "the specified entity tag might not have matched the part's entity tag."
    )
    return OssError(400, "InvalidPart", message, details={"UploadId": upload.id, "PartNumber": str(number)})


def _check_sizes(parts: Sequence[Part]) -> None:
    for part in parts[:-1]:
        if len(part.body) < MIN_PART_BYTES:
            raise OssError(
                400,
                "EntityTooSmall",
                "Your proposed upload smaller than the minimum allowed size.",
                details={
                    "MinSizeAllowed": str(MIN_PART_BYTES),
                    "ProposedSize": str(len(part.body)),
                    "PartNumber": str(part.number),
                },
            )
