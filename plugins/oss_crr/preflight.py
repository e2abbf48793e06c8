"""Checks over what was read before the first write. Pure: the reading is done elsewhere, nothing is written at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from oss_crr import policy, regions
from oss_crr.errors import OssCrrError, PolicyError, TransientError
from oss_crr.model import BucketInfo, Identity, ReplicationLocations
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.regions import TransferType
from oss_crr.resources.base import Change

Status = Literal["ok", "warning", "blocks"]


@dataclass(frozen=True)
class Check:
    """The result of one check.

    :param name: what was checked.
    :param found: what was found.
    :param action: what to do about it; empty when all is well.
    :param retryable: whether looking again may give another result.
    """

    name: str
    status: Status
    found: str
    action: str = ""
    retryable: bool = False

    @property
    def blocks(self) -> bool:
        """Tell whether nothing may be written while the check stands like this."""
        return self.status == "blocks"

    @property
    def text(self) -> str:
        """Return what was found and what to do about it."""
        return f"{self.found} → {self.action}" if self.action else self.found

    def to_dict(self) -> dict[str, Any]:
        """Return the check as JSON data."""
        return asdict(self)


@dataclass(frozen=True)
class Facts:
    """What was read of one pair; an error takes the place of what could not be read."""

    pair: BucketPair
    source_identity: Identity | OssCrrError
    destination_identity: Identity | OssCrrError
    source_bucket: BucketInfo | OssCrrError
    destination_bucket: BucketInfo | OssCrrError
    locations: ReplicationLocations | OssCrrError


def check_facts(facts: Facts) -> list[Check]:
    """Run every check that needs no knowledge of what is configured already."""
    checks: list[Check] = []
    for check in _FACT_CHECKS:
        checks.extend(check(facts))
    return checks


def resolve(facts: Facts) -> ResolvedPair | None:
    """Return the pair with what the cloud told of it; None when too little could be read."""
    source, destination = facts.source_bucket, facts.destination_bucket
    if isinstance(source, OssCrrError) or isinstance(destination, OssCrrError):
        return None
    if isinstance(facts.source_identity, OssCrrError) or isinstance(facts.destination_identity, OssCrrError):
        return None
    return ResolvedPair(
        pair=facts.pair,
        source_uid=facts.source_identity.account_uid,
        destination_uid=facts.destination_identity.account_uid,
        versioned=source.versioning == "Enabled",
        transfer_type=_transfer_type(facts.pair),
    )


#: Differences that are worth a word before they are written, or forbid writing.
_CHANGE_STATUS: dict[str, Status] = {"blocked": "blocks", "wait": "warning", "replace": "warning"}


def check_changes(changes: Iterable[Change]) -> list[Check]:
    """Turn what resources found into checks: differences that must not be removed, and policies that grow too large."""
    checks: list[Check] = []
    for change in changes:
        if change.kind in _CHANGE_STATUS:
            checks.append(Check(change.resource, _CHANGE_STATUS[change.kind], change.summary))
        elif change.resource == "destination_grant":
            checks.append(_size_check("bucket policy size", policy.check_bucket_policy_size, change.after))
        elif change.resource == "source_grant" and "Statement" in (change.after or {}):
            checks.append(_size_check("role policy size", policy.check_ram_policy_size, change.after))
    return checks


def unreadable(name: str, error: OssCrrError) -> Check:
    """Return the check for something that could not be read."""
    return Check(name, "blocks", str(error), retryable=isinstance(error, TransientError))


def table(checks: Sequence[Check]) -> str:
    """Return the checks as a text table for the log."""
    rows = [
        (check.status, check.name, f"{check.found}{' → ' + check.action if check.action else ''}") for check in checks
    ]
    width = max((len(name) for _, name, _ in rows), default=0)
    return "\n".join(f"{status:8} {name:{width}}  {text}" for status, name, text in rows)


# --- the checks ------------------------------------------------------------------------------------------------------


def _identities(facts: Facts) -> Iterable[Check]:
    for side, identity in (("source", facts.source_identity), ("destination", facts.destination_identity)):
        if isinstance(identity, OssCrrError):
            yield unreadable(f"{side} identity", identity)
        else:
            yield Check(f"{side} identity", "ok", f"{identity.arn} of account {identity.account_uid}")


def _different_accounts(facts: Facts) -> Iterable[Check]:
    source, destination = facts.source_identity, facts.destination_identity
    if isinstance(source, OssCrrError) or isinstance(destination, OssCrrError):
        return
    name = "different accounts"
    if source.account_uid == destination.account_uid:
        yield Check(
            name,
            "blocks",
            f"connections `{facts.pair.source_conn_id}` and `{facts.pair.destination_conn_id}` both belong to account "
            f"{source.account_uid}",
            "give the connection of the other account",
        )
    else:
        yield Check(name, "ok", f"{source.account_uid} → {destination.account_uid}")


def _buckets(facts: Facts) -> Iterable[Check]:
    sides = (
        ("source", facts.source_bucket, facts.source_identity, facts.pair.source_region),
        ("destination", facts.destination_bucket, facts.destination_identity, facts.pair.destination_region),
    )
    for side, bucket, identity, region in sides:
        if isinstance(bucket, OssCrrError):
            # Where the credentials did not work, nothing was read with them, and their own check says so.
            if bucket is not identity:
                yield unreadable(f"{side} bucket", bucket)
            continue
        yield _region_check(side, bucket, region)
        if not isinstance(identity, OssCrrError):
            yield _owner_check(side, bucket, identity)


def _region_check(side: str, bucket: BucketInfo, region: str) -> Check:
    name = f"{side} region"
    if bucket.region != region:
        found = f"bucket `{bucket.name}` is in {bucket.region}, not in {region}"
        return Check(name, "blocks", found, f"set {side}_region to {bucket.region}")
    return Check(name, "ok", f"`{bucket.name}` is in {region}")


def _owner_check(side: str, bucket: BucketInfo, identity: Identity) -> Check:
    name = f"{side} owner"
    if bucket.owner_uid != identity.account_uid:
        found = (
            f"bucket `{bucket.name}` belongs to account {bucket.owner_uid}, the connection to {identity.account_uid}"
        )
        return Check(name, "blocks", found, f"give {side}_conn_id the connection of account {bucket.owner_uid}")
    return Check(name, "ok", f"`{bucket.name}` belongs to {identity.account_uid}")


def _versioning(facts: Facts) -> Iterable[Check]:
    source, destination = facts.source_bucket, facts.destination_bucket
    if isinstance(source, OssCrrError) or isinstance(destination, OssCrrError):
        return
    name = "versioning"
    states = f"source {source.versioning or 'never enabled'}, destination {destination.versioning or 'never enabled'}"
    if "Suspended" in (source.versioning, destination.versioning):
        yield Check(
            name, "blocks", states, "OSS does not replicate buckets with suspended versioning: enable it on both"
        )
    elif source.versioning != destination.versioning:
        yield Check(name, "blocks", states, "both buckets must be versioned, or neither: enable it on the other one")
    else:
        yield Check(name, "ok", states)


def _encryption(facts: Facts) -> Iterable[Check]:
    """Objects bound for a bucket that encrypts with a key of its own are left out silently without the KMS switch."""
    bucket = facts.destination_bucket
    if isinstance(bucket, OssCrrError) or facts.pair.replicate_kms_objects:
        return
    if bucket.encryption == "KMS" and bucket.kms_key_id:
        found = f"`{bucket.name}` encrypts with KMS key {bucket.kms_key_id}: OSS would silently copy no plain object"
        yield Check("destination encryption", "blocks", found, "switch replicate_kms_objects on and name the key")


def _location(facts: Facts) -> Iterable[Check]:
    name = "replication location"
    target = facts.pair.destination_region
    if isinstance(facts.locations, OssCrrError):
        if facts.locations is not facts.source_identity:
            yield unreadable(name, facts.locations)
    elif target not in facts.locations.locations:
        allowed = ", ".join(sorted(facts.locations.locations)) or "none"
        found = f"OSS does not replicate from {facts.pair.source_region} to {target}"
        yield Check(name, "blocks", found, f"choose a destination in one of: {allowed}")
    else:
        yield Check(name, "ok", f"{facts.pair.source_region} → {target}")
        yield from _transfer(facts.pair, facts.locations)


def _transfer(pair: BucketPair, locations: ReplicationLocations) -> Iterable[Check]:
    wanted = _transfer_type(pair)
    allowed = locations.transfer_types.get(pair.destination_region)
    if allowed and wanted not in allowed:
        found = f"{wanted!r} is not offered, only {', '.join(sorted(allowed))}"
        yield Check("transfer type", "blocks", found, "set transfer_type to one that is offered")
    else:
        yield Check("transfer type", "ok", wanted)
    if pair.rtc and pair.destination_region not in locations.rtc:
        yield Check("rtc", "blocks", f"not offered to {pair.destination_region}", "switch rtc off")


def _permissions(facts: Facts) -> Iterable[Check]:
    for field in ("role_permissions", "kms_permissions"):
        name = getattr(facts.pair, field)
        if name != "minimal":
            found = f"the role gets {name}, which is far more than replication needs"
            yield Check(field, "warning", found, "use 'minimal' unless there is a reason not to")


def _transfer_type(pair: BucketPair) -> TransferType:
    if pair.transfer_type == "auto":
        return regions.required_transfer_type(pair.source_region, pair.destination_region)
    return pair.transfer_type


def _size_check(name: str, check: Callable[[policy.Document], None], document: policy.Document) -> Check:
    try:
        check(document)
    except PolicyError as error:
        return Check(name, "blocks", f"with our statement it would have {error}", "remove statements nobody needs")
    return Check(name, "ok", f"{len(policy.dump(document).encode()):,} bytes with our statement")


_FACT_CHECKS: tuple[Callable[[Facts], Iterable[Check]], ...] = (
    _identities,
    _different_accounts,
    _buckets,
    _versioning,
    _encryption,
    _location,
    _permissions,
)
