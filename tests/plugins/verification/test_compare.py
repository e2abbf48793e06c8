"""Comparing the objects of both sides: part by part, with what was wrong looked at again until it is right."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from oss_crr.errors import PermissionDenied
from oss_crr.fleet.entry import FleetEntry, VerifySettings
from oss_crr.model import Progress, Rule
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.verification import compare, compare_cursor
from oss_crr.verification.canary_keys import nest
from oss_crr.verification.compare import CompareResult, compare_pair
from oss_crr.verification.compare_cursor import MAX_KEPT, Cursor
from oss_crr.verification.target import Target, is_only_feeder, targets
from tests.plugins.fake_cloud import DESTINATION_UID, FakeCloud, make_resolved, make_rule

DELETES: dict[str, Any] = {"replication_policy": "add_delete_change"}


@dataclass(frozen=True)
class Drift:
    """What the drift check hands over."""

    pair: BucketPair
    resolved: ResolvedPair | None
    rule: Rule | None


class Clocked(FakeCloud):
    """Two accounts whose service has copied everything up to a minute ago, and refuses every write."""

    def __init__(self) -> None:
        super().__init__()
        self.forbid_writes()
        self.copied(timedelta(minutes=1))

    def copied(self, ago: timedelta | None, **changes: Any) -> None:
        """Let the watermark be this old."""
        fields = {"status": "doing", "historical_data": True, "history": 1.0, **changes}
        watermark = None if ago is None else datetime.now(UTC) - ago
        self.source.storage.progresses[make_rule(make_resolved()).id] = Progress(watermark=watermark, **fields)

    def both(self, *keys: str, **differences: Any) -> None:
        """Put objects on both sides, at the destination with differences."""
        for key in keys:
            self.put_object(self.src, key)
            self.put_object(self.dst, key, **differences)


@pytest.fixture
def cloud() -> Clocked:
    return Clocked()


def target(settings: VerifySettings | None = None, **fields: Any) -> Target:
    resolved = make_resolved(**fields)
    entry = FleetEntry(resolved.pair, settings or VerifySettings())
    return targets([entry], [Drift(resolved.pair, resolved, make_rule(resolved))])[0]


def run(cloud: FakeCloud, cursor: Cursor | None = None, *, limit: int = 1000, **fields: Any) -> CompareResult:
    """Compare once, and take everything through JSON."""
    result = compare_pair(cloud.accounts, target(**fields), cursor or Cursor(), limit=limit)
    stored = json.loads(json.dumps(result.to_dict()))["cursor"]
    assert result.cursor == (Cursor.from_dict(stored) if stored else None)
    return result


def found(result: CompareResult) -> dict[str, tuple[str, list[str]]]:
    """Return severity and keys of each finding."""
    assert all(finding.part == "objects" for finding in result.findings)
    return {finding.field: (finding.severity, finding.found["keys"]) for finding in result.findings}


def ago(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


# --- what is found ---------------------------------------------------------------------------------------------------


def test_equal_buckets_take_one_progress_and_two_listings(cloud: Clocked) -> None:
    cloud.both("a", "b")
    result = run(cloud)
    assert found(result) == {}
    assert cloud.actions == ["GetBucketReplicationProgress", "ListObjects", "ListObjects"]
    assert result.measures == {
        "compare": "complete",
        "compared": 2,
        "matched": 2,
        "postponed": 0,
        "excluded": 0,
        "missing": 0,
        "different": 0,
        "late": 0,
        "surplus": 0,
    }


def test_missing_and_different_objects_are_named(cloud: Clocked) -> None:
    cloud.both("a")
    cloud.both("b", etag="x", crc64="other")
    cloud.put_object(cloud.src, "c")
    result = run(cloud)
    assert found(result) == {"missing": ("broken", ["c"]), "different": ("broken", ["b"])}
    assert (result.measures["matched"], result.measures["missing"], result.measures["different"]) == (1, 1, 1)
    assert result.findings[0].cause.startswith("1 object is not at the destination")


def test_suspect_with_the_same_checksum_is_in_order(cloud: Clocked) -> None:
    cloud.both("a", etag="other-2")
    assert (found(run(cloud)), run(cloud).measures["matched"]) == ({}, 1)


def test_what_cannot_have_arrived_is_left_out(cloud: Clocked) -> None:
    cloud.put_object(cloud.src, "new", last_modified=ago(seconds=30))
    cloud.put_object(cloud.src, "old", last_modified=ago(seconds=90))
    result = run(cloud)
    assert found(result) == {"missing": ("broken", ["old"])}
    assert result.measures["postponed"] == 1


def test_what_is_late_is_told_apart_from_what_is_lost(cloud: Clocked) -> None:
    cloud.copied(timedelta(hours=2))
    cloud.put_object(cloud.src, "lost", last_modified=ago(hours=3))
    cloud.put_object(cloud.src, "late", last_modified=ago(hours=1))
    cloud.put_object(cloud.src, "young", last_modified=ago(minutes=10))
    result = run(cloud)
    assert found(result) == {"missing": ("broken", ["lost"]), "late": ("lagging", ["late"])}
    assert result.measures["postponed"] == 1


def test_without_a_watermark_the_pairs_limit_counts(cloud: Clocked) -> None:
    cloud.copied(None)
    cloud.put_object(cloud.src, "old", last_modified=ago(minutes=16))
    cloud.put_object(cloud.src, "young", last_modified=ago(minutes=14))
    assert found(run(cloud)) == {"missing": ("broken", ["old"])}


def test_objects_that_are_not_replicated_are_left_out(cloud: Clocked) -> None:
    cloud.put_object(cloud.src, "cold")
    cloud.src.storage_classes["cold"] = "ColdArchive"
    cloud.put_object(cloud.src, "secret", encryption="KMS", kms_key_id="key-1")
    result = run(cloud)
    assert (found(result), result.measures["excluded"]) == ({}, 2)


def test_object_deleted_meanwhile_is_no_fault(cloud: Clocked) -> None:
    cloud.put_object(cloud.src, "a")
    cloud.source.journal.before("HeadObject", cloud.src.objects.clear)
    assert found(run(cloud)) == {}


def test_object_overwritten_meanwhile_need_not_be_there_yet(cloud: Clocked) -> None:
    cloud.both("a", etag="older", crc64="older")
    again = {"etag": "newest", "crc64": "newest", "last_modified": ago(seconds=1)}
    cloud.source.journal.before("HeadObject", lambda: cloud.put_object(cloud.src, "a", **again))
    result = run(cloud)
    assert (found(result), result.measures["postponed"]) == ({}, 1)


@pytest.mark.parametrize("side", ["source", "destination"])
def test_object_overwritten_and_copied_between_two_looks_is_no_fault(cloud: Clocked, side: str) -> None:
    cloud.both("a", etag="older", crc64="older")
    newest = {"etag": "newest", "crc64": "newest", "last_modified": ago(seconds=1)}

    def overwrite() -> None:
        cloud.put_object(cloud.src, "a", **newest)
        cloud.put_object(cloud.dst, "a", **newest)

    getattr(cloud, side).journal.before("HeadObject", overwrite)
    assert found(run(cloud)) == {}


def test_own_test_objects_are_left_out(cloud: Clocked) -> None:
    """A canary on its way is neither missing nor surplus."""
    home = nest(FleetEntry(make_resolved().pair), "w")
    cloud.put_object(cloud.src, home.new_key())
    cloud.put_object(cloud.dst, home.new_key())
    cloud.put_object(cloud.src, "oss-crr-canary/not-one-of-ours")
    assert found(run(cloud, **DELETES)) == {"missing": ("broken", ["oss-crr-canary/not-one-of-ours"])}


def test_only_the_pairs_prefixes_are_compared(cloud: Clocked) -> None:
    cloud.both("a/1")
    for key in ("a/2", "b/1", "é/1"):
        cloud.put_object(cloud.src, key)
    assert found(run(cloud, prefixes=["é/", "a/"])) == {"missing": ("broken", ["a/2", "é/1"])}


# --- surplus ---------------------------------------------------------------------------------------------------------


def test_surplus_counts_only_where_deletes_travel(cloud: Clocked) -> None:
    cloud.put_object(cloud.dst, "left")
    result = run(cloud)
    assert (found(result), result.measures["surplus"]) == ({}, 1)


def test_surplus_is_proven_when_the_watermark_has_passed_the_moment_it_was_seen(cloud: Clocked) -> None:
    """The object may have been deleted a second ago; nothing in the listings tells."""
    cloud.put_object(cloud.dst, "left")
    first = run(cloud, **DELETES)
    assert (found(first), first.measures["surplus"]) == ({}, 0)
    cloud.copied(timedelta(seconds=-10))
    second = run(cloud, first.cursor, **DELETES)
    assert found(second) == {"surplus": ("lagging", ["left"])}


def test_surplus_is_proven_in_one_run_if_the_service_keeps_up(cloud: Clocked) -> None:
    cloud.put_object(cloud.dst, "left")
    cloud.copied(timedelta(seconds=-10))
    assert found(run(cloud, **DELETES)) == {"surplus": ("lagging", ["left"])}


def test_deletion_that_arrives_late_is_forgotten(cloud: Clocked) -> None:
    cloud.put_object(cloud.dst, "left")
    first = run(cloud, **DELETES)
    cloud.dst.objects.clear()
    cloud.copied(timedelta(seconds=-10))
    second = run(cloud, first.cursor, **DELETES)
    assert (found(second), second.cursor.faults if second.cursor else None) == ({}, ())


def test_deletion_that_arrives_between_two_looks_is_forgotten(cloud: Clocked) -> None:
    cloud.put_object(cloud.dst, "left")
    cloud.copied(timedelta(seconds=-10))
    cloud.destination.journal.before("HeadObject", lambda: None, cloud.dst.objects.clear)
    assert found(run(cloud, **DELETES)) == {}


def test_destination_of_several_pairs_has_no_surplus_of_one() -> None:
    one, same, elsewhere, within = (
        target(label="one"),
        target(label="same", source_bucket="src-2"),
        target(label="elsewhere", source_bucket="src-3", destination_bucket="dst-3"),
        target(label="within", source_bucket="src-4", prefixes=["a/"]),
    )
    apart = target(label="apart", source_bucket="src-5", prefixes=["b/"])
    assert not is_only_feeder(one, [one, same])
    assert is_only_feeder(one, [one, elsewhere])
    assert not is_only_feeder(within, [one, within])
    assert is_only_feeder(within, [within, apart])


# --- part by part ----------------------------------------------------------------------------------------------------


def test_each_run_continues_where_the_last_one_stopped(cloud: Clocked) -> None:
    cloud.both(*"abcde")
    cursor, compared = Cursor(), []
    for _ in range(4):
        result = run(cloud, cursor, limit=2)
        assert result.cursor is not None
        cursor = result.cursor
        compared.append((result.measures["compare"], result.measures["compared"], cursor.after))
    assert compared == [("partial", 2, "b"), ("partial", 2, "d"), ("complete", 1, ""), ("partial", 2, "b")]


def test_fault_stays_a_finding_while_other_parts_are_compared(cloud: Clocked) -> None:
    cloud.both(*"bcdef")
    cloud.put_object(cloud.src, "a")
    first = run(cloud, limit=2)
    second = run(cloud, first.cursor, limit=2)
    assert found(first) == found(second) == {"missing": ("broken", ["a"])}
    assert second.cursor is not None
    assert [fault.seen for fault in second.cursor.faults] == [fault.seen for fault in first.cursor.faults]  # type: ignore[union-attr]
    cloud.put_object(cloud.dst, "a")
    third = run(cloud, second.cursor, limit=2)
    assert (found(third), third.measures["missing"]) == ({}, 0)


def test_fault_is_not_counted_twice_when_its_part_comes_again(cloud: Clocked, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.put_object(cloud.src, "a")
    first = run(cloud)
    monkeypatch.setattr(compare_cursor, "MAX_KEPT", 1)
    second = run(cloud, first.cursor)
    assert second.measures["missing"] == 1
    assert (first.cursor, second.cursor) != (None, None)
    assert second.cursor == first.cursor, "since when it is known stays, too"


def test_fault_whose_object_was_written_anew_gets_time_to_arrive(cloud: Clocked) -> None:
    cloud.put_object(cloud.src, "a")
    first = run(cloud)
    cloud.put_object(cloud.src, "a", last_modified=ago(seconds=10))
    second = run(cloud, first.cursor)
    assert (found(second), second.cursor.faults if second.cursor else None) == ({}, ())


def test_fault_that_becomes_another_is_told_as_that(cloud: Clocked) -> None:
    cloud.put_object(cloud.src, "a")
    first = run(cloud)
    cloud.put_object(cloud.dst, "a", etag="x", crc64="other")
    assert list(found(run(cloud, first.cursor))) == ["different"]


def test_many_faults_are_counted_all_and_kept_in_bounds(cloud: Clocked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "MAX_FAULTS", 150)
    for number in range(MAX_KEPT + 200):
        cloud.put_object(cloud.src, f"k{number:04}")
    first = run(cloud, limit=250)
    assert (first.measures["missing"], len(first.cursor.faults if first.cursor else ())) == (250, MAX_KEPT)
    second = run(cloud, first.cursor, limit=250)
    assert (second.measures["compare"], second.measures["missing"]) == ("complete", 300)
    assert second.findings[0].found["keys"] == [f"k{number:04}" for number in range(20)]
    assert "300 objects are" in second.findings[0].cause
    for key in list(cloud.src.objects):
        cloud.put_object(cloud.dst, key)
    third = run(cloud, second.cursor)
    assert (found(third), third.measures["missing"]) == ({}, 0)


def test_closer_looks_end_after_many_faults(cloud: Clocked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "MAX_FAULTS", 5)
    monkeypatch.setattr(compare, "LOOKS_AT_ONCE", 5)
    for number in range(20):
        cloud.put_object(cloud.src, f"k{number:02}")
    assert run(cloud).measures["missing"] == 20
    assert cloud.actions.count("HeadObject") == 2 * 5


def test_canaries_and_surplus_count_against_the_limit(cloud: Clocked) -> None:
    """Otherwise a run over a destination with a million objects of its own would never end."""
    for number in range(10):
        cloud.put_object(cloud.dst, f"theirs{number}")
    cloud.both("z")
    assert run(cloud, limit=4).measures["compared"] == 4


def test_prefixes_that_change_between_runs_do_not_confuse_it(cloud: Clocked) -> None:
    cloud.both("a/1", "b/1", "c/1", "d/1")
    first = run(cloud, limit=2, prefixes=["a/", "b/", "d/"])
    second = run(cloud, first.cursor, prefixes=["c/", "d/"])
    assert (second.measures["compared"], second.measures["compare"]) == (2, "complete")


# --- when there is nothing to compare --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"settings": VerifySettings(compare=False)}, "switched off"),
        ({"destination_conn_id": None, "destination_uid": DESTINATION_UID}, "only one side has a connection"),
    ],
)
def test_pairs_that_are_not_compared_say_why(cloud: Clocked, fields: dict[str, Any], reason: str) -> None:
    result = run(cloud, **fields)
    assert (result.findings, result.measures, result.cursor) == ((), {"compare": f"none: {reason}"}, None)
    assert cloud.actions == []


def test_pair_without_rule_is_not_compared(cloud: Clocked) -> None:
    bare = replace(target(), rule=None)
    assert compare_pair(cloud.accounts, bare, Cursor()).measures == {"compare": "none: there is no rule"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "starting", "history": None}, "the rule is not running"),
        ({"history": 0.99}, "historical data is still being copied"),
        ({"history": None}, "historical data is still being copied"),
    ],
)
def test_unfinished_history_is_not_compared(cloud: Clocked, changes: dict[str, Any], reason: str) -> None:
    cloud.put_object(cloud.src, "a")
    cloud.copied(timedelta(minutes=1), **changes)
    result = run(cloud)
    assert (found(result), result.measures, result.cursor) == ({}, {"compare": f"none: {reason}"}, None)


def test_without_history_only_what_was_written_since_the_first_comparison_counts(cloud: Clocked) -> None:
    cloud.copied(timedelta(minutes=1), historical_data=False, history=None)
    cloud.put_object(cloud.src, "older than the rule, maybe")
    first = run(cloud, replicate_historical_data=False)
    assert (found(first), first.measures["excluded"], first.measures["compare"]) == ({}, 1, "complete")
    assert first.cursor is not None
    long_ago = replace(first.cursor, since=ago(hours=1).isoformat())
    cloud.put_object(cloud.src, "younger", last_modified=ago(minutes=30))
    assert found(run(cloud, long_ago, replicate_historical_data=False)) == {"missing": ("broken", ["younger"])}


def test_side_that_cannot_be_read_is_unknown_and_keeps_the_cursor(cloud: Clocked) -> None:
    cloud.destination.journal.fail("ListObjects", PermissionDenied("may not list"))
    result = run(cloud, Cursor(after="k"))
    assert [(finding.field, finding.severity) for finding in result.findings] == [("comparison", "unknown")]
    assert "may not list" in result.findings[0].cause
    assert result.to_dict()["cursor"] is None
