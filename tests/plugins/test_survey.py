"""What preflight reads: each thing once, and nothing is written."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from oss_crr.errors import (
    ConnectionSetupError,
    CredentialsError,
    NotFound,
    PermissionDenied,
    ServiceUnavailable,
    Throttled,
)
from oss_crr.outcome import Outcome
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.resources.base import Accounts
from oss_crr.resources.registry import RESOURCES
from oss_crr.survey import Survey, survey
from tests.plugins.fake_cloud import FakeCloud, make_pair, make_resolved, make_rule

PAIR = make_pair()


@pytest.fixture
def cloud() -> FakeCloud:
    """Return two accounts that refuse every write."""
    made = FakeCloud()
    made.forbid_writes()
    return made


def look(cloud: FakeCloud, *pairs: BucketPair) -> list[Survey]:
    return survey(cloud.accounts, pairs or (PAIR,), tuple(RESOURCES.values()))


def look_at_one(cloud: FakeCloud) -> Survey:
    (found,) = look(cloud)
    return found


def error_of(outcome: Outcome) -> tuple[str, str]:
    assert outcome.error is not None
    return outcome.error["type"], outcome.error["message"]


# --- a pair in order -------------------------------------------------------------------------------------------------


def test_new_pair(cloud: FakeCloud) -> None:
    found = look_at_one(cloud)
    assert not [check for check in found.checks if check.blocks]
    assert found.resolved == make_resolved()
    assert {name: [change.kind for change in plan.changes] for name, plan in found.plans.items()} == {
        "role": ["create"],
        "source_grant": ["create", "create"],
        "destination_grant": ["create"],
        "rule": ["create"],
    }


def test_new_pair_takes_few_reads(cloud: FakeCloud) -> None:
    look(cloud)
    assert Counter(cloud.source.journal.actions) == Counter(
        [
            *("GetBucketInfo", "GetBucketReplicationLocation", "GetRole", "GetPolicy", "GetBucketReplication"),
            *("GetBucketPolicy", "GetAccountSummary"),
        ]
    )
    assert Counter(cloud.destination.journal.actions) == Counter(
        ["GetBucketInfo", "GetBucketPolicy", "GetBucketReplication", "GetBucketWorm"]
    )


def test_outcome_is_what_later_tasks_need(cloud: FakeCloud) -> None:
    outcome = look_at_one(cloud).outcome("preflight")
    assert (outcome.pair, outcome.step, outcome.result, outcome.ok) == ("src → dst", "preflight", "passed", True)
    data = json.loads(json.dumps(outcome.to_dict()))
    assert ResolvedPair.from_dict(data["details"]["resolved"]) == make_resolved()
    assert data["details"]["plans"]["role"]["changes"][0]["after"]["Version"] == "1"
    assert {check["status"] for check in data["details"]["checks"]} == {"ok"}


def test_outcome_without_documents_is_light(cloud: FakeCloud) -> None:
    outcome = look_at_one(cloud).outcome("preflight", with_documents=False)
    changes = [change for plan in outcome.details["plans"].values() for change in plan["changes"]]
    assert changes
    assert {json.dumps([change["before"], change["after"]]) for change in changes} == {"[null, null]"}
    assert all(change["summary"] for change in changes)


# --- what blocks -----------------------------------------------------------------------------------------------------


def test_nothing_more_is_read_where_the_pair_itself_is_not_in_order(cloud: FakeCloud) -> None:
    del cloud.destination.storage.buckets["dst"]
    found = look_at_one(cloud)
    assert (found.plans, found.resolved) == ({}, None)
    assert not {"GetRole", "GetPolicy", "GetBucketPolicy", "GetBucketReplication"} & set(cloud.actions)
    kind, message = error_of(found.outcome("preflight"))
    assert kind == "PreflightError"
    assert message == ("1 of 9 checks block, nothing was written: destination bucket: bucket `dst` does not exist")


def test_credentials_that_do_not_work_are_tried_once(cloud: FakeCloud) -> None:
    cloud.source.answer = CredentialsError("unknown key")
    found = look_at_one(cloud)
    assert cloud.source.journal.actions == []
    assert cloud.destination.journal.actions == ["GetBucketInfo"]
    assert error_of(found.outcome("preflight"))[1].endswith("nothing was written: source identity: unknown key")


def test_missing_connection_is_a_check_like_others(cloud: FakeCloud) -> None:
    def get(conn_id: str) -> Any:
        if conn_id == "oss_source":
            raise ConnectionSetupError("connection `oss_source` does not exist")
        return cloud.destination

    (found,) = survey(Accounts(get), [PAIR], ())
    assert error_of(found.outcome("preflight"))[1].endswith("connection `oss_source` does not exist")


def test_different_rule_blocks(cloud: FakeCloud) -> None:
    cloud.src.rules = [make_rule(make_resolved(), historical_data=False)]
    found = look_at_one(cloud)
    assert [check.name for check in found.checks if check.blocks] == ["rule"]
    assert "historical_data is False, asked for True" in error_of(found.outcome("preflight"))[1]
    assert found.plans["rule"].changes[0].kind == "blocked"


def test_policy_that_would_grow_too_large_blocks(cloud: FakeCloud) -> None:
    cloud.dst.policy = json.dumps({"Version": "1", "Statement": [{"Effect": "Deny", "Sid": "x" * 4000}] * 4})
    assert [check.name for check in look_at_one(cloud).checks if check.blocks] == ["bucket policy size"]


@pytest.mark.parametrize(
    ("account", "action", "resource"),
    [
        ("source", "GetRole", "role"),
        ("source", "GetPolicy", "source_grant"),
        ("source", "GetBucketReplication", "rule"),
        ("destination", "GetBucketPolicy", "destination_grant"),
    ],
)
def test_unreadable_resource_blocks_with_its_name(cloud: FakeCloud, account: str, action: str, resource: str) -> None:
    getattr(cloud, account).journal.fail(action, PermissionDenied(f"may not {action}"))
    found = look_at_one(cloud)
    assert [(check.name, check.found) for check in found.checks if check.blocks] == [(resource, f"may not {action}")]
    assert set(found.plans) == {"role", "source_grant", "destination_grant", "rule"} - {resource}


def test_policy_that_nobody_can_parse_blocks(cloud: FakeCloud) -> None:
    cloud.dst.policy = "no JSON"
    kind, message = error_of(look_at_one(cloud).outcome("preflight"))
    assert (kind, "destination_grant: not JSON" in message) == ("PreflightError", True)


# --- is a retry worth it? --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "retryable"),
    [
        ({"GetRole": Throttled("slowly")}, True),
        ({"GetRole": Throttled("slowly"), "GetBucketReplication": ServiceUnavailable("cut")}, True),
        ({"GetRole": Throttled("slowly"), "GetBucketReplication": PermissionDenied("no")}, False),
        ({"GetRole": NotFound("gone")}, False),
    ],
)
def test_retry_helps_only_if_it_helps_all(cloud: FakeCloud, failures: dict[str, Exception], retryable: bool) -> None:
    for action, failure in failures.items():
        cloud.source.journal.fail(action, failure)
    outcome = look_at_one(cloud).outcome("preflight")
    assert not outcome.ok
    assert outcome.retryable is retryable
    assert error_of(outcome)[0] == ("ServiceUnavailable" if retryable else "PreflightError")


# --- many pairs ------------------------------------------------------------------------------------------------------


def test_pairs_are_judged_one_by_one(cloud: FakeCloud) -> None:
    cloud.add_bucket("src-2")
    cloud.add_bucket("src-3", versioning="Suspended")
    pairs = [make_pair(source_bucket=name) for name in ("src-1", "src-2", "src-3")]
    found = look(cloud, *pairs)
    assert [item.pair for item in found] == pairs
    assert [item.outcome("preflight").ok for item in found] == [False, True, False]
    assert [bool(item.plans) for item in found] == [False, True, False]


def test_what_pairs_share_is_read_once(cloud: FakeCloud) -> None:
    names = [f"src-{number}" for number in range(10)]
    for name in names:
        cloud.add_bucket(name)
    found = look(cloud, *(make_pair(source_bucket=name, role_name="shared") for name in names))
    assert all(item.outcome("preflight").ok for item in found)
    assert Counter(cloud.destination.journal.actions) == Counter(
        ["GetBucketInfo", "GetBucketPolicy", "GetBucketReplication", "GetBucketWorm"]
    )
    reads = Counter(cloud.source.journal.actions)
    assert (reads["GetRole"], reads["GetPolicy"], reads["GetAccountSummary"]) == (1, 1, 1)
    assert reads["GetBucketInfo"] == reads["GetBucketReplication"] == len(names)


def test_where_a_region_can_replicate_to_is_read_once(cloud: FakeCloud) -> None:
    names = [f"src-{number}" for number in range(10)]
    for name in names[1:]:
        cloud.add_bucket(name)
    found = look(cloud, *(make_pair(source_bucket=name) for name in names))
    assert [item.outcome("preflight").ok for item in found] == [False, *[True] * 9]
    assert Counter(cloud.source.journal.actions)["GetBucketReplicationLocation"] == 1


def test_a_bucket_that_does_not_tell_its_regions_speaks_for_no_other(cloud: FakeCloud) -> None:
    names = [f"src-{number}" for number in range(10)]
    for name in names:
        cloud.add_bucket(name)
    cloud.source.journal.fail("GetBucketReplicationLocation", PermissionDenied("not here"))
    found = look(cloud, *(make_pair(source_bucket=name) for name in names))
    assert [item.outcome("preflight").ok for item in found] == [False, *[True] * 9]
    assert "not here" in error_of(found[0].outcome("preflight"))[1]
    assert Counter(cloud.source.journal.actions)["GetBucketReplicationLocation"] == 10


def test_fan_out_reads_its_source_once(cloud: FakeCloud) -> None:
    for number in range(3):
        cloud.add_bucket(f"dst-{number}")
    look(cloud, *(make_pair(destination_bucket=f"dst-{number}") for number in range(3)))
    reads = Counter(cloud.source.journal.actions)
    assert reads["GetBucketInfo"] == reads["GetBucketReplicationLocation"] == reads["GetBucketReplication"] == 1


def test_no_pairs(cloud: FakeCloud) -> None:
    assert survey(cloud.accounts, [], tuple(RESOURCES.values())) == []


def test_bug_is_not_hidden(cloud: FakeCloud) -> None:
    cloud.source.journal.fail("GetRole", ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        look(cloud)
