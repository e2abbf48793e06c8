"""What the hooks read from the cloud, as plain immutable data: neither Airflow nor an SDK."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

PolicyType = Literal["Custom", "System"]
RuleStatus = Literal["starting", "doing", "closing"]


@dataclass(frozen=True)
class Identity:
    """Who a connection's credentials belong to (STS GetCallerIdentity).

    :param kind: ``Account``, ``RAMUser`` or ``AssumedRoleUser``.
    """

    account_uid: str
    arn: str
    kind: str


@dataclass(frozen=True)
class BucketInfo:
    """A bucket as GetBucketInfo describes it.

    :param region: region id without the ``oss-`` prefix.
    :param owner_uid: UID of the owning account.
    :param versioning: empty when it was never configured, else ``Enabled`` or ``Suspended``.
    :param encryption: default encryption algorithm (``AES256``, ``KMS``, ``SM4``), None for no default.
    :param kms_key_id: the default encryption's key, None for the service's default key.
    """

    name: str
    region: str
    owner_uid: str
    versioning: str
    acceleration: bool = False
    encryption: str | None = None
    kms_key_id: str | None = None


@dataclass(frozen=True)
class RuleSpec:
    """A replication rule as it is asked for.

    :param id: the rule's id; the service accepts one of the caller's choice, unique in the bucket.
    :param actions: ``("PUT",)`` or ``("ALL",)``.
    :param prefixes: empty for the whole bucket.
    :param transfer_type: ``internal`` or ``oss_acc``.
    """

    id: str
    destination_bucket: str
    destination_region: str
    actions: tuple[str, ...]
    prefixes: tuple[str, ...]
    historical_data: bool
    transfer_type: str
    role_name: str
    kms_key_arn: str | None = None
    rtc: bool = False


@dataclass(frozen=True)
class Rule:
    """A replication rule as the service lists it.

    :param role_name: None when the service hides it, which it does on rules without KMS settings.
    :param transfer_type: ``internal`` when the service leaves it out.
    :param rtc: ``enabled``, ``enabling`` or ``disabled``.
    """

    id: str
    status: RuleStatus
    destination_bucket: str
    destination_region: str
    actions: tuple[str, ...]
    prefixes: tuple[str, ...]
    historical_data: bool
    transfer_type: str = "internal"
    role_name: str | None = None
    kms_key_arn: str | None = None
    kms_enabled: bool = False
    rtc: str = "disabled"


@dataclass(frozen=True)
class Progress:
    """How far a rule has come (GetBucketReplicationProgress).

    :param history: fraction from 0 to 1; None while unknown or when history is not replicated.
    :param watermark: writes before this time have been copied; None while unknown.
    """

    status: RuleStatus
    historical_data: bool
    history: float | None
    watermark: datetime | None


@dataclass(frozen=True)
class ReplicationLocations:
    """Where a bucket can be replicated to, as region ids without ``oss-`` (GetBucketReplicationLocation).

    :param transfer_types: allowed transfer types of the locations that the service constrains.
    :param rtc: locations for which RTC is offered.
    """

    locations: frozenset[str]
    transfer_types: dict[str, frozenset[str]]
    rtc: frozenset[str]


@dataclass(frozen=True)
class RoleInfo:
    """A RAM role (GetRole).

    :param trust_policy: JSON text of the trust policy.
    """

    name: str
    arn: str
    description: str
    trust_policy: str
    max_session_seconds: int


@dataclass(frozen=True)
class PolicyInfo:
    """A RAM policy's default version (GetPolicy).

    :param document: JSON text.
    """

    name: str
    type: PolicyType
    description: str
    document: str
    version: str
    attachments: int


@dataclass(frozen=True)
class AttachedPolicy:
    """A policy attached to a role (ListPoliciesForRole)."""

    name: str
    type: PolicyType


@dataclass(frozen=True)
class AccountSummary:
    """How much of RAM an account uses, and how much it may use (GetAccountSummary).

    :param policies: custom policies.
    :param policies_per_role_quota: custom policies that one role may have; None when not told.
    :param policy_size_quota: characters of a policy document; None when not told.
    """

    roles: int
    roles_quota: int
    policies: int
    policies_quota: int
    policies_per_role_quota: int | None = None
    policy_size_quota: int | None = None


@dataclass(frozen=True)
class Retention:
    """A bucket's retention (WORM) policy (GetBucketWorm).

    :param state: ``InProgress`` while it can still be taken back, then ``Locked``; it protects objects in both.
    :param days: for how long an object can be neither overwritten nor deleted.
    """

    state: str
    days: int


@dataclass(frozen=True)
class ObjectSummary:
    """An object as a listing shows it.

    :param size: bytes.
    :param etag: without quotes.
    """

    key: str
    size: int
    etag: str
    last_modified: datetime
    storage_class: str
    object_type: str


@dataclass(frozen=True)
class ObjectHead:
    """An object's own headers (HeadObject).

    :param crc64: CRC-64 of the content in decimal, None when the service leaves it out.
    :param encryption: server-side encryption algorithm, None for plain objects.
    """

    key: str
    size: int
    etag: str
    crc64: str | None
    encryption: str | None
    kms_key_id: str | None
    last_modified: datetime


@dataclass(frozen=True)
class WrittenObject:
    """What the service answered to the writing of an object (PutObject).

    :param crc64: see :class:`ObjectHead`.
    :param version_id: None in a bucket without versioning.
    :param time: when, by the service's clock in whole seconds.
    """

    size: int
    etag: str
    crc64: str | None
    version_id: str | None
    time: datetime


@dataclass(frozen=True)
class VersionSummary:
    """A version of an object, or a delete marker (ListObjectVersions)."""

    key: str
    version_id: str
    last_modified: datetime
    delete_marker: bool = False


@dataclass(frozen=True)
class KeyInfo:
    """A KMS key (DescribeKey).

    :param state: ``Enabled``, ``Disabled``, ``PendingDeletion`` or ``PendingImport``.
    :param instance_id: the KMS instance the key is in; None for default keys, which have no key policy.
    """

    id: str
    arn: str
    state: str
    instance_id: str | None
    description: str


@dataclass(frozen=True)
class KmsInstanceInfo:
    """A KMS instance (GetKmsInstance).

    :param status: ``Connected`` when it can be used.
    :param access_quantity: how many accounts its keys can be shared with, itself included; None when not told. The
        answer calls it ``VpcNum``.
    """

    id: str
    status: str
    access_quantity: int | None
