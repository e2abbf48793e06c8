"""Checks over what was read before the first write. Pure: the reading is done elsewhere, nothing is written at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

from oss_crr import policy, regions
from oss_crr.errors import OssCrrError, PolicyError, TransientError
from oss_crr.model import BucketInfo, Identity, ReplicationLocations
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.regions import TransferType
from oss_crr.resources.base import Change

Status = Literal["ok", "warning", "blocks"]

Known = TypeVar("Known")


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
    """What was read of one pair; an error takes the place of what could not be read.

    None stands for a side without a connection, which its owner takes care of.

    :param allowed_destinations: account UIDs that the source connection lets data be sent to; empty for any.
    """

    pair: BucketPair
    source_identity: Identity | OssCrrError | None
    destination_identity: Identity | OssCrrError | None
    source_bucket: BucketInfo | OssCrrError | None
    destination_bucket: BucketInfo | OssCrrError | None
    locations: ReplicationLocations | OssCrrError | None
    allowed_destinations: frozenset[str] = frozenset()

    @property
    def source_uid(self) -> str:
        """Return the source account's UID; empty while it is not known."""
        return _uid(self.source_identity, self.pair.source_uid)

    @property
    def destination_uid(self) -> str:
        """Return the destination account's UID; empty while it is not known."""
        return _uid(self.destination_identity, self.pair.destination_uid)


def _uid(identity: Identity | OssCrrError | None, given: str) -> str:
    if identity is None:
        return given
    return "" if isinstance(identity, OssCrrError) else identity.account_uid


def known(found: Known | OssCrrError | None) -> Known | None:
    """Return what was read; None when it could not be read, or is not ours to read."""
    return None if isinstance(found, OssCrrError) else found


def resolve(facts: Facts) -> ResolvedPair | None:
    """Return the pair with what the cloud told of it; None when too little could be read."""
    buckets = [facts.source_bucket, facts.destination_bucket]
    readable = [bucket for bucket in buckets if isinstance(bucket, BucketInfo)]
    if any(isinstance(bucket, OssCrrError) for bucket in buckets) or not (facts.source_uid and facts.destination_uid):
        return None
    return ResolvedPair(
        pair=facts.pair,
        source_uid=facts.source_uid,
        destination_uid=facts.destination_uid,
        versioned=readable[0].versioning == "Enabled",
        transfer_type=transfer_type(facts.pair),
        kms_key_arn=facts.pair.kms_key_arn,
        accelerated=isinstance(facts.destination_bucket, BucketInfo) and facts.destination_bucket.acceleration,
    )


def transfer_type(pair: BucketPair) -> TransferType:
    """Return the transfer type to use: the one given, or what the regions require."""
    if pair.transfer_type == "auto":
        return regions.required_transfer_type(pair.source_region, pair.destination_region)
    return pair.transfer_type


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
        elif change.resource == "kms_key_grant":
            checks.append(_size_check("key policy size", policy.check_key_policy_size, change.after))
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


def _size_check(name: str, check: Callable[[policy.Document], None], document: policy.Document) -> Check:
    try:
        check(document)
    except PolicyError as error:
        return Check(name, "blocks", f"with our statement it would have {error}", "remove statements nobody needs")
    return Check(name, "ok", f"{len(policy.dump(document).encode()):,} bytes with our statement")
