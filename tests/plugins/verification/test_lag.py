"""Lag: an old watermark is one only where something is late; history that stands still; rules that do not run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from oss_crr.errors import PermissionDenied
from oss_crr.fleet.entry import FleetEntry, VerifySettings
from oss_crr.model import Progress, Rule
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.verification.lag import LagResult, check_lag
from tests.plugins.fake_cloud import DAWN, DESTINATION_UID, SOURCE_UID, FakeCloud, make_resolved, make_rule

NOW = DAWN + timedelta(hours=6)


@dataclass(frozen=True)
class Drift:
    """What the drift check hands over."""

    pair: BucketPair
    resolved: ResolvedPair | None
    rule: Rule | None


@pytest.fixture
def cloud() -> FakeCloud:
    """Return two accounts that refuse every write."""
    made = FakeCloud()
    made.forbid_writes()
    return made


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def progress(age: timedelta | None, **changes: Any) -> Progress:
    """Return the progress of a running rule whose watermark is ``age`` old."""
    fields = {"status": "doing", "historical_data": True, "history": 1.0, **changes}
    return Progress(watermark=None if age is None else NOW - age, **fields)


def check(
    cloud: FakeCloud,
    found: Progress | None,
    *,
    settings: VerifySettings | None = None,
    previous: dict[str, Any] | None = None,
    now: datetime = NOW,
    **fields: Any,
) -> LagResult:
    """Check one pair whose rule has the given progress."""
    resolved = make_resolved(**fields)
    rule = make_rule(resolved)
    if found is not None:
        cloud.source.storage.progresses[rule.id] = found
    entry = FleetEntry(resolved.pair, settings or VerifySettings())
    drifts = [Drift(resolved.pair, resolved, rule)]
    (result,) = check_lag(cloud.accounts, [entry], drifts, now, {resolved.name: previous or {}})
    json.dumps(result.to_dict())
    return result


def kinds(result: LagResult) -> list[tuple[str, str, str]]:
    return [(finding.part, finding.field, finding.severity) for finding in result.findings]


# --- the watermark ---------------------------------------------------------------------------------------------------


def test_pair_that_keeps_up_costs_one_read(cloud: FakeCloud) -> None:
    result = check(cloud, progress(minutes(14)))
    assert kinds(result) == []
    assert cloud.actions == ["GetBucketReplicationProgress"]
    assert result.measures == {
        "status": "doing",
        "watermark": (NOW - minutes(14)).isoformat(),
        "lag_seconds": 840.0,
        "history": 1.0,
        "history_since": NOW.isoformat(),
    }


def test_idle_bucket_does_not_lag_however_old_the_watermark(cloud: FakeCloud) -> None:
    """Whether the watermark moves on without writes is not documented."""
    cloud.put_object(cloud.src, "a")
    cloud.put_object(cloud.dst, "a")
    cloud.put_object(cloud.src, "older", last_modified=DAWN - minutes(5))
    result = check(cloud, progress(NOW - DAWN))
    assert (kinds(result), result.measures["lag_seconds"]) == ([], 6 * 3600)


def test_object_written_since_the_watermark_and_not_there_is_late(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "a", last_modified=NOW - minutes(20))
    cloud.put_object(cloud.src, "b", last_modified=NOW - minutes(40))
    result = check(cloud, progress(minutes(50)))
    assert kinds(result) == [("lag", "watermark", "lagging")]
    (finding,) = result.findings
    assert finding.found["object"] == "b"
    assert "`b` was written 40 minutes ago" in finding.cause


def test_write_that_is_younger_than_the_limit_is_not_late(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "a", last_modified=NOW - minutes(10))
    assert kinds(check(cloud, progress(minutes(50)))) == []


def test_write_within_the_watermarks_second_may_be_the_one_that_hangs(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "a", last_modified=NOW - minutes(50))
    result = check(cloud, progress(minutes(50) - timedelta(milliseconds=500)))
    assert kinds(result) == [("lag", "watermark", "lagging")]


@pytest.mark.parametrize(
    ("fields", "settings", "late"),
    [
        ({}, VerifySettings(), False),
        ({}, VerifySettings(max_lag_minutes=5), True),
        ({"rtc": True}, VerifySettings(), True),
        ({"rtc": True}, VerifySettings(max_lag_minutes=13), False),
    ],
)
def test_limit_is_the_pairs_own(cloud: FakeCloud, fields: dict[str, Any], settings: VerifySettings, late: bool) -> None:
    cloud.put_object(cloud.src, "a", last_modified=NOW - minutes(12))
    assert bool(check(cloud, progress(minutes(12)), settings=settings, **fields).findings) is late


def test_what_is_not_there_after_a_day_is_broken(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "a", last_modified=NOW - timedelta(hours=25))
    assert kinds(check(cloud, progress(timedelta(hours=26)))) == [("lag", "watermark", "broken")]


def test_objects_that_are_not_replicated_or_deleted_meanwhile_are_not_late(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "cold", last_modified=NOW - minutes(20))
    cloud.src.storage_classes["cold"] = "ColdArchive"
    cloud.put_object(cloud.src, "secret", last_modified=NOW - minutes(20), encryption="KMS", kms_key_id="key-1")
    assert kinds(check(cloud, progress(minutes(50)))) == []


def test_only_the_pairs_prefixes_count(cloud: FakeCloud) -> None:
    cloud.put_object(cloud.src, "a/1", last_modified=NOW - minutes(20))
    assert kinds(check(cloud, progress(minutes(50)), prefixes=["b/"])) == []
    assert kinds(check(cloud, progress(minutes(50)), prefixes=["b/", "a/"])) == [("lag", "watermark", "lagging")]


def test_without_the_destination_only_what_is_younger_than_the_watermark_is_late(cloud: FakeCloud) -> None:
    one_side: dict[str, Any] = {"destination_conn_id": None, "destination_uid": DESTINATION_UID}
    cloud.put_object(cloud.src, "a", last_modified=NOW - minutes(50))
    assert kinds(check(cloud, progress(minutes(50)), **one_side)) == []
    cloud.put_object(cloud.src, "b", last_modified=NOW - minutes(20))
    assert kinds(check(cloud, progress(minutes(50)), **one_side)) == [("lag", "watermark", "lagging")]


def test_watermark_in_the_future_is_no_lag(cloud: FakeCloud) -> None:
    assert check(cloud, progress(-minutes(1))).measures["lag_seconds"] == 0


def test_unknown_watermark_is_left_out(cloud: FakeCloud) -> None:
    result = check(cloud, progress(None))
    assert (kinds(result), "lag_seconds" in result.measures) == ([], False)


# --- history ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("since", "stalled"), [(30, False), (44.9, False), (45, True), (300, True)])
def test_history_that_stands_still(cloud: FakeCloud, since: float, stalled: bool) -> None:
    before = {"history": 0.37, "history_since": (NOW - minutes(since)).isoformat()}
    result = check(cloud, progress(minutes(1), history=0.37), previous=before)
    assert kinds(result) == ([("history", "progress", "lagging")] if stalled else [])
    assert result.measures["history_since"] == before["history_since"]


def test_history_that_moves_or_is_complete_is_in_order(cloud: FakeCloud) -> None:
    long_ago = (NOW - minutes(300)).isoformat()
    moved = check(cloud, progress(minutes(1), history=0.38), previous={"history": 0.37, "history_since": long_ago})
    done = check(cloud, progress(minutes(1)), previous={"history": 1.0, "history_since": long_ago})
    assert (kinds(moved), kinds(done)) == ([], [])
    assert (moved.measures["history_since"], done.measures["history_since"]) == (NOW.isoformat(), long_ago)


def test_first_verification_knows_no_standstill(cloud: FakeCloud) -> None:
    assert kinds(check(cloud, progress(minutes(1), history=0.0))) == []


def test_rule_without_history_has_no_measure_of_it(cloud: FakeCloud) -> None:
    result = check(cloud, progress(minutes(1), historical_data=False, history=None), replicate_historical_data=False)
    assert "history" not in result.measures


# --- rules that do not copy ------------------------------------------------------------------------------------------


def test_rule_that_starts_for_too_long(cloud: FakeCloud) -> None:
    starting = Progress("starting", True, None, None)
    first = check(cloud, starting)
    assert (kinds(first), first.measures) == ([], {"status": "starting", "starting_since": NOW.isoformat()})
    soon = check(cloud, starting, previous=first.measures, now=NOW + minutes(15))
    assert kinds(soon) == []
    later = check(cloud, starting, previous=soon.measures, now=NOW + minutes(16))
    assert kinds(later) == [("lag", "status", "lagging")]
    assert later.findings[0].found == {"status": "starting", "since": NOW.isoformat()}


@pytest.mark.parametrize("found", [Progress("closing", True, None, None), None])
def test_removed_rule_is_broken(cloud: FakeCloud, found: Progress | None) -> None:
    result = check(cloud, found)
    assert kinds(result) == [("lag", "status", "broken")]
    assert result.findings[0].repairable


def test_what_cannot_be_read_is_unknown(cloud: FakeCloud) -> None:
    cloud.source.journal.fail("GetBucketReplicationProgress", PermissionDenied("may not call it"))
    result = check(cloud, progress(minutes(1)))
    assert kinds(result) == [("lag", "progress", "unknown")]
    assert "may not call it" in result.findings[0].cause


def test_pair_without_rule_or_source_takes_no_read(cloud: FakeCloud) -> None:
    pair = make_resolved().pair
    theirs = make_resolved(source_conn_id=None, source_uid=SOURCE_UID, role_name="theirs")
    drifts = [Drift(theirs.pair, theirs, make_rule(theirs))]
    for entry, known in ((FleetEntry(pair), []), (FleetEntry(theirs.pair), drifts)):
        assert check_lag(cloud.accounts, [entry], known, NOW, {}) == [LagResult(pair.name)]
    assert cloud.actions == []


def test_one_unreadable_pair_hides_no_other(cloud: FakeCloud) -> None:
    """Results keep the order of the entries."""
    cloud.add_bucket("src2")
    pairs = [make_resolved(), make_resolved(source_bucket="src2"), make_resolved(source_bucket="srcgone")]
    drifts = [Drift(item.pair, item, make_rule(item)) for item in pairs]
    for item in pairs:
        cloud.source.storage.progresses[make_rule(item).id] = progress(minutes(1))
    results = check_lag(cloud.accounts, [FleetEntry(item.pair) for item in pairs], drifts, NOW, {})
    assert [result.pair for result in results] == [item.name for item in pairs]
    assert [kinds(result) for result in results] == [[], [], [("lag", "progress", "unknown")]]
