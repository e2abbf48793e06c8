"""Making and removing object versions as the bucket's versioning state wants it; no HTTP in here."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from localcloud.errors import OssError
from localcloud.oss.model import NULL_VERSION, Bucket, ObjectVersion

#: Storage classes that cannot be read before they are restored.
FROZEN_CLASSES = ("Archive", "ColdArchive", "DeepColdArchive")


def new_version_id() -> str:
    """Return a version id of the service's form: an opaque text beginning with CAEQ."""
    return "CAEQ" + base64.urlsafe_b64encode(secrets.token_bytes(45)).decode()


def store(bucket: Bucket, version: ObjectVersion, now: datetime) -> ObjectVersion:
    """Write a new current version of an object.

    :param version: everything but its id and its time, which are given here.
    :returns: the version as it was written.
    :raises OssError: 409 FileImmutable when the object that it overwrites is retained.
    """
    _check_overwrite(bucket, version.key, now)
    stored = replace(version, version_id=_next_version_id(bucket), last_modified=now)
    bucket.write(stored, "put", now)
    return stored


def check_forbid_overwrite(bucket: Bucket, key: str, header: str | None) -> None:
    """Honour ``x-oss-forbid-overwrite``, which has no effect in a bucket with versioning (PutObject).

    :param header: the header's value, or None.
    :raises OssError: 409 FileAlreadyExists.
    """
    if (header or "").lower() == "true" and not bucket.versioning and bucket.latest(key) is not None:
        raise OssError(
            409,
            "FileAlreadyExists",
            "The object you specified already exists and can not be overwritten.",
            details={"ObjectName": key},
        )


@dataclass(frozen=True)
class Deletion:
    """What a deletion did, as the answer tells it.

    :param version_id: the version removed for good, or the delete marker made; None in a plain bucket.
    :param is_marker: whether ``version_id`` is a delete marker.
    """

    version_id: str | None = None
    is_marker: bool = False


def delete(bucket: Bucket, key: str, version_id: str | None, now: datetime) -> Deletion:
    """Delete an object or one version of it; deleting what is not there succeeds.

    :param version_id: None deletes the current object: for good in a plain bucket, by a delete marker otherwise.
    :raises OssError: 409 FileImmutable when it is retained.
    """
    if version_id is not None:
        return _delete_version(bucket, key, version_id, now)
    if bucket.versioning:
        return _add_delete_marker(bucket, key, now)
    check_mutable(bucket, bucket.latest(key), now)
    bucket.remove(key, NULL_VERSION, "delete", now)
    return Deletion()


def check_mutable(bucket: Bucket, version: ObjectVersion | None, now: datetime) -> None:
    """Refuse to change a version that is within the bucket's retention period.

    :raises OssError: 409 FileImmutable.
    """
    if version is not None and is_retained(bucket, version, now):
        raise OssError(
            409, "FileImmutable", "The object you specified is immutable.", details={"ObjectName": version.key}
        )


def is_retained(bucket: Bucket, version: ObjectVersion, now: datetime) -> bool:
    """Tell whether a version is within the bucket's retention period."""
    return bucket.worm_days is not None and now < version.last_modified + timedelta(days=bucket.worm_days)


def is_frozen(version: ObjectVersion, now: datetime) -> bool:
    """Tell whether an archived object must be restored before it can be read."""
    restored = version.restored_until is not None and now < version.restored_until
    return version.storage_class in FROZEN_CLASSES and not restored


def shown_version_id(bucket: Bucket, version: ObjectVersion) -> str | None:
    """Return the id for ``x-oss-version-id``; None in a bucket that never had versioning, which shows no ids."""
    return version.version_id if bucket.versioning else None


def _check_overwrite(bucket: Bucket, key: str, now: datetime) -> None:
    if bucket.versioning != "Enabled":
        check_mutable(bucket, bucket.version(key, NULL_VERSION), now)


def _next_version_id(bucket: Bucket) -> str:
    return new_version_id() if bucket.versioning == "Enabled" else NULL_VERSION


def _add_delete_marker(bucket: Bucket, key: str, now: datetime) -> Deletion:
    _check_overwrite(bucket, key, now)
    marker = ObjectVersion(key, _next_version_id(bucket), now, delete_marker=True)
    bucket.write(marker, "delete_marker", now)
    return Deletion(marker.version_id, is_marker=True)


def _delete_version(bucket: Bucket, key: str, version_id: str, now: datetime) -> Deletion:
    check_mutable(bucket, bucket.version(key, version_id), now)
    removed = bucket.remove(key, version_id, "delete_version" if bucket.versioning else "delete", now)
    return Deletion(version_id, is_marker=removed is not None and removed.delete_marker)
