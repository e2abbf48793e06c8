"""What is done for a canary: write, overwrite and delete at the source, and look at the destination."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from oss_crr.errors import NotFound, OssCrrError, PermissionDenied
from oss_crr.outcome import describe_error
from oss_crr.resources.base import Accounts
from oss_crr.verification.canary import Canary, Content, Place, Sight, Stage, needs_watermark
from oss_crr.verification.canary_keys import Nest
from oss_crr.verification.target import Target

if TYPE_CHECKING:
    from oss_crr.hooks.account import Account
    from oss_crr.hooks.oss import OssApi
    from oss_crr.model import WrittenObject

GetAccount = Callable[[str], "Account"]


def new_canary(target: Target, nest: Nest, *, versioned: bool, rule_id: str) -> Canary:
    """Return the canary of a pair, before its first write."""
    pair = target.pair
    return Canary(
        pair=target.name,
        source=Place(pair.source_conn_id, pair.source_region, pair.source_bucket),
        destination=Place(pair.destination_conn_id, pair.destination_region, pair.destination_bucket),
        rule_id=rule_id,
        key=nest.new_key(),
        versioned=versioned,
        deletes_travel=pair.replicates_deletes,
        limit_seconds=target.limit.total_seconds(),
    )


def text_of(canary: Canary, stage: Stage) -> bytes:
    """Return what is written in a stage; it tells a finder what it is."""
    lines = "This object proves that replication works. It is deleted again; if it is old, delete it."
    return f"{lines}\n{canary.key} {stage}\n".encode()


def enter(accounts: Accounts, canary: Canary, stage: Stage) -> Canary:
    """Do at the source what a stage is about, and return the canary in that stage.

    :raises OssCrrError: it was refused.
    """
    oss = _oss(accounts.get, canary.source)
    began = time.time()
    if stage in ("write", "overwrite"):
        # In a bucket for cold objects, it would not be replicated, or could not be read.
        written = oss.put_object(canary.source.bucket, canary.key, text_of(canary, stage), storage_class="Standard")
        return _written(canary, stage, began, written)
    version = canary.version_id if stage == "delete_version" else None
    done_at = oss.delete_object(canary.source.bucket, canary.key, version)
    return replace(canary, stage=stage, began=began, done_at=done_at.isoformat(), wanted=None)


def _written(canary: Canary, stage: Stage, began: float, written: WrittenObject) -> Canary:
    return replace(
        canary,
        stage=stage,
        began=began,
        done_at=written.time.isoformat(),
        former=canary.wanted,
        wanted=Content(written.size, written.etag, written.crc64),
        version_id=written.version_id,
    )


def look(get_account: GetAccount, canary: Canary) -> Sight:
    """Look at the destination, and at the rule's watermark where that matters.

    What cannot be read does not hide other canaries: it is kept in the sight.

    :param get_account: returns the account of a connection id.
    """
    now = time.time()
    try:
        # First the watermark: what it covers has to be there when the destination is looked at afterwards.
        watermark = _watermark(get_account, canary) if needs_watermark(canary, now) else None
        if canary.stage == "delete_version":
            return Sight(now, present=_has_version(get_account, canary), watermark=watermark)
        return _look_at_object(get_account, canary, now, watermark)
    except OssCrrError as error:
        return Sight(now, error=describe_error(error))


def holds_body(get_account: GetAccount, canary: Canary) -> bool:
    """Read the object at the destination and compare it byte by byte; headers may belong to other content.

    :raises OssCrrError: it cannot be read.
    """
    oss = _oss(get_account, canary.destination)
    try:
        return oss.get_object(canary.destination.bucket, canary.key) == text_of(canary, canary.stage)
    except PermissionDenied as error:
        if error.answer is not None and error.answer.code == "InvalidObjectState":
            return True  # Archived, as the destination does by default: the headers have to do.
        raise


def _look_at_object(get_account: GetAccount, canary: Canary, now: float, watermark: str | None) -> Sight:
    try:
        head = _oss(get_account, canary.destination).head_object(canary.destination.bucket, canary.key)
    except NotFound:
        return Sight(now, watermark=watermark)
    return Sight(now, present=True, content=Content(head.size, head.etag, head.crc64), watermark=watermark)


def _has_version(get_account: GetAccount, canary: Canary) -> bool:
    versions = _oss(get_account, canary.destination).list_versions(canary.destination.bucket, canary.key)
    return any(version.version_id == canary.version_id for version in versions)


def _watermark(get_account: GetAccount, canary: Canary) -> str | None:
    progress = _oss(get_account, canary.source).progress(canary.source.bucket, canary.rule_id)
    return progress.watermark.isoformat() if progress and progress.watermark else None


def _oss(get_account: GetAccount, place: Place) -> OssApi:
    return get_account(place.conn_id).oss(place.region)
