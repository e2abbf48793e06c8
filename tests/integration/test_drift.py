"""What a verification reads, how it treats pairs that share or cannot be reached, and how a repair is planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from localcloud.server import LocalCloudServer
from oss_crr.pair import BucketPair, parse_pair
from oss_crr.verification.drift import DriftResult, find_drift
from oss_crr.verification.model import Finding
from oss_crr.verification.repair import plan_repair, repair
from tests.integration.drift_cases import CASES
from tests.integration.drifting import DESTINATION, SETTINGS, SOURCE, STRANGER_UID, Hands, drift_config
from tests.integration.world import DESTINATION_UID, SOURCE_UID, World


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    """Return one cloud for all tests; each begins anew in it."""
    with LocalCloudServer(drift_config()) as server:
        yield server


def keys(result: DriftResult) -> set[tuple[str, str]]:
    """Return part and field of a result's findings."""
    return {finding.key for finding in result.findings}


def reads(hands: Hands, pairs: list[BucketPair]) -> dict[str, int]:
    """Return how often each API is called to verify pairs that are in order."""
    hands.world.reset_calls()
    results = find_drift(hands.world.accounts, pairs)
    assert [result.findings for result in results] == [()] * len(pairs)
    calls = hands.world.calls()
    assert calls["writes"] == 0
    counts: dict[str, int] = {}
    for row in calls["calls"]:
        counts[row["action"]] = counts.get(row["action"], 0) + row["count"]
    return counts


# --- reads -----------------------------------------------------------------------------------------------------------

#: With the progress that tells the lag, ten.
NINE = {
    "GetBucketInfo": 2,
    "GetBucketPolicy": 2,
    "GetBucketReplication": 1,
    "GetBucketWorm": 1,
    "GetRole": 1,
    "ListPoliciesForRole": 1,
    "GetPolicy": 1,
}


@pytest.mark.parametrize("setting", ["plain", "deletes", "prefixes", "rtc", "overseas", "versioned", "adopted"])
def test_a_healthy_pair_takes_nine_reads(server: LocalCloudServer, setting: str) -> None:
    hands = Hands(server, SETTINGS[setting])
    assert reads(hands, hands.pairs) == NINE


@pytest.mark.parametrize("setting", ["kms", "instance"])
def test_a_key_takes_four_more(server: LocalCloudServer, setting: str) -> None:
    hands = Hands(server, SETTINGS[setting])
    key = {"DescribeKey": 1, "GetKmsInstance": 1, "GetKeyPolicy": 1, "GetPolicy": 2}
    assert reads(hands, hands.pairs) == {**NINE, **key}


def test_what_pairs_share_is_read_once(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["shared"])
    assert reads(hands, hands.pairs) == {
        **NINE,
        "GetBucketInfo": 3,
        "GetBucketPolicy": 3,
        "GetBucketReplication": 2,
    }


def test_a_result_travels_as_json(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["prefixes"])
    hands.rule.prefixes = ("c/",)
    (found,) = hands.find()
    assert found.findings
    assert found.rule is not None
    assert DriftResult.from_dict(found.to_dict()) == found


# --- sharing ---------------------------------------------------------------------------------------------------------


def test_a_bucket_of_an_unknown_pair_is_no_right_too_much_while_it_has_a_rule(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["shared"])
    known = hands.pairs[:1]
    assert keys(find_drift(hands.world.accounts, known)[0]) == set()
    hands.bucket("crr-source-2").rules.clear()
    (found,) = find_drift(hands.world.accounts, known)
    assert keys(found) == {("source_grant", "extra_rights")}
    assert find_drift(hands.world.accounts, known, others=hands.pairs[1:])[0].findings == ()


def test_what_cannot_be_told_of_an_unknown_pair_is_said_and_left(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["shared"])
    hands.bucket("crr-source-2").owner_uid = STRANGER_UID
    hands.bucket("crr-source-2").rules.clear()
    (found,) = find_drift(hands.world.accounts, hands.pairs[:1])
    (finding,) = found.findings
    assert (finding.part, finding.field) == ("source_grant", "extra_bucket:crr-source-2")
    assert (finding.severity, finding.repairable) == ("unknown", False)


def test_removing_from_a_shared_statement_leaves_the_other_pair_what_it_needs(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["shared"])
    before = hands.meaning()
    CASES["source policy with an action more"].change(hands)
    CASES["statement with every action"].change(hands)
    drifts = hands.find()
    assert [keys(drift) for drift in drifts] == [
        {("source_grant", "extra_rights"), ("destination_grant", "extra_rights")}
    ] * 2
    repair(hands.world.accounts, drifts[:1], remove_extra=True)
    assert hands.findings() == []
    assert hands.meaning() == before


# --- access ----------------------------------------------------------------------------------------------------------


def test_a_pair_that_cannot_be_reached_disturbs_no_other(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["plain"])
    lost = replace(hands.pairs[0], source_conn_id="oss_nobody", label="lost")
    unreachable, healthy = find_drift(hands.world.accounts, [lost, *hands.pairs])
    assert healthy.findings == ()
    (finding,) = unreachable.findings
    assert (finding.part, finding.field, finding.severity) == ("access", "source_connection", "unknown")
    assert "LTAI" not in str(finding.to_dict())


def test_an_endpoint_that_does_not_answer_is_given_up_and_named_once(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["plain"])
    hands.world.control("POST", "faults", json={"product": "oss", "account": SOURCE_UID, "cut": True})
    (found,) = hands.find()
    assert keys(found) == {("access", "source_bucket")}
    assert found.findings[0].found["retryable"]


def test_the_owners_of_buckets_are_compared_with_what_is_known_of_them(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["plain"])
    (pair,) = hands.pairs
    settings = {"oss_destination": {"account_uid": STRANGER_UID}, "oss_source": {"account_uid": STRANGER_UID}}
    elsewhere = World(server, "user", settings)
    (found,) = find_drift(elsewhere.accounts, [pair])
    assert {("source_bucket", "owner"), ("destination_bucket", "owner")} <= keys(found)
    (found,) = find_drift(hands.world.accounts, [replace(pair, destination_uid=STRANGER_UID)])
    assert keys(found) == {("destination_bucket", "owner")}
    restricted = World(server, "user", {"oss_source": {"allowed_destination_uids": frozenset({STRANGER_UID})}})
    (found,) = find_drift(restricted.accounts, [pair])
    assert keys(found) == {("destination_bucket", "allowed_owner")}
    hands.delete_bucket_policy(DESTINATION)
    hands.world.reset_calls()
    drifts = find_drift(restricted.accounts, [pair])
    (outcome,) = repair(restricted.accounts, drifts, remove_extra=True)
    assert outcome.result == "left to a person"
    assert hands.write_actions() == set()


def test_a_repair_writes_nothing_with_another_account(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["plain"])
    hands.delete_bucket_policy(DESTINATION)
    (drift,) = hands.find()
    assert drift.resolved is not None
    hands.world.reset_calls()
    moved = replace(drift, resolved=replace(drift.resolved, destination_uid=STRANGER_UID))
    (outcome,) = repair(hands.world.accounts, [moved], remove_extra=False)
    assert outcome.error is not None
    assert outcome.error["type"] == "CredentialsError"
    assert hands.write_actions() == set()


def one_side(side: str) -> BucketPair:
    """Return the pair as the owner of one account alone sees it."""
    uids = {"source_uid": SOURCE_UID, "destination_uid": DESTINATION_UID}
    other = "destination" if side == "source" else "source"
    plain = World.pair()
    return parse_pair({**plain.to_dict(), "role_name": plain.role, f"{other}_conn_id": "", **uids})


@pytest.mark.parametrize("side", ["source", "destination"])
def test_one_side_alone_sees_its_own_part(server: LocalCloudServer, side: str) -> None:
    hands = Hands(server, SETTINGS["plain"])
    pair = one_side(side)
    assert find_drift(hands.world.accounts, [pair])[0].findings == ()
    hands.delete_rule()
    hands.delete_bucket_policy(DESTINATION)
    expected = {"source": {("rule", "exists")}, "destination": {("destination_grant", "policy")}}
    drifts = find_drift(hands.world.accounts, [pair])
    assert keys(drifts[0]) == expected[side]
    if side == "destination":
        repair(hands.world.accounts, drifts, remove_extra=False)
        assert find_drift(hands.world.accounts, [pair])[0].findings == ()


# --- plan ------------------------------------------------------------------------------------------------------------


def test_a_plan_shows_the_documents_and_writes_nothing(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["plain"])
    hands.delete_bucket_policy(DESTINATION)
    hands.attach("AliyunOSSFullAccess")
    drifts = hands.find()
    hands.world.reset_calls()
    (outcome,) = plan_repair(hands.world.accounts, drifts, remove_extra=False)
    assert hands.write_actions() == set()
    assert outcome.result == "planned"
    (step,) = outcome.details["steps"]
    assert step["step"] == "repair_destination_grant"
    (change,) = step["details"]["changes"]
    assert change["before"] is None
    assert hands.principal in str(change["after"])
    assert [item["field"] for item in outcome.details["left"]] == ["extra_policy:AliyunOSSFullAccess"]
    (outcome,) = plan_repair(hands.world.accounts, drifts, remove_extra=True)
    assert [step["step"] for step in outcome.details["steps"]] == ["repair_destination_grant", "detach_policies"]


def test_a_rule_that_is_put_again_notes_the_same_for_teardown(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["replace"])
    noted = f"{hands.rule.id}-added-d"
    hands.bucket(SOURCE).rules[noted] = hands.bucket(SOURCE).rules.pop(hands.rule.id)
    hands.rule.id = noted
    hands.rule.prefixes = ("a/",)
    drifts = hands.find()
    for _ in range(2):
        outcomes = repair(hands.world.accounts, drifts, remove_extra=False)
        hands.world.replicate()
    assert [outcome.error for outcome in outcomes] == [None]
    assert hands.rule.id == noted
    assert hands.findings() == []


def test_a_rule_that_was_gone_notes_what_can_be_known(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["full"])
    before = hands.rule.id
    hands.delete_rule()
    hands.repair()
    assert hands.rule.id == before


def test_a_finding_says_all_that_is_to_be_known(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["plain"])
    CASES["statement without an action"].change(hands)
    (finding,) = hands.findings()
    assert isinstance(finding, Finding)
    assert finding.pair == hands.pairs[0].name
    assert finding.severity == "broken"
    assert finding.repairable
    assert not finding.extra
    assert finding.expected["Principal"] == hands.principal
    assert finding.found["missing"][0]["Action"] == ["oss:ReplicatePut"]
    assert finding.repair
