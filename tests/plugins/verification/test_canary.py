"""The canary's state machine: what each look at the destination means, stage by stage."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from oss_crr.errors import PermissionDenied, ServiceUnavailable
from oss_crr.fleet.entry import FleetEntry, VerifySettings
from oss_crr.outcome import describe_error
from oss_crr.verification.canary import (
    HOLD,
    PATIENCE,
    PATIENCE_AT_LEAST,
    Canary,
    Content,
    Place,
    Sight,
    Stage,
    Verdict,
    judge,
    needs_watermark,
)
from oss_crr.verification.canary_findings import finding
from oss_crr.verification.canary_keys import MAX_KEY_BYTES, is_canary, misplaced, nest
from tests.plugins.fake_cloud import make_pair

DONE_AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
BEGAN = 1000.0
LIMIT = 900.0
FIRST = Content(10, "FIRST", "1")
SECOND = Content(10, "SECOND", "2")
OTHER = Content(10, "OTHER", "3")

CANARY = Canary(
    pair="p",
    source=Place("oss_source", "cn-hangzhou", "src"),
    destination=Place("oss_destination", "cn-shanghai", "dst"),
    rule_id="r",
    key="k",
    versioned=False,
    deletes_travel=False,
    limit_seconds=LIMIT,
    done_at=DONE_AT.isoformat(),
    began=BEGAN,
)


def at(stage: Stage, **changes: Any) -> Canary:
    """Return a canary in a stage."""
    contents: dict[str, Any] = {"write": {"wanted": FIRST}, "overwrite": {"wanted": SECOND, "former": FIRST}}
    return replace(CANARY, stage=stage, **contents.get(stage, {"former": FIRST}), **changes)


def seen(content: Content | None, *, after: float = 60, copied: timedelta | None = None, **changes: Any) -> Sight:
    """Return a look ``after`` seconds; ``copied`` is how far the watermark lies beyond what was done."""
    watermark = None if copied is None else (DONE_AT + copied).isoformat()
    return Sight(BEGAN + after, present=content is not None, content=content, watermark=watermark, **changes)


CLAIMED, UNCLAIMED = timedelta(seconds=1), timedelta(milliseconds=999)


@pytest.mark.parametrize(
    ("stage", "content", "verdict"),
    [
        ("write", FIRST, "passed"),
        ("write", None, "waiting"),
        ("write", OTHER, "corruption"),
        ("overwrite", SECOND, "passed"),
        ("overwrite", FIRST, "waiting"),
        ("overwrite", None, "waiting"),
        ("overwrite", OTHER, "corruption"),
    ],
)
def test_content_before_the_deadline(stage: Stage, content: Content | None, verdict: Verdict) -> None:
    assert judge(at(stage), seen(content, after=LIMIT - 1, copied=timedelta(hours=1))) == verdict


@pytest.mark.parametrize(
    ("stage", "content", "claimed"),
    [
        ("write", None, "loss"),
        ("overwrite", None, "loss"),
        ("overwrite", FIRST, "stale_overwrite"),
    ],
)
def test_at_the_deadline_it_is_a_fault_if_the_service_claims_to_be_done(
    stage: Stage, content: Content | None, claimed: Verdict
) -> None:
    assert judge(at(stage), seen(content, after=LIMIT, copied=CLAIMED)) == claimed
    assert judge(at(stage), seen(content, after=LIMIT, copied=UNCLAIMED)) == "delay"
    assert judge(at(stage), seen(content, after=LIMIT)) == "delay"


def test_what_arrives_late_has_arrived() -> None:
    """The deadline ends the waiting; it turns nothing that is there into a fault."""
    assert judge(at("write"), seen(FIRST, after=LIMIT + 100)) == "passed"


@pytest.mark.parametrize("stage", ["delete", "delete_version"])
def test_deletion_that_is_to_travel(stage: Stage) -> None:
    canary = at(stage, deletes_travel=True, versioned=stage == "delete_version")
    assert judge(canary, seen(None)) == "passed"
    assert judge(canary, seen(FIRST, after=LIMIT - 1, copied=timedelta(hours=1))) == "waiting"
    assert judge(canary, seen(FIRST, after=LIMIT, copied=CLAIMED)) == "delete_not_propagated"
    assert judge(canary, seen(FIRST, after=LIMIT, copied=UNCLAIMED)) == "delay"


@pytest.mark.parametrize("stage", ["delete", "delete_version"])
def test_deletion_that_is_not_to_travel(stage: Stage) -> None:
    canary = at(stage, versioned=stage == "delete_version")
    assert judge(canary, seen(None)) == "delete_against_rule"
    assert judge(canary, seen(FIRST, after=1, copied=HOLD)) == "passed"
    assert judge(canary, seen(FIRST, after=1, copied=HOLD - timedelta(milliseconds=1))) == "waiting"


def test_delete_marker_travels_under_both_policies() -> None:
    canary = at("delete", versioned=True)
    assert (judge(canary, seen(None)), judge(canary, seen(FIRST))) == ("passed", "waiting")


def test_patience_without_a_watermark_is_measured_by_the_arrivals() -> None:
    least = PATIENCE_AT_LEAST.total_seconds()
    quick, slow = at("delete", arrivals={"write": 2.0}), at("delete", arrivals={"write": 100.0, "overwrite": 2.0})
    assert judge(quick, seen(FIRST, after=least - 1)) == "waiting"
    assert judge(quick, seen(FIRST, after=least)) == "passed"
    assert judge(slow, seen(FIRST, after=PATIENCE * 100 - 1)) == "waiting"
    assert judge(slow, seen(FIRST, after=PATIENCE * 100)) == "passed"
    very_slow = at("delete", arrivals={"write": LIMIT})
    assert judge(very_slow, seen(FIRST, after=LIMIT)) == "passed", "no stage is longer than the limit"


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (FIRST, Content(10, "FIRST", "1"), True),
        (FIRST, Content(10, "KMS-ETAG", "1"), True),
        (FIRST, Content(10, "FIRST", "2"), False),
        (FIRST, Content(11, "FIRST", "1"), False),
        (FIRST, Content(10, "FIRST", None), True),
        (FIRST, Content(10, "OTHER", None), False),
    ],
)
def test_equal_content(one: Content, other: Content, equal: bool) -> None:
    assert one.equals(other) is equal
    assert other.equals(one) is equal


def test_trouble_with_reading() -> None:
    passing, lasting = (describe_error(kind("no")) for kind in (ServiceUnavailable, PermissionDenied))
    assert judge(at("write"), Sight(BEGAN + 1, error=passing)) == "waiting"
    assert judge(at("write"), Sight(BEGAN + LIMIT, error=passing)) == "unreadable"
    assert judge(at("write"), Sight(BEGAN + 1, error=lasting)) == "unreadable"


def test_watermark_is_asked_for_only_where_it_decides() -> None:
    assert not needs_watermark(at("write"), BEGAN + LIMIT - 1)
    assert needs_watermark(at("write"), BEGAN + LIMIT)
    assert needs_watermark(at("delete"), BEGAN)
    assert not needs_watermark(at("delete", deletes_travel=True), BEGAN)
    assert not needs_watermark(at("delete", versioned=True), BEGAN)
    assert needs_watermark(at("delete_version", versioned=True), BEGAN)


def test_stages_follow_one_another() -> None:
    def stages(canary: Canary) -> list[str]:
        found = [canary.stage]
        while following := canary.next_stage:
            canary = replace(canary, stage=following)
            found.append(following)
        return [str(stage) for stage in found]

    assert stages(CANARY) == ["write", "overwrite", "delete"]
    assert stages(replace(CANARY, versioned=True)) == ["write", "overwrite", "delete", "delete_version"]


def test_everything_survives_as_json() -> None:
    canary = at("overwrite", version_id="v", arrivals={"write": 1.5})
    assert Canary.from_dict(json.loads(json.dumps(canary.to_dict()))) == canary
    assert Canary.from_dict(json.loads(json.dumps(CANARY.to_dict()))) == CANARY
    for sight in (seen(FIRST, copied=CLAIMED), seen(None), Sight(1.0, error={"type": "X"})):
        assert Sight.from_dict(json.loads(json.dumps(asdict(sight)))) == sight


@pytest.mark.parametrize(
    ("verdict", "stage", "words"),
    [
        ("delay", "write", ["written", "15 minutes", "not claim"]),
        ("loss", "overwrite", ["overwritten", "claims", "lost"]),
        ("corruption", "write", ["other content"]),
        ("stale_overwrite", "overwrite", ["old content"]),
        ("delete_not_propagated", "delete_version", ["one of its versions", "still at the destination"]),
        ("delete_against_rule", "delete", ["add_change", "vanished"]),
        ("unreadable", "write", ["could not be read: may not"]),
    ],
)
def test_findings_name_the_object_what_is_wrong_and_what_to_do(
    verdict: Verdict, stage: Stage, words: list[str]
) -> None:
    error = describe_error(PermissionDenied("may not"))
    found = finding(at(stage), verdict, seen(OTHER, error=error))
    assert (found.pair, found.part, found.field) == ("p", "canary", verdict)
    assert all(word in found.cause for word in [*words, "`k`"])
    assert len(found.repair) > 20
    assert "{" not in found.cause + found.repair + str(found.expected)
    json.dumps(found.to_dict())


# --- keys ------------------------------------------------------------------------------------------------------------


def entry(canary_prefix: str = "", **fields: Any) -> FleetEntry:
    return FleetEntry(make_pair(**fields), VerifySettings(canary_prefix=canary_prefix))


def test_own_keys_are_those_of_the_same_pair_and_watcher() -> None:
    mine = nest(entry(), "here")
    assert mine.is_own(mine.new_key())
    assert mine.new_key() != mine.new_key()
    for other in (
        nest(entry(), "there"),
        nest(entry(destination_bucket="dst-other"), "here"),
        nest(entry(source_bucket="src-other"), "here"),
        nest(entry("elsewhere/"), "here"),
    ):
        assert not mine.is_own(other.new_key())
        assert is_canary(other.new_key())
    assert mine.is_siblings(nest(entry(destination_bucket="dst-other"), "here").new_key())
    for key in (mine.new_key(), nest(entry(destination_bucket="dst-other"), "there").new_key(), "a/b"):
        assert not mine.is_siblings(key)


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key + ".bak",
        lambda key: key[:-1],
        lambda key: key.upper(),
        lambda key: key.replace("oss-crr-canary", "canary"),
        lambda key: "my-" + key,
        lambda key: key + "\n",
        lambda key: key.rpartition("/")[0] + "/",
    ],
)
def test_similar_keys_are_not_canaries(change: Any) -> None:
    mine = nest(entry(), "here")
    key = change(mine.new_key())
    assert not is_canary(key)
    assert not mine.is_own(key)


def test_folder_has_to_lie_within_the_prefixes() -> None:
    assert misplaced(make_pair(), nest(entry(), "w")) is None
    inside = entry("a/b", prefixes=["a/"])
    assert misplaced(inside.pair, nest(inside, "w")) is None
    outside = entry("b/", prefixes=["a/"])
    assert "outside of the pair's prefixes (a/)" in str(misplaced(outside.pair, nest(outside, "w")))
    shorter = entry("a/", prefixes=["a/b/"])
    assert misplaced(shorter.pair, nest(shorter, "w")) is not None
    endless = entry(prefixes=["ä" * (MAX_KEY_BYTES // 2)])
    assert "longer than" in str(misplaced(endless.pair, nest(endless, "w")))
