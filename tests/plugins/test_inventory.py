"""Comparing two listings, held against a comparison by sets that needs no order and no cleverness."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oss_crr.inventory import MAX_NAMED, Comparison, side_by_side, suspects
from oss_crr.model import ObjectSummary

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def an_object(key: str, **changes: Any) -> ObjectSummary:
    return replace(ObjectSummary(key, 10, "E", NOON, "Standard", "Normal"), **changes)


def compare(
    source: list[ObjectSummary], destination: list[ObjectSummary], copied_until: datetime | None = None
) -> tuple[Comparison, list[tuple[str, bool]]]:
    """Return the counts, and of each suspect the key and whether it is at the destination."""
    counts = Comparison()
    found = list(suspects(side_by_side(source, destination), copied_until, counts))
    return counts, [(suspect.key, suspect.destination is not None) for suspect in found if suspect.source]


# --- by example ------------------------------------------------------------------------------------------------------


def test_equal_buckets() -> None:
    objects = [an_object("a"), an_object("b", size=5)]
    counts, found = compare(objects, objects)
    assert (counts, found) == (Comparison(matched=2, bytes=15), [])
    assert counts.ok


def test_empty_buckets() -> None:
    assert compare([], []) == (Comparison(), [])


@pytest.mark.parametrize("changes", [{"size": 11}, {"etag": "F"}])
def test_other_content_is_suspect(changes: dict[str, Any]) -> None:
    counts, found = compare([an_object("a")], [an_object("a", **changes)])
    assert (counts, found) == (Comparison(), [("a", True)])


def test_time_and_class_at_the_destination_make_no_difference() -> None:
    there = an_object("a", last_modified=NOON + timedelta(days=1), storage_class="IA", object_type="Multipart")
    assert compare([an_object("a")], [there]) == (Comparison(matched=1, bytes=10), [])


def test_surplus_is_counted_before_between_and_behind() -> None:
    there = [an_object(key) for key in ("0", "a", "a2", "a3", "b", "x", "y")]
    counts, found = compare([an_object("a"), an_object("b")], there)
    assert (counts.matched, counts.surplus, found, counts.ok) == (2, 5, [], True)


@pytest.mark.parametrize("storage_class", ["ColdArchive", "DeepColdArchive"])
def test_class_that_is_not_replicated_is_excluded(storage_class: str) -> None:
    counts, found = compare([an_object("a", storage_class=storage_class)], [])
    assert (found, counts.excluded) == ([], {f"storage class {storage_class} is not replicated": 1})


@pytest.mark.parametrize("storage_class", ["IA", "Archive"])
def test_class_that_is_replicated_is_not_excluded(storage_class: str) -> None:
    assert compare([an_object("a", storage_class=storage_class)], [])[1] == [("a", False)]


@pytest.mark.parametrize(
    ("age", "too_new"), [(timedelta(0), True), (timedelta(seconds=1), True), (timedelta(seconds=-1), False)]
)
def test_object_written_after_the_watermark_need_not_be_there(age: timedelta, too_new: bool) -> None:
    counts, found = compare([an_object("a", last_modified=NOON + age)], [], NOON)
    assert (counts.too_new, found) == ((1, []) if too_new else (0, [("a", False)]))


def test_new_object_that_is_there_already_counts() -> None:
    new = an_object("a", last_modified=NOON + timedelta(hours=1))
    assert compare([new], [new], NOON)[0] == Comparison(matched=1, bytes=10)


def test_listings_are_walked_and_not_kept() -> None:
    """Both sides may be endless: only what is needed next is taken."""

    def endless() -> Iterator[ObjectSummary]:
        number = 0
        while True:
            yield an_object(f"{number:012}", etag=str(number % 3))
            number += 1

    def endless_with_a_fault() -> Iterator[ObjectSummary]:
        for number, item in enumerate(endless()):
            yield replace(item, etag="other") if number == 5000 else item

    counts = Comparison()
    first = next(suspects(side_by_side(endless(), endless_with_a_fault()), None, counts))
    assert (first.key, counts.matched) == ("000000005000", 5000)


# --- for any listings ------------------------------------------------------------------------------------------------

KEYS = st.sampled_from(["a", "a/", "a/b", "aa", "b", "B", "é", "中", "🪣", "\uffff", "z z", "0"]) | st.text(max_size=3)
OBJECTS = st.builds(
    ObjectSummary,
    key=KEYS,
    size=st.integers(0, 2),
    etag=st.sampled_from(["E", "F"]),
    last_modified=st.integers(-1, 1).map(lambda hours: NOON + timedelta(hours=hours)),
    storage_class=st.sampled_from(["Standard", "Standard", "IA", "ColdArchive"]),
    object_type=st.just("Normal"),
)
#: OSS lists in the order of the keys' UTF-8 bytes.
LISTINGS = st.lists(OBJECTS, max_size=15, unique_by=lambda item: item.key).map(
    lambda items: sorted(items, key=lambda item: item.key.encode("utf-8", "surrogatepass"))
)


@given(LISTINGS, LISTINGS, st.sampled_from([None, NOON]))
def test_walk_finds_what_sets_find(
    source: list[ObjectSummary], destination: list[ObjectSummary], copied_until: datetime | None
) -> None:
    counts, found = compare(source, destination, copied_until)
    there = {item.key: item for item in destination}
    cold = {item.key for item in source if item.storage_class == "ColdArchive"}
    equal = {
        item.key
        for item in source
        if item.key in there and (there[item.key].size, there[item.key].etag) == (item.size, item.etag)
    } - cold
    new = {item.key for item in source if copied_until and item.last_modified >= copied_until} - cold - equal
    suspect = {item.key for item in source} - cold - equal - new
    assert found == [(item.key, item.key in there) for item in source if item.key in suspect]
    assert counts.matched == len(equal)
    assert counts.bytes == sum(item.size for item in source if item.key in equal)
    assert counts.too_new == len(new)
    assert sum(counts.excluded.values()) == len(cold)
    assert counts.surplus == len(set(there) - {item.key for item in source})


# --- the counts ------------------------------------------------------------------------------------------------------


def test_faults_are_counted_all_and_named_in_bounds() -> None:
    counts = Comparison(matched=3)
    for number in range(MAX_NAMED + 5):
        counts.fault("missing", f"k{number}")
    counts.fault("different", "d")
    assert (counts.missing, counts.different, counts.ok) == (MAX_NAMED + 5, 1, False)
    assert counts.named == {"missing": [f"k{number}" for number in range(MAX_NAMED)], "different": ["d"]}
    assert str(counts) == "3 objects in order, 25 missing (k0, k1, k2, k3, k4, …), 1 different (d)"


def test_five_faults_are_named_without_dots() -> None:
    counts = Comparison()
    for number in range(5):
        counts.fault("different", str(number))
    assert str(counts) == "0 objects in order, 5 different (0, 1, 2, 3, 4)"


@pytest.mark.parametrize(("kind", "ok"), [("missing", False), ("different", False), ("surplus", True)])
def test_what_makes_a_comparison_fail(kind: str, ok: bool) -> None:
    counts = Comparison()
    setattr(counts, kind, 1)
    assert counts.ok is ok


def test_exclusions_are_counted_by_reason() -> None:
    counts = Comparison()
    for reason in ("a", "b", "a"):
        counts.exclude(reason)
    assert counts.excluded == {"a": 2, "b": 1}
    assert counts.ok


def test_counts_are_json_data() -> None:
    counts = Comparison(matched=1, excluded={"a": 1})
    counts.fault("missing", "k")
    assert Comparison(**json.loads(json.dumps(counts.to_dict()))) == counts
