"""Cut a fleet into batches: pairs that share a document stay together. Pure.

A batch writes a document once for all its pairs, and no two batches of a run write the same one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import TypeVar

from oss_crr.fleet.entry import FleetEntry
from oss_crr.pair import BucketPair

#: How many batches a run can have: Airflow maps a task over so many items (``[core] max_map_length``).
MAX_BATCHES = 1024

#: Pairs of a batch unless the run says otherwise: the fewest, and the most in a large fleet.
FEWEST_PAIRS, MOST_PAIRS = 50, 125
#: How many batches a fleet of medium size gets. So many tasks, each with its threads, already make more calls than an
#: account's quotas allow; more tasks would only cost Airflow's time.
USUAL_BATCHES = 8

Item = TypeVar("Item", BucketPair, FleetEntry)


def usual_size(pairs: int) -> int:
    """Return how many pairs a batch has when nobody says otherwise.

    :param pairs: the size of the fleet.
    """
    return min(MOST_PAIRS, max(FEWEST_PAIRS, ceil(pairs / USUAL_BATCHES)))


def cut_batches(
    items: Sequence[Item], batch_size: int | None = None, max_batches: int = MAX_BATCHES
) -> list[list[Item]]:
    """Return batches of about ``batch_size`` pairs; the same input gives the same batches.

    Pairs that share a document, also by way of others, are never cut apart: such a group that is larger than
    ``batch_size`` is a batch of its own. Where there would be more than ``max_batches``, batches are larger than asked
    for: as small as they can be without being too many.

    :param items: pairs or entries; each batch keeps their order.
    :param batch_size: None for the usual size, see :func:`usual_size`.
    """
    groups = _connected(items)
    wanted = usual_size(len(items)) if batch_size is None else batch_size
    size = max(1, wanted, ceil(len(items) / max_batches))
    packed = _pack(groups, size)
    while len(packed) > max_batches:
        size += 1
        packed = _pack(groups, size)
    return [[items[index] for index in sorted(batch)] for batch in packed]


def batch_name(names: Sequence[str]) -> str:
    """Return what to call a batch among others, from the names of its pairs; empty for none."""
    if len(names) < 2:
        return "".join(names)
    return f"{names[0]} to {names[-1]} ({len(names)} pairs)"


def shared_documents(pair: BucketPair) -> Iterator[tuple[str, ...]]:
    """Yield what the pair's set-up writes and others may write, too: keys that are equal for the same document.

    A derived role belongs to one pair. Accounts are told apart by UID where it is given, else by connection: asking the
    cloud would cost a call for each. Connections that lead to the same account are taken for two; that nothing is lost
    then, either, is up to the write itself.
    """
    if pair.manages_destination:
        yield "bucket policy", pair.destination_bucket
    if pair.manages_source and pair.role_name:
        yield "role", pair.source_uid or pair.source_conn_id, pair.role_name.lower()
    if pair.manages_destination and pair.replicate_kms_objects:
        yield "key", pair.kms_key_arn or pair.kms_instance_id


def _connected(items: Sequence[Item]) -> list[list[int]]:
    """Return groups of indexes: the connected components over shared documents, in order of their first member."""
    parents = list(range(len(items)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    holders: dict[tuple[str, ...], int] = {}
    for index, item in enumerate(items):
        pair = item if isinstance(item, BucketPair) else item.pair
        for document in shared_documents(pair):
            one, other = sorted((root(index), root(holders.setdefault(document, index))))
            parents[other] = one
    groups: dict[int, list[int]] = {}
    for index in range(len(items)):
        groups.setdefault(root(index), []).append(index)
    return list(groups.values())


def _pack(groups: Sequence[list[int]], size: int) -> list[list[int]]:
    """Put each group into the first batch that has room, largest groups first; batches in order of first member."""
    batches: list[list[int]] = []
    open_batches: list[list[int]] = []
    for group in sorted(groups, key=lambda group: (-len(group), group[0])):
        batch = next((batch for batch in open_batches if len(batch) + len(group) <= size), None)
        if batch is None:
            batch = []
            batches.append(batch)
            open_batches.append(batch)
        batch.extend(group)
        if len(batch) >= size:
            open_batches.remove(batch)
    return sorted(batches, key=min)
