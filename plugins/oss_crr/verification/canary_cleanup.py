"""Remove canaries from both sides: the own ones at once, others' when nobody waits for them.

A canary reaches every destination of its source bucket, also those of other pairs. There it is nobody's business, and
goes as soon as that pair cleans up: unless the destination replicates deletions back to the source, where they would
take the canary away from under the pair that waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from oss_crr.converge import in_parallel
from oss_crr.errors import OssCrrError
from oss_crr.pair import BucketPair
from oss_crr.reading import attempt
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
    removed, errors = 0, []
    for clean_side in (_clean_source, _clean_destination):
        try:
            removed += clean_side(accounts, target, nest)
        except OssCrrError as error:
            errors.append(error)
    return Cleaned(target.name, removed, tuple(errors))


def _clean_source(accounts: Accounts, target: Target, nest: Nest) -> int:
    oss, bucket = accounts.source(target.pair).oss(target.pair.source_region), target.pair.source_bucket
    return _remove(oss, bucket, [item for item in _stored(oss, bucket, target, nest) if is_to_go(nest, item)])


def _clean_destination(accounts: Accounts, target: Target, nest: Nest) -> int:
    oss, bucket = accounts.destination(target.pair).oss(target.pair.destination_region), target.pair.destination_bucket
    found = list(_stored(oss, bucket, target, nest))
    doomed = [item for item in found if is_to_go(nest, item)]
    strays = [item for item in found if item not in doomed and nest.is_siblings(item.key)]
    if strays and not _carries_deletes_back(oss, target.pair):
        doomed += strays
    return _remove(oss, bucket, doomed)


def _carries_deletes_back(oss: OssApi, pair: BucketPair) -> bool:
    """Tell whether what is deleted at the destination is deleted at the source, too; yes while that is not known."""
    rules = attempt(lambda: oss.list_rules(pair.destination_bucket))
    return isinstance(rules, OssCrrError) or any(
        rule.destination_bucket == pair.source_bucket and rule.actions != ("PUT",) for rule in rules
    )


def _remove(oss: OssApi, bucket: str, doomed: Sequence[_Stored]) -> int:
    for item in doomed:
        oss.delete_object(bucket, item.key, item.version_id)
    return len(doomed)


def _stored(oss: OssApi, bucket: str, target: Target, nest: Nest) -> Iterable[_Stored]:
    is_versioned = target.resolved is not None and target.resolved.versioned
    return _versions(oss, bucket, nest) if is_versioned else _objects(oss, bucket, nest)


def _objects(oss: OssApi, bucket: str, nest: Nest) -> Iterable[_Stored]:
    return (_Stored(item.key, None, item.last_modified) for item in oss.list_objects(bucket, nest.prefix))


def _versions(oss: OssApi, bucket: str, nest: Nest) -> Iterable[_Stored]:
    return (_Stored(item.key, item.version_id, item.last_modified) for item in oss.list_versions(bucket, nest.prefix))


def is_to_go(nest: Nest, item: _Stored) -> bool:
    """Tell whether what lies under a nest's prefix is a canary that nobody needs any more."""
    if nest.is_own(item.key):
        return True
    return is_canary(item.key) and datetime.now(UTC) - item.last_modified > ABANDONED_AFTER
