"""Remove canaries from both sides: the own ones at once, others' when they are so old that nobody waits for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from oss_crr.converge import in_parallel
from oss_crr.errors import OssCrrError
from oss_crr.resources.base import Accounts
from oss_crr.verification.canary_keys import Nest, is_canary
from oss_crr.verification.target import Target

if TYPE_CHECKING:
    from oss_crr.hooks.oss import OssApi

#: What another Airflow sent, or what came from the same source for another pair, is nobody's after this time.
ABANDONED_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Cleaned:
    """What became of a pair's canaries.

    :param removed: how many objects, versions and delete markers were removed.
    :param errors: why something could not be removed, one entry a side.
    """

    pair: str
    removed: int = 0
    errors: tuple[OssCrrError, ...] = ()


@dataclass(frozen=True)
class _Stored:
    """One object or version to remove; ``version_id`` is None in a bucket without versioning."""

    key: str
    version_id: str | None
    last_modified: datetime


def clean_all(accounts: Accounts, items: Sequence[tuple[Target, Nest]]) -> list[Cleaned]:
    """Remove the canaries of several pairs side by side; see :func:`clean`."""
    return in_parallel(lambda item: clean(accounts, *item), items)


def clean(accounts: Accounts, target: Target, nest: Nest) -> Cleaned:
    """Remove a pair's canaries on both sides; versioned buckets keep neither versions nor delete markers of them.

    The source goes first: what is gone there can no longer arrive. Only keys that a canary of this product has are
    touched.
    """
    pair, versioned = target.pair, target.resolved is not None and target.resolved.versioned
    sides = (
        (accounts.source, pair.source_region, pair.source_bucket),
        (accounts.destination, pair.destination_region, pair.destination_bucket),
    )
    removed, errors = 0, []
    for account, region, bucket in sides:
        try:
            removed += _clean_bucket(account(pair).oss(region), bucket, nest, versioned=versioned)
        except OssCrrError as error:
            errors.append(error)
    return Cleaned(target.name, removed, tuple(errors))


def _clean_bucket(oss: OssApi, bucket: str, nest: Nest, *, versioned: bool) -> int:
    found = _versions(oss, bucket, nest) if versioned else _objects(oss, bucket, nest)
    doomed = [item for item in found if is_to_go(nest, item.key, item.last_modified, datetime.now(UTC))]
    for item in doomed:
        oss.delete_object(bucket, item.key, item.version_id)
    return len(doomed)


def _objects(oss: OssApi, bucket: str, nest: Nest) -> Iterable[_Stored]:
    return (_Stored(item.key, None, item.last_modified) for item in oss.list_objects(bucket, nest.prefix))


def _versions(oss: OssApi, bucket: str, nest: Nest) -> Iterable[_Stored]:
    return (_Stored(item.key, item.version_id, item.last_modified) for item in oss.list_versions(bucket, nest.prefix))


def is_to_go(nest: Nest, key: str, last_modified: datetime, now: datetime) -> bool:
    """Tell whether a key under a nest's prefix is a canary that nobody needs any more."""
    if nest.is_own(key):
        return True
    return is_canary(key) and now - last_modified > ABANDONED_AFTER
