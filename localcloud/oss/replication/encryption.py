"""How a replica is encrypted, and which objects are not copied because of it.

The table of "CRR in specific scenarios", row by row; "CMK" is a customer's own key, named by its id.
"""

from __future__ import annotations

from localcloud.oss.model import Encryption
from localcloud.oss.replication.model import ReplicationRule


class NotReplicatedError(Exception):
    """The rule's KMS switch does not allow to copy this object; the service skips it silently."""


def replica_encryption(
    source: Encryption | None, destination: Encryption | None, rule: ReplicationRule
) -> Encryption | None:
    """Return the encryption that a replica gets.

    :param source: encryption of the source object; None means plain.
    :param destination: default encryption of the destination bucket; None means none.
    :returns: None for a plain replica.
    :raises NotReplicatedError: when a customer's key is involved and the rule does not replicate SSE-KMS objects.
    """
    if source is None:
        return _of_plain_object(destination, rule)
    if not _has_own_key(source):
        return source
    if not rule.kms_enabled:
        raise NotReplicatedError
    return Encryption("KMS", rule.kms_key_id, source.data_algorithm)


def _of_plain_object(destination: Encryption | None, rule: ReplicationRule) -> Encryption | None:
    """Return the bucket's default: the table names the bucket's key here, not the rule's."""
    if destination is not None and _has_own_key(destination) and not rule.kms_enabled:
        raise NotReplicatedError
    return destination


def _has_own_key(encryption: Encryption) -> bool:
    return encryption.algorithm == "KMS" and encryption.key_id is not None
