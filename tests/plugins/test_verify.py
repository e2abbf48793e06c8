"""Proving that the destination holds what it should."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from oss_crr import verify
from oss_crr.errors import PermissionDenied, VerificationFailed
from oss_crr.fleet.entry import FleetEntry
from oss_crr.inventory import Comparison
from oss_crr.pair import ResolvedPair
from oss_crr.verification.canary_keys import nest
from oss_crr.verify import verify_pair
from tests.plugins.fake_cloud import DAWN, FakeCloud, make_resolved

PAIR = make_resolved()
WITH_KMS = make_resolved(replicate_kms_objects=True, kms_instance_id="kst-1")


@pytest.fixture
def cloud() -> FakeCloud:
    """Return two accounts that refuse every write, with one object copied."""
    made = FakeCloud()
    made.forbid_writes()
    copy(made, "copied")
    return made


def copy(cloud: FakeCloud, key: str, **differences: Any) -> None:
    """Put an object on both sides; at the destination with differences."""
    cloud.put_object(cloud.src, key)
    cloud.put_object(cloud.dst, key, **differences)


def check(cloud: FakeCloud, pair: ResolvedPair = PAIR, copied_until: Any = None) -> Comparison:
    return verify_pair(cloud.accounts, pair, copied_until)


def failure(cloud: FakeCloud, pair: ResolvedPair = PAIR) -> str:
    with pytest.raises(VerificationFailed) as caught:
        check(cloud, pair)
    return str(caught.value)


def heads(cloud: FakeCloud) -> int:
    return cloud.actions.count("HeadObject")


def test_equal_objects_take_no_closer_look(cloud: FakeCloud) -> None:
    copy(cloud, "another")
    assert check(cloud) == Comparison(matched=2, bytes=20)
    assert cloud.actions == ["ListObjects", "ListObjects"]
    assert (set(cloud.source.regions), set(cloud.destination.regions)) == ({"cn-hangzhou"}, {"cn-shanghai"})


def test_missing_object_is_named(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "lost")
    assert failure(cloud) == "bucket `dst` does not hold what it should: 1 objects in order, 1 missing (lost)"


def test_different_object_is_named(cloud: FakeCloud) -> None:
    copy(cloud, "k", etag="other", crc64="other")
    assert failure(cloud).endswith("1 objects in order, 1 different (k)")


def test_equal_content_with_another_etag_is_in_order(cloud: FakeCloud) -> None:
    """The ETag of a multipart object depends on its parts; its CRC-64 does not."""
    copy(cloud, "k", etag="other-2")
    assert check(cloud) == Comparison(matched=2, bytes=20)
    assert heads(cloud) == 2


@pytest.mark.parametrize(
    "differences",
    [{"etag": "x", "crc64": "other"}, {"size": 11}, {"etag": "x", "crc64": None}, {"size": 11, "crc64": "crc-k"}],
)
def test_other_content_is_different(cloud: FakeCloud, differences: dict[str, Any]) -> None:
    copy(cloud, "k", **differences)
    assert "1 different (k)" in failure(cloud)


def test_equal_checksums_that_are_missing_prove_nothing(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "k", crc64=None)
    cloud.put_object(cloud.dst, "k", crc64=None, etag="other")
    assert "1 different (k)" in failure(cloud)


# --- what happens meanwhile ------------------------------------------------------------------------------------------


def test_object_deleted_at_the_source_meanwhile(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "k")
    cloud.source.journal.before("HeadObject", cloud.src.objects.clear)
    assert check(cloud).excluded == {"deleted at the source meanwhile": 1}


def test_replica_deleted_meanwhile(cloud: FakeCloud) -> None:
    copy(cloud, "k", etag="other")
    cloud.destination.journal.before("HeadObject", cloud.dst.objects.clear)
    assert "1 missing (k)" in failure(cloud)


def test_replica_that_arrived_meanwhile(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "k")
    cloud.destination.journal.before("HeadObject", lambda: cloud.put_object(cloud.dst, "k"))
    assert check(cloud).matched == 2


@pytest.mark.parametrize("there", [True, False])
def test_object_overwritten_at_the_source_meanwhile(cloud: FakeCloud, there: bool) -> None:
    """It was written after the time up to which everything has to be there."""
    cloud.put_object(cloud.src, "k")
    if there:
        cloud.put_object(cloud.dst, "k", etag="older", crc64="older")
    cloud.source.journal.before("HeadObject", lambda: cloud.put_object(cloud.src, "k", etag="newer", crc64="newer"))
    counts = check(cloud)
    assert (counts.matched, counts.too_new, counts.ok) == (1, 1, True)


def test_object_overwritten_and_copied_meanwhile(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "k")
    cloud.put_object(cloud.dst, "k", etag="newer", crc64="newer")
    cloud.source.journal.before("HeadObject", lambda: cloud.put_object(cloud.src, "k", etag="newer", crc64="newer"))
    assert check(cloud).matched == 2


def test_object_younger_than_the_watermark_takes_no_look(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "k", last_modified=DAWN + timedelta(hours=1))
    counts = check(cloud, copied_until=DAWN + timedelta(minutes=30))
    assert (counts.matched, counts.too_new, heads(cloud)) == (1, 1, 0)


def test_test_object_on_its_way_is_not_expected(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, nest(FleetEntry(PAIR.pair), "any Airflow").new_key())
    assert (check(cloud).ok, heads(cloud)) == (True, 0)


# --- encryption ------------------------------------------------------------------------------------------------------


def test_object_with_a_kms_key_is_not_expected(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "k", encryption="KMS", kms_key_id="key-1")
    counts = check(cloud)
    assert (counts.excluded, counts.ok) == ({"encrypted with a KMS key, which the rule does not replicate": 1}, True)


def test_object_with_a_kms_key_is_expected_where_the_rule_replicates_it(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "k", encryption="KMS", kms_key_id="key-1")
    assert "1 missing (k)" in failure(cloud, WITH_KMS)


@pytest.mark.parametrize("encryption", [{"encryption": "AES256"}, {"encryption": "KMS"}, {}])
def test_other_encrypted_objects_are_expected(cloud: FakeCloud, encryption: dict[str, Any]) -> None:
    cloud.put_object(cloud.src, "k", **encryption)
    assert "1 missing (k)" in failure(cloud)


# --- prefixes --------------------------------------------------------------------------------------------------------


def test_only_objects_within_the_prefixes_are_expected(cloud: FakeCloud) -> None:
    for key in ("a/1", "b/1"):
        copy(cloud, key)
    cloud.put_object(cloud.src, "c/1")
    assert check(cloud, make_resolved(prefixes=["b/", "a/"])) == Comparison(matched=2, bytes=20)


def test_prefixes_are_listed_in_the_order_of_keys(cloud: FakeCloud) -> None:
    """In any other order an object that is missing would drag others along."""
    for key in ("Z/1", "a/1"):
        copy(cloud, key)
    cloud.put_object(cloud.src, "é/1")
    assert failure(cloud, make_resolved(prefixes=["é/", "a/", "Z/"])).endswith("2 objects in order, 1 missing (é/1)")
    assert heads(cloud) == 2


# --- broken pairs ----------------------------------------------------------------------------------------------------


def test_closer_looks_end_after_many_faults(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "MAX_FAULTS", 5)
    monkeypatch.setattr(verify, "LOOKS_AT_ONCE", 5)
    for number in range(20):
        cloud.put_object(cloud.src, f"k{number:02}")
    assert "20 missing (k00, k01, k02, k03, k04, …)" in failure(cloud)
    assert heads(cloud) == 2 * 5


def test_suspect_after_many_faults_is_a_fault_whatever_it_is(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "MAX_FAULTS", 0)
    copy(cloud, "k", etag="other")
    assert "1 different (k)" in failure(cloud)


def test_any_number_of_suspects_may_turn_out_to_be_in_order(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large bucket of multipart objects is no broken pair, nor is one whose KMS objects OSS leaves out."""
    monkeypatch.setattr(verify, "MAX_FAULTS", 5)
    monkeypatch.setattr(verify, "LOOKS_AT_ONCE", 5)
    for number in range(10):
        copy(cloud, f"multipart{number}", etag=f"other-{number}")
        cloud.put_object(cloud.src, f"encrypted{number}", encryption="KMS", kms_key_id="key-1")
    counts = check(cloud)
    assert (counts.matched, sum(counts.excluded.values()), counts.ok) == (11, 10, True)


def test_object_of_the_watermarks_second_need_not_be_there(cloud: FakeCloud) -> None:
    """Written at 6:00:00.9, it is listed as of 6:00:00, and the service has copied what is older than 6:00:00.5."""
    cloud.put_object(cloud.src, "k")
    counts = check(cloud, copied_until=DAWN + timedelta(milliseconds=500))
    assert (counts.too_new, counts.ok) == (1, True)


def test_object_that_cannot_be_read_ends_the_verification(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "k")
    cloud.source.journal.fail("HeadObject", PermissionDenied("may not"))
    with pytest.raises(PermissionDenied):
        check(cloud)
