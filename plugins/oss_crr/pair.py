"""A bucket pair: the validated description of one replication, and what preflight adds to it.

Neither Airflow nor an SDK is imported here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from oss_crr.errors import InputError
from oss_crr.fields import CONNECTIONS, KEY_ARN, is_blank, read_field
from oss_crr.regions import TransferType, offers_rtc, required_transfer_type

ReplicationPolicy = Literal["add_change", "add_delete_change"]


@dataclass(frozen=True)
class BucketPair:
    """One source bucket, one destination bucket, and how to replicate from one to the other.

    The fields are those of the trigger form and of ``include/fleet.yaml``; ``docs/fields.md`` explains each.
    Use :func:`parse_pair` to make one from what a user wrote.
    """

    source_bucket: str
    source_region: str
    destination_bucket: str
    destination_region: str
    source_conn_id: str = "oss_source"
    destination_conn_id: str = "oss_destination"
    source_uid: str = ""
    destination_uid: str = ""
    prefixes: tuple[str, ...] = ()
    replication_policy: ReplicationPolicy = "add_change"
    replicate_historical_data: bool = True
    role_name: str = ""
    role_permissions: Literal["minimal", "AliyunOSSFullAccess"] = "minimal"
    transfer_type: Literal["auto", "internal", "oss_acc"] = "auto"
    rtc: bool = False
    replicate_kms_objects: bool = False
    kms_key_arn: str = ""
    kms_instance_id: str = ""
    kms_permissions: Literal["minimal", "AliyunKMSCryptoUserAccess", "AliyunKMSFullAccess"] = "minimal"
    on_rule_mismatch: Literal["fail", "replace"] = "fail"
    label: str = ""

    @property
    def name(self) -> str:
        """Return how logs and reports call the pair: by its name in the inventory, if it has one."""
        return self.label or f"{self.source_bucket} → {self.destination_bucket}"

    @property
    def role(self) -> str:
        """Return the role's name: the one given, or one derived from the pair.

        A derived name is stable, lower case (OSS compares the principal of a bucket policy with the lower-cased role
        name), and short, so that two hundred principals fit in one bucket policy.
        """
        return self.role_name or f"oss-crr-{self.source_bucket[:10].rstrip('-')}-{self._digest(10)}"

    @property
    def rule_id(self) -> str:
        """Return what the id of this product's rule for the pair begins with; see :mod:`oss_crr.provenance`."""
        return f"oss-crr-{self._digest(24)}"

    @property
    def manages_source(self) -> bool:
        """Tell whether there is a connection to the source account; its owner does that side otherwise."""
        return bool(self.source_conn_id)

    @property
    def manages_destination(self) -> bool:
        """Tell whether there is a connection to the destination account; its owner does that side otherwise."""
        return bool(self.destination_conn_id)

    @property
    def replicates_deletes(self) -> bool:
        """Tell whether deletions at the source are to be repeated at the destination."""
        return self.replication_policy == "add_delete_change"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON data, the form that travels between tasks."""
        return {**asdict(self), "prefixes": list(self.prefixes)}

    def _digest(self, length: int) -> str:
        identity = f"{self.source_bucket}/{self.destination_bucket}"
        return hashlib.sha256(identity.encode()).hexdigest()[:length]


@dataclass(frozen=True)
class ResolvedPair:
    """A pair with what only the cloud could tell, as preflight found it.

    :param source_uid: UID of the account that owns the source bucket.
    :param destination_uid: UID of the account that owns the destination bucket.
    :param versioned: whether versioning is enabled on both buckets.
    :param transfer_type: the transfer type to use, ``auto`` resolved.
    :param kms_key_arn: the key that replicas are encrypted with; empty while it does not exist, and without KMS.
    :param accelerated: whether transfer acceleration of the destination bucket is on already.
    :param rule_suffix: what the rule's id tells teardown, see :mod:`oss_crr.provenance`.
    """

    pair: BucketPair
    source_uid: str
    destination_uid: str
    versioned: bool
    transfer_type: TransferType
    kms_key_arn: str = ""
    accelerated: bool = False
    rule_suffix: str = ""

    @property
    def name(self) -> str:
        """Return how logs and reports call the pair."""
        return self.pair.name

    def with_key(self, arn: str | None) -> ResolvedPair:
        """Return the pair with the key to use; unchanged while there is none."""
        return replace(self, kms_key_arn=arn) if arn else self

    @property
    def replicates_kms_objects(self) -> bool:
        """Tell whether KMS-encrypted objects are replicated."""
        return self.pair.replicate_kms_objects

    @property
    def needs_delete_right(self) -> bool:
        """Tell whether the role must be able to delete at the destination.

        Delete markers of versioned buckets travel under both replication policies (vendor page
        "CRR in specific scenarios"), everything else only when deletes are asked for.
        """
        return self.pair.replicates_deletes or self.versioned

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON data."""
        return {**asdict(self), "pair": self.pair.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ResolvedPair:
        """Rebuild from :meth:`to_dict`."""
        return cls(**{**data, "pair": parse_pair(data["pair"])})


_FIELDS = {field.name for field in fields(BucketPair)}
_REQUIRED = ("source_bucket", "source_region", "destination_bucket", "destination_region")

Problems = list[tuple[str, str]]


def parse_pair(values: Mapping[str, object]) -> BucketPair:
    """Check what a user wrote and make a :class:`BucketPair` of it.

    :param values: field values; None and blank text count as not given, except that a connection id given like that
        means that there is no connection to that account.
    :raises InputError: naming every field that is unknown, missing, of the wrong type, or contradicts another one.
    """
    given = {key: value for key, value in values.items() if not is_blank(value) or key in CONNECTIONS}
    problems: Problems = [(key, _unknown(key)) for key in sorted(set(given) - _FIELDS)]
    problems += [(key, "is required") for key in _REQUIRED if key not in given]
    clean: dict[str, Any] = {}
    for key in sorted(set(given) & _FIELDS):
        try:
            clean[key] = read_field(key, given[key])
        except ValueError as error:
            problems.append((key, str(error)))
    if problems:
        raise InputError(*problems)
    pair = BucketPair(**clean)
    problems = _contradictions(pair)
    if problems:
        raise InputError(*problems)
    return pair


def _unknown(key: str) -> str:
    return f"unknown field {key!r}; known are {', '.join(sorted(_FIELDS))}"


def _contradictions(pair: BucketPair) -> Problems:
    """Find fields that are right on their own but not together."""
    problems: Problems = []
    if pair.source_bucket == pair.destination_bucket:
        problems.append(("destination_bucket", "is the source bucket; replication needs two buckets"))
    if pair.source_region == pair.destination_region:
        problems.append(("destination_region", "is the source region; cross-region replication needs two regions"))
    if pair.source_conn_id == pair.destination_conn_id != "":
        problems.append(("destination_conn_id", "is the source connection; replication across accounts needs two"))
    problems += [
        ("prefixes", f"{prefix!r} contains the bucket's name; OSS refuses that, give the path within the bucket")
        for prefix in pair.prefixes
        if prefix.startswith((f"{pair.source_bucket}/", f"oss://{pair.source_bucket}"))
    ]
    return problems + _side_contradictions(pair) + _transfer_contradictions(pair) + _kms_contradictions(pair)


def _side_contradictions(pair: BucketPair) -> Problems:
    """Without a connection to an account, what the other side has to know of it must be given."""
    if not pair.manages_source and not pair.manages_destination:
        return [("source_conn_id", "give at least one of the two connections")]
    required: list[tuple[str, str]] = []
    if not pair.manages_destination:
        required = [("destination_uid", "is required without destination_conn_id: the grant names the account")]
    if not pair.manages_source:
        why = "is required without source_conn_id: the grant names account and role"
        required = [("source_uid", why), ("role_name", why)]
    problems = [(field, why) for field, why in required if not getattr(pair, field)]
    if not pair.manages_destination and pair.kms_instance_id:
        problem = "needs destination_conn_id: have the destination's owner make a key, and give kms_key_arn"
        problems.append(("kms_instance_id", problem))
    return problems


def _transfer_contradictions(pair: BucketPair) -> Problems:
    required = required_transfer_type(pair.source_region, pair.destination_region)
    regions = f"{pair.source_region} → {pair.destination_region}"
    problems: Problems = []
    if pair.transfer_type not in ("auto", required):
        problems.append(("transfer_type", f"{regions} requires {required!r}; leave it at 'auto'"))
    if pair.rtc and not offers_rtc(pair.source_region, pair.destination_region):
        problems.append(("rtc", f"replication time control is not offered for {regions}"))
    return problems


def _kms_contradictions(pair: BucketPair) -> Problems:
    if not pair.replicate_kms_objects:
        without_effect = [field for field in ("kms_key_arn", "kms_instance_id") if getattr(pair, field)]
        without_effect += ["kms_permissions"] if pair.kms_permissions != "minimal" else []
        return [(field, "has no effect without replicate_kms_objects: switch that on") for field in without_effect]
    if bool(pair.kms_key_arn) == bool(pair.kms_instance_id):
        return [("kms_key_arn", "give either this or kms_instance_id: replicas need one key at the destination")]
    found = KEY_ARN.fullmatch(pair.kms_key_arn)
    if found and found[1] != pair.destination_region:
        problem = f"the key is in {found[1]}; replicas need one in the destination region {pair.destination_region}"
        return [("kms_key_arn", problem)]
    return []
