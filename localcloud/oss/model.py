"""Buckets, objects and their changes: OSS state without any HTTP in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sortedcontainers import SortedDict

from localcloud.propagation import Propagating

if TYPE_CHECKING:
    from localcloud.oss.multipart import Upload
    from localcloud.oss.replication.model import ReplicationRule

#: Version id of objects in buckets that never had versioning.
NULL_VERSION = "null"

ObjectType = Literal["Normal", "Multipart", "Appendable", "Symlink"]
VersioningState = Literal["", "Enabled", "Suspended"]
ChangeKind = Literal["put", "delete_marker", "delete", "delete_version", "acl", "tagging", "metadata"]


@dataclass(frozen=True)
class Encryption:
    """Server-side encryption of an object or a bucket's default.

    :param algorithm: ``AES256``, ``SM4`` or ``KMS``.
    :param key_id: the customer key's id; None means the service's default key.
    """

    algorithm: str
    key_id: str | None = None
    data_algorithm: str | None = None


@dataclass(frozen=True)
class ObjectVersion:
    """One version of one object; immutable, a change makes a new one with :func:`dataclasses.replace`.

    :param crc64: CRC-64/XZ of the body.
    :param headers: standard response headers kept with the object (``content-type``, ``cache-control``...), lower case.
    :param user_meta: ``x-oss-meta-*`` values by name without the prefix, lower case.
    :param replica: whether replication wrote it; replicas are never replicated onward.
    :param symlink_target: key that a symbolic link points to, in the same bucket; None for everything else.
    :param restored_until: end of the time an archived object is readable; None when it was never restored.
    """

    key: str
    version_id: str
    last_modified: datetime
    body: bytes = b""
    etag: str = ""
    crc64: int = 0
    delete_marker: bool = False
    object_type: ObjectType = "Normal"
    storage_class: str = "Standard"
    headers: dict[str, str] = field(default_factory=dict)
    user_meta: dict[str, str] = field(default_factory=dict)
    acl: str = "default"
    tagging: dict[str, str] = field(default_factory=dict)
    encryption: Encryption | None = None
    replica: bool = False
    symlink_target: str | None = None
    restored_until: datetime | None = None

    @property
    def size(self) -> int:
        """Return the body's length in bytes."""
        return len(self.body)


@dataclass(frozen=True)
class Change:
    """One change to a bucket's content, as replication sees it.

    :param version: the version written; for deletions the version that was removed or the new delete marker.
    :param by_replication: whether the replication engine made the change.
    """

    kind: ChangeKind
    key: str
    version: ObjectVersion
    time: datetime
    by_replication: bool


@dataclass(frozen=True)
class Retention:
    """A retention (WORM) policy of a bucket; it protects objects from the start, and for good once it is locked."""

    id: str
    days: int
    created: datetime
    locked: bool = False


@dataclass
class Bucket:
    """A bucket and everything in it.

    ``keys`` maps each key to its versions, newest first. In a bucket without versioning the list has one entry with
    the version id ``null``.
    """

    name: str
    owner_uid: str
    region: str
    created: datetime
    acl: str = "private"
    storage_class: str = "Standard"
    redundancy: str = "LRS"
    versioning: VersioningState = ""
    #: Policy text byte for byte as it was put.
    policy: Propagating[str | None] = field(default_factory=lambda: Propagating[str | None](None))
    encryption: Encryption | None = None
    #: None means never configured (404 on read).
    acceleration: bool | None = None
    tagging: dict[str, str] = field(default_factory=dict)
    #: Retention in days that protects this bucket's objects; None means none.
    worm_days: int | None = None
    #: The retention policy that ``worm_days`` comes from, when it was made through the API.
    retention: Retention | None = None
    #: Lifecycle rules as they were put, in XML; None means never configured.
    lifecycle: bytes | None = None
    #: Multipart uploads in progress, by upload id.
    uploads: dict[str, Upload] = field(default_factory=dict)
    keys: SortedDict[str, list[ObjectVersion]] = field(default_factory=SortedDict)
    #: Rules of which this bucket is the source, by rule id.
    rules: dict[str, ReplicationRule] = field(default_factory=dict)
    #: Called after each change; the replication engine listens here. Not part of the saved state.
    listeners: list[Callable[[Bucket, Change], None]] = field(default_factory=list, repr=False)

    def __getstate__(self) -> dict[str, object]:
        """Return what is saved of a bucket."""
        return {**vars(self), "listeners": []}

    def latest(self, key: str) -> ObjectVersion | None:
        """Return the newest version of a key, which may be a delete marker; None if the key is unknown."""
        versions = self.keys.get(key)
        return versions[0] if versions else None

    def version(self, key: str, version_id: str) -> ObjectVersion | None:
        """Return one version of a key, or None."""
        return next((v for v in self.keys.get(key, ()) if v.version_id == version_id), None)

    def iterate(self, prefix: str = "", after: str | None = None) -> Iterator[tuple[str, list[ObjectVersion]]]:
        """Yield keys with their versions in UTF-8 order, beginning behind ``after`` (exclusive)."""
        start = max(prefix, after) if after else prefix
        for key in self.keys.irange(minimum=start or None):
            if not key.startswith(prefix):
                if key > prefix:
                    return
                continue
            if after is None or key > after:
                yield key, self.keys[key]

    def write(self, version: ObjectVersion, kind: ChangeKind, now: datetime, *, by_replication: bool = False) -> None:
        """Make ``version`` the newest one of its key, replacing a version with the same id, and tell the listeners."""
        versions = [v for v in self.keys.get(version.key, ()) if v.version_id != version.version_id]
        self.keys[version.key] = [version, *versions]
        self._notify(Change(kind, version.key, version, now, by_replication))

    def amend(self, version: ObjectVersion, kind: ChangeKind, now: datetime, *, by_replication: bool = False) -> None:
        """Replace the version of the same id in place (ACL, tags, metadata), and tell the listeners."""
        versions = self.keys[version.key]
        versions[[v.version_id for v in versions].index(version.version_id)] = version
        self._notify(Change(kind, version.key, version, now, by_replication))

    def remove(
        self, key: str, version_id: str, kind: ChangeKind, now: datetime, *, by_replication: bool = False
    ) -> ObjectVersion | None:
        """Remove one version for good, and tell the listeners. Returns it, or None when it was not there."""
        removed = self.version(key, version_id)
        if removed is None:
            return None
        left = [v for v in self.keys[key] if v.version_id != version_id]
        if left:
            self.keys[key] = left
        else:
            del self.keys[key]
        self._notify(Change(kind, key, removed, now, by_replication))
        return removed

    def _notify(self, change: Change) -> None:
        for listener in list(self.listeners):
            listener(self, change)
