"""Carrying one change over to the destination bucket."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from localcloud.oss import digest
from localcloud.oss.model import Bucket, ChangeKind, Encryption, ObjectVersion
from localcloud.oss.objects import is_retained
from localcloud.oss.replication.encryption import NotReplicatedError, replica_encryption
from localcloud.oss.replication.faults import ReplicationFaults
from localcloud.oss.replication.keys import KeyAccess, KeyUse
from localcloud.oss.replication.model import ReplicationRule, Work
from localcloud.oss.replication.rights import DELETE, GET, PUT, RuleIdentity
from localcloud.oss.replication.selection import REMOVALS

#: Storage classes that replication does not touch, whether as object or, for appendable objects, as destination.
_COLD_CLASSES = ("ColdArchive", "DeepColdArchive")

#: Changes of an object that is there already.
_AMENDMENTS: tuple[ChangeKind, ...] = ("acl", "tagging", "metadata")


class Outcome(Enum):
    """What became of a piece of work."""

    COPIED = auto()
    #: There was nothing to do, or the service silently does not do this.
    SKIPPED = auto()
    #: A right or a key is missing; to be tried again.
    BLOCKED = auto()


@dataclass(frozen=True)
class Copier:
    """Does one rule's work with the rights it has now.

    :param storage_class: ``source`` or ``destination``: whose storage class a replica gets.
    """

    rule: ReplicationRule
    source: Bucket
    destination: Bucket
    identity: RuleIdentity
    keys: KeyAccess
    faults: ReplicationFaults
    storage_class: str
    now: datetime

    def do(self, work: Work) -> Outcome:
        """Carry one change over, as far as the rights reach."""
        if self._is_retained(work.key):
            return Outcome.SKIPPED
        if work.kind in REMOVALS:
            return self._remove(work)
        version = self.source.version(work.key, work.version_id)
        if version is None:
            return Outcome.SKIPPED
        if version.delete_marker:
            return self._mark_deleted(version)
        return self._copy(version, work.kind)

    def _remove(self, work: Work) -> Outcome:
        # A role that must not delete has no right to; what goes wrong there asks for none.
        unbound = self.faults.delivers_delete(self.rule)
        if not unbound and not self.identity.allows(DELETE, self.destination, work.key):
            return Outcome.BLOCKED
        if not self.faults.drops_delete(self.rule):
            self.destination.remove(work.key, work.version_id, work.kind, self.now, by_replication=True)
        return Outcome.COPIED

    def _mark_deleted(self, marker: ObjectVersion) -> Outcome:
        if not self.identity.allows(DELETE, self.destination, marker.key):
            return Outcome.BLOCKED
        if not self.faults.drops_delete(self.rule):
            self._store(replace(marker, replica=True), "delete_marker")
        return Outcome.COPIED

    def _copy(self, version: ObjectVersion, kind: ChangeKind) -> Outcome:
        existing = self.destination.version(version.key, version.version_id)
        if not self._is_copied(version, existing, kind):
            return Outcome.SKIPPED
        try:
            encryption = replica_encryption(version.encryption, self.destination.encryption, self.rule)
        except NotReplicatedError:
            return Outcome.SKIPPED
        if not (self._may_copy(version.key) and self._may_use_keys(version.encryption, encryption)):
            return Outcome.BLOCKED
        if not self.faults.loses(self.rule, version.key):
            self._store(self._replica(version, encryption), kind)
        return Outcome.COPIED

    def _is_copied(self, version: ObjectVersion, existing: ObjectVersion | None, kind: ChangeKind) -> bool:
        """Leave out what the service does not copy ("Cross-region replication overview")."""
        if version.storage_class in _COLD_CLASSES:
            return False
        if version.object_type == "Appendable" and self.destination.storage_class in _COLD_CLASSES:
            return False
        if existing is None:
            # An ACL or tags cannot be set on an object that was never copied.
            return kind not in _AMENDMENTS
        return not _differs_in_class_only(version, existing)

    def _may_copy(self, key: str) -> bool:
        return (
            self.identity.allows(GET, self.source, key)
            and self.identity.allows(GET, self.destination, key)
            and self.identity.allows(PUT, self.destination, key)
        )

    def _may_use_keys(self, source: Encryption | None, replica: Encryption | None) -> bool:
        uses: list[KeyUse] = []
        if source is not None and source.key_id is not None:
            uses.append(KeyUse("kms:Decrypt", source.key_id, self.source.owner_uid, self.source.region))
        if replica is not None and replica.key_id is not None:
            owner, region = self.destination.owner_uid, self.destination.region
            uses.append(KeyUse("kms:GenerateDataKey", replica.key_id, owner, region))
        return all(self.keys.allows(self.identity.cloud, self.identity.role, use) for use in uses)

    def _replica(self, version: ObjectVersion, encryption: Encryption | None) -> ObjectVersion:
        storage_class = version.storage_class if self.storage_class == "source" else self.destination.storage_class
        # Version id and Last-Modified stay as they are at the source.
        replica = replace(
            version, replica=True, encryption=encryption, storage_class=storage_class, restored_until=None
        )
        if self.faults.corrupts(self.rule, version.key):
            return _corrupted(replica)
        return self._stale(replica) if self.faults.keeps_old(self.rule, version.key) else replica

    def _stale(self, replica: ObjectVersion) -> ObjectVersion:
        """Return the replica with the body that the destination has under its key; unchanged where there is none."""
        old = self.destination.latest(replica.key)
        if old is None or old.delete_marker:
            return replica
        return replace(replica, body=old.body, etag=old.etag, crc64=old.crc64)

    def _store(self, replica: ObjectVersion, kind: ChangeKind) -> None:
        """Write a replica; a version that is there already keeps its place among the versions."""
        known = self.destination.version(replica.key, replica.version_id) is not None
        if known:
            self.destination.amend(replica, kind, self.now, by_replication=True)
        else:
            self.destination.write(replica, kind, self.now, by_replication=True)

    def _is_retained(self, key: str) -> bool:
        """Tell whether the destination's object is under retention, which keeps every change off it."""
        existing = self.destination.latest(key)
        return existing is not None and is_retained(self.destination, existing, self.now)


def _differs_in_class_only(version: ObjectVersion, existing: ObjectVersion) -> bool:
    """Tell whether an object was only moved to another storage class, which is not replicated."""
    if version.storage_class == existing.storage_class:
        return False
    return _content(version) == _content(existing)


def _content(version: ObjectVersion) -> tuple[object, ...]:
    return version.body, version.headers, version.user_meta, version.acl, version.tagging


def _corrupted(replica: ObjectVersion) -> ObjectVersion:
    """Return the replica with its first byte changed, or one byte added when it was empty."""
    body = bytes([replica.body[0] ^ 0xFF]) + replica.body[1:] if replica.body else b"\0"
    return replace(replica, body=body, etag=digest.etag(body), crc64=digest.crc(body))
