"""Batches: pairs that share a document stay together, and everything else is cut to size."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oss_crr.fleet.batches import MAX_BATCHES, cut_batches, shared_documents, usual_size
from oss_crr.pair import BucketPair, parse_pair
from tests.plugins.fleet.inventories import numbered

KEY = "acs:kms:cn-shanghai:1234567890123456:key/key-1"


def pair(number: int = 0, **fields: Any) -> BucketPair:
    """Return a pair that shares nothing with others unless it says so."""
    base = {
        "source_bucket": f"src-{number}",
        "source_region": "cn-hangzhou",
        "destination_bucket": f"dst-{number}",
        "destination_region": "cn-shanghai",
    }
    return parse_pair({**base, **fields})


@pytest.mark.parametrize(
    ("fields", "together"),
    [
        ({}, False),
        ({"source_bucket": "src"}, False),  # Rules are added one by one.
        ({"destination_bucket": "dst"}, True),
        ({"role_name": "shared"}, True),
        ({"replicate_kms_objects": True, "kms_key_arn": KEY}, True),
        ({"replicate_kms_objects": True, "kms_instance_id": "kst-1"}, True),
    ],
)
def test_pairs_that_share_a_document_share_a_batch(fields: dict[str, Any], together: bool) -> None:
    batches = cut_batches([pair(1, **fields), pair(2, **fields)], 1)
    assert (len(batches) == 1) is together


def test_roles_of_the_same_name_in_two_accounts_are_two() -> None:
    pairs = [pair(1, role_name="shared"), pair(2, role_name="shared", source_conn_id="other")]
    assert len(cut_batches(pairs, 1)) == 2
    pairs = [pair(1, role_name="Shared", source_uid="12345"), pair(2, role_name="shared", source_uid="12345")]
    assert len(cut_batches(pairs, 1)) == 1


def test_a_side_that_somebody_else_writes_joins_nothing() -> None:
    fields = {"destination_bucket": "dst", "destination_conn_id": None, "destination_uid": "12345"}
    assert len(cut_batches([pair(1, **fields), pair(2, **fields)], 1)) == 2


def test_pairs_are_together_also_by_way_of_others() -> None:
    pairs = [
        pair(1, destination_bucket="dst"),
        pair(2),
        pair(3, role_name="shared"),
        pair(4, destination_bucket="dst", role_name="shared"),
    ]
    assert [[item.source_bucket for item in batch] for batch in cut_batches(pairs, 1)] == [
        ["src-1", "src-3", "src-4"],
        ["src-2"],
    ]


def test_a_group_that_is_larger_than_a_batch_stays_whole() -> None:
    hub = [pair(n, destination_bucket="hub") for n in range(200)]
    others = [pair(n) for n in range(200, 260)]
    assert [len(batch) for batch in cut_batches([*hub, *others], 50)] == [200, 50, 10]


def test_batches_are_filled() -> None:
    entries = numbered(1000).entries
    assert [len(batch) for batch in cut_batches(entries, 50)] == [50] * 20
    assert [entry.name for entry in cut_batches(entries, 50)[0]] == [f"pair-{n}" for n in range(50)]


def test_nothing_makes_no_batches() -> None:
    assert cut_batches([], 50) == []


@pytest.mark.parametrize(
    ("pairs", "size"),
    [(0, 50), (1, 50), (50, 50), (400, 50), (401, 51), (800, 100), (1000, 125), (1001, 125), (10_000, 125)],
)
def test_usual_size(pairs: int, size: int) -> None:
    assert usual_size(pairs) == size


def test_a_large_fleet_has_larger_batches_unless_the_run_says_otherwise() -> None:
    pairs = [pair(number) for number in range(1000)]
    assert [len(batch) for batch in cut_batches(pairs)] == [125] * 8
    assert [len(batch) for batch in cut_batches(pairs, 50)] == [50] * 20


@pytest.mark.parametrize("batch_size", [0, -3])
def test_a_batch_holds_at_least_one_pair(batch_size: int) -> None:
    assert len(cut_batches([pair(1), pair(2)], batch_size)) == 2


@pytest.mark.parametrize(
    ("pairs", "batches", "largest"), [(MAX_BATCHES, MAX_BATCHES, 1), (MAX_BATCHES + 1, 513, 2), (3000, 1000, 3)]
)
def test_more_batches_than_airflow_takes_are_made_larger(pairs: int, batches: int, largest: int) -> None:
    cut = cut_batches([pair(n) for n in range(pairs)], 1)
    assert (len(cut), max(map(len, cut))) == (batches, largest)


def test_groups_that_do_not_pack_well_do_not_make_too_many_batches() -> None:
    groups = [pair(n, destination_bucket=f"hub-{n // 3}") for n in range(30)]
    cut = cut_batches(groups, 4, max_batches=5)
    assert len(cut) <= 5
    assert sum(map(len, cut)) == 30


_SHARED = st.lists(
    st.tuples(st.integers(0, 8), st.sampled_from([None, "r1", "r2"]), st.sampled_from([None, "kst-1", "kst-2"])),
    max_size=25,
)


@given(_SHARED, st.integers(1, 6), st.integers(1, 10))
def test_cutting_keeps_its_promises(shared: list[tuple[int, Any, Any]], batch_size: int, max_batches: int) -> None:
    pairs = [
        pair(
            number,
            destination_bucket=f"dst-{bucket}",
            role_name=role,
            replicate_kms_objects=bool(instance),
            kms_instance_id=instance,
        )
        for number, (bucket, role, instance) in enumerate(shared)
    ]
    batches = cut_batches(pairs, batch_size, max_batches)
    assert batches == cut_batches(pairs, batch_size, max_batches)
    assert sorted(item.source_bucket for batch in batches for item in batch) == sorted(p.source_bucket for p in pairs)
    assert len(batches) <= max_batches
    documents = [{document for item in batch for document in shared_documents(item)} for batch in batches]
    assert sum(map(len, documents)) == len(set().union(*documents))
    order = {item: index for index, item in enumerate(pairs)}
    assert all(batch == sorted(batch, key=order.__getitem__) for batch in batches)
