"""The canary finds what replication does wrong, and leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from localcloud.server import LocalCloudServer
from oss_crr.fleet.entry import VerifySettings
from tests.integration.canaries import (
    DESTINATION,
    MINUTES,
    NOTHING_LEFT,
    POLICIES,
    SOURCE,
    TOO_LATE,
    VERSIONED,
    Sky,
    kinds,
)
from tests.integration.world import KEY_ARN, kms_config, world_config

MakeSky = Callable[..., Sky]
ANY_CANARY = "*oss-crr-canary/*"


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    """Return one cloud for all tests; each begins anew in it."""
    with LocalCloudServer(world_config(objects=3)) as server:
        yield server


@pytest.fixture
def make_sky(server: LocalCloudServer, monkeypatch: pytest.MonkeyPatch) -> MakeSky:
    """Return a function that sets up a pair in a fresh cloud."""
    server.runtime.reset()
    return lambda **settings: Sky(server, monkeypatch, **settings)


# --- a healthy pair --------------------------------------------------------------------------------------------------


@VERSIONED
@POLICIES
def test_healthy_pair_passes_and_is_left_as_it_was(make_sky: MakeSky, versioned: bool, policy: str) -> None:
    sky = make_sky(versioned=versioned, replication_policy=policy)
    before = sky.world.object_keys(SOURCE)
    flight = sky.fly()
    assert (kinds(flight), flight.measures["canary"]) == ([], "passed")
    assert {"arrival_seconds", "overwrite_seconds", "delete_seconds"} <= set(flight.measures)
    assert 20 <= flight.measures["arrival_seconds"] < 40
    sky.clean()
    assert sky.left() == NOTHING_LEFT
    assert sky.world.object_keys(SOURCE) == sky.world.object_keys(DESTINATION) == before


@VERSIONED
@POLICIES
def test_what_a_flight_costs(make_sky: MakeSky, versioned: bool, policy: str) -> None:
    """The numbers in docs/canary.md, for a destination that has everything at the first look."""
    sky = make_sky(versioned=versioned, replication_policy=policy)
    target = sky.target
    sky.world.reset_calls()
    sky.fly()
    sky.clean()
    calls = sky.world.calls()
    drift = 2 * _calls_of_drift(sky)
    assert target.rule is not None
    assert (calls["reads"] - drift, calls["writes"]) == {
        (False, "add_change"): (12, 4),
        (False, "add_delete_change"): (11, 3),
        (True, "add_change"): (13, 9),
        (True, "add_delete_change"): (12, 8),
    }[versioned, policy]


def _calls_of_drift(sky: Sky) -> int:
    sky.world.reset_calls()
    assert sky.target.rule is not None
    reads: int = sky.world.calls()["reads"]
    return reads


def test_object_that_is_not_there_yet_is_waited_for(make_sky: MakeSky) -> None:
    sky = make_sky()
    flight = sky.step(sky.launch(), replicates=False, seconds=MINUTES * 60 - 20)
    assert flight.canary is not None
    assert (flight.canary.stage, flight.findings) == ("write", ())
    assert sky.fly(flight).measures["arrival_seconds"] > MINUTES * 60 - 20


@pytest.mark.parametrize(
    ("prefixes", "canary_prefix", "folder"),
    [
        ([], "", "oss-crr-canary/"),
        (["logs/", "a/"], "", "logs/oss-crr-canary/"),
        (["logs"], "", "logs/oss-crr-canary/"),
        (["logs/", "a/"], "a/health", "a/health/oss-crr-canary/"),
        ([], "a/oss-crr-canary/", "a/oss-crr-canary/"),
    ],
)
def test_canary_lives_within_the_prefixes(
    make_sky: MakeSky, prefixes: list[str], canary_prefix: str, folder: str
) -> None:
    sky = make_sky(prefixes=prefixes, settings=VerifySettings(canary_prefix=canary_prefix))
    flight = sky.launch()
    assert sky.left()[SOURCE][0].startswith(folder)
    assert kinds(sky.fly(flight)) == []
    sky.clean()
    assert sky.left() == NOTHING_LEFT


def test_canary_goes_through_encrypted_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The users may do what the documented policies say, and use the source's key for what they write."""
    config = kms_config(objects=1)
    config["accounts"][0]["buckets"][0]["encryption"] = {"algorithm": "KMS", "key_id": "key-source"}
    config["accounts"][1]["buckets"][0]["encryption"] = {"algorithm": "KMS", "key_id": "key-given"}
    use_keys = {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": ["*"]}
    for account in config["accounts"]:
        account["users"][0]["policies"].append({"Version": "1", "Statement": [use_keys]})
    with LocalCloudServer(config) as server:
        sky = Sky(server, monkeypatch, replicate_kms_objects=True, kms_key_arn=KEY_ARN)
        assert kinds(sky.fly()) == []
        sky.clean()
        assert sky.left() == NOTHING_LEFT


@pytest.mark.parametrize("replica_class", ["source", "destination"])
def test_canary_goes_through_buckets_for_cold_objects(make_sky: MakeSky, replica_class: str) -> None:
    """Cold Archive objects are not replicated, and archived ones cannot be read."""
    sky = make_sky()
    sky.world.server.cloud.behaviour.replica_storage_class = replica_class
    sky.world.server.cloud.buckets[SOURCE].storage_class = "ColdArchive"
    sky.world.server.cloud.buckets[DESTINATION].storage_class = "Archive"
    assert kinds(sky.fly()) == []
    sky.clean()
    assert sky.left() == NOTHING_LEFT


# --- what goes wrong -------------------------------------------------------------------------------------------------


@VERSIONED
@pytest.mark.parametrize("stage", ["write", "overwrite"])
def test_delay(make_sky: MakeSky, versioned: bool, stage: str) -> None:
    sky = make_sky(versioned=versioned)
    flight = sky.fly_to(stage)
    sky.faults.stalled.add(SOURCE)
    ended = sky.step(flight, seconds=TOO_LATE)
    assert kinds(ended) == [("delay", "lagging")]
    assert "15 minutes" in ended.findings[0].cause
    assert ended.measures["canary"] == "failed"


@VERSIONED
def test_delayed_delete(make_sky: MakeSky, versioned: bool) -> None:
    sky = make_sky(versioned=versioned, replication_policy="add_delete_change")
    flight = sky.fly_to("delete")
    sky.faults.stalled.add(SOURCE)
    assert kinds(sky.step(flight, seconds=TOO_LATE)) == [("delay", "lagging")]


@VERSIONED
def test_loss(make_sky: MakeSky, versioned: bool) -> None:
    sky = make_sky(versioned=versioned)
    sky.faults.lost.add((SOURCE, ANY_CANARY))
    flight = sky.launch()
    assert sky.step(flight).canary is not None, "nothing is lost before the deadline"
    ended = sky.step(flight, seconds=TOO_LATE)
    assert kinds(ended) == [("loss", "broken")]
    assert ended.findings[0].found["key"] in ended.findings[0].cause


@VERSIONED
@pytest.mark.parametrize("stage", ["write", "overwrite"])
def test_corruption(make_sky: MakeSky, versioned: bool, stage: str) -> None:
    sky = make_sky(versioned=versioned)
    flight = sky.fly_to(stage)
    sky.faults.corrupted.add((SOURCE, ANY_CANARY))
    assert kinds(sky.step(flight)) == [("corruption", "broken")]


def test_headers_alone_prove_nothing(make_sky: MakeSky, monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrives is read and compared byte by byte."""
    sky = make_sky()
    flight = sky.launch()
    monkeypatch.setattr("oss_crr.hooks.oss_objects.OssObjects.get_object", lambda *_: b"something else")
    assert kinds(sky.step(flight)) == [("corruption", "broken")]


@VERSIONED
def test_stale_overwrite(make_sky: MakeSky, versioned: bool) -> None:
    sky = make_sky(versioned=versioned)
    sky.faults.stale.add((SOURCE, ANY_CANARY))
    flight = sky.fly_to("overwrite")
    assert sky.step(flight).canary is not None
    assert kinds(sky.step(flight, seconds=TOO_LATE)) == [("stale_overwrite", "broken")]


@pytest.mark.parametrize(
    ("versioned", "policy"), [(False, "add_delete_change"), (True, "add_delete_change"), (True, "add_change")]
)
def test_delete_that_does_not_travel(make_sky: MakeSky, versioned: bool, policy: str) -> None:
    """Delete markers travel under both policies."""
    sky = make_sky(versioned=versioned, replication_policy=policy)
    sky.faults.drops_deletes.add(SOURCE)
    ended = sky.step(sky.fly_to("delete"), seconds=TOO_LATE)
    assert kinds(ended) == [("delete_not_propagated", "broken")]


def test_deleted_version_that_does_not_travel(make_sky: MakeSky) -> None:
    sky = make_sky(versioned=True, replication_policy="add_delete_change")
    flight = sky.fly_to("delete_version")
    sky.faults.drops_deletes.add(SOURCE)
    assert kinds(sky.step(flight, seconds=TOO_LATE)) == [("delete_not_propagated", "broken")]


@VERSIONED
def test_delete_that_travels_against_the_rule(make_sky: MakeSky, versioned: bool) -> None:
    sky = make_sky(versioned=versioned)
    sky.faults.delivers_deletes.add(SOURCE)
    ended = sky.fly()
    assert kinds(ended) == [("delete_against_rule", "broken")]
    assert "add_change" in ended.findings[0].cause


@VERSIONED
def test_delete_against_the_rule_that_comes_late_is_still_seen(make_sky: MakeSky, versioned: bool) -> None:
    """As long as the watermark has not passed the deletion, nothing is proven."""
    sky = make_sky(versioned=versioned)
    sky.faults.delivers_deletes.add(SOURCE)
    flight = sky.fly_to("delete_version" if versioned else "delete")
    sky.faults.stalled.add(SOURCE)
    waiting = sky.step(flight, seconds=20)
    assert (waiting.findings, waiting.canary is not None) == ((), True)
    sky.faults.stalled.clear()
    assert kinds(sky.step(waiting, seconds=5)) == [("delete_against_rule", "broken")]


def test_watermark_that_stays_does_not_hold_a_flight_up_for_ever(make_sky: MakeSky) -> None:
    """In a bucket that nobody else writes to, the watermark may stay at the last write."""
    sky = make_sky()
    sky.world.server.cloud.behaviour.watermark_moves_when_idle = False
    flight = sky.fly_to("delete")
    waiting = sky.step(flight, seconds=40)
    assert waiting.canary is not None
    assert sky.step(waiting, seconds=40).measures["canary"] == "passed"


@VERSIONED
def test_somebody_else_deletes_the_replica(make_sky: MakeSky, versioned: bool) -> None:
    sky = make_sky(versioned=versioned)
    flight = sky.fly_to("overwrite")
    sky.world.replicate()
    key = sky.left()[DESTINATION][0]
    sky.world.bucket(DESTINATION).delete_object(key)
    assert kinds(sky.step(flight, seconds=TOO_LATE)) == [("loss", "broken")]


# --- pairs that get no canary ----------------------------------------------------------------------------------------


def test_pairs_that_do_not_allow_it_get_none(make_sky: MakeSky) -> None:
    sky = make_sky(settings=VerifySettings(canary=False))
    sky.world.reset_calls()
    flight = sky.launch()
    assert (kinds(flight), flight.measures) == ([], {"canary": "none: switched off"})
    assert sky.world.calls()["writes"] == 0


@pytest.mark.parametrize("bucket", [SOURCE, DESTINATION])
def test_retention_on_either_side_forbids_it(make_sky: MakeSky, bucket: str) -> None:
    sky = make_sky()
    sky.world.bucket(bucket).init_bucket_worm(30)
    flight = sky.launch()
    assert (kinds(flight), flight.measures) == (
        [],
        {"canary": "none: retention keeps test objects from being deleted"},
    )
    assert sky.left() == NOTHING_LEFT


def test_folder_outside_of_the_prefixes_is_named(make_sky: MakeSky) -> None:
    sky = make_sky(prefixes=["logs/"], settings=VerifySettings(canary_prefix="tmp/"))
    flight = sky.launch()
    assert kinds(flight) == [("prefix", "unknown")]
    assert "verify.canary_prefix" in flight.findings[0].repair
    assert sky.left() == NOTHING_LEFT


def test_pair_without_a_running_rule_gets_none(make_sky: MakeSky) -> None:
    sky = make_sky()
    sky.world.server.cloud.behaviour.rule_close_seconds = 100
    sky.world.bucket().delete_bucket_replication(sky.rule_id)
    assert sky.launch().measures == {"canary": "none: the rule is closing"}


def test_refused_write_is_named(make_sky: MakeSky) -> None:
    sky = make_sky()
    deny: dict[str, Any] = {
        "Effect": "Deny",
        "Action": ["oss:PutObject"],
        "Principal": ["*"],
        "Resource": [f"acs:oss:*:*:{SOURCE}/*"],
        "Condition": {"StringNotEquals": {"acs:UserAgent": "nobody"}},
    }
    sky.world.bucket().put_bucket_policy(json.dumps({"Version": "1", "Statement": [deny]}))
    flight = sky.launch()
    assert kinds(flight) == [("refused", "unknown")]
    assert "oss:PutObject" in flight.findings[0].cause
