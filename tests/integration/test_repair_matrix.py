"""A repair brings back what was there, writes nothing else, and leaves to people what is theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.server import LocalCloudServer
from oss_crr.outcome import Outcome
from tests.integration.drift_cases import CASES, TWO, Case
from tests.integration.drifting import DESTINATION, SETTINGS, Hands, add_statement, drift_config
from tests.integration.world import DESTINATION_UID

#: What may be written to repair a part.
WRITES = {
    "role": {"CreateRole", "UpdateRole", "DetachPolicyFromRole"},
    "source_grant": {"CreatePolicy", "CreatePolicyVersion", "AttachPolicyToRole"},
    "kms_role_grant": {"CreatePolicy", "CreatePolicyVersion", "AttachPolicyToRole"},
    "destination_grant": {"PutBucketPolicy"},
    "kms_key": {"CreateKey", "CreateAlias"},
    "kms_key_grant": {"SetKeyPolicy"},
    "destination_bucket": {"PutBucketTransferAcceleration"},
    "rule": {"PutBucketReplication", "DeleteBucketReplication", "PutBucketRTC"},
}
REPAIRABLE = [case for case in CASES.values() if case.repairer != "person"]
EXTRA = [case for case in REPAIRABLE if case.repairer == "remove_extra"]
FOR_PEOPLE = [case for case in CASES.values() if case.repairer == "person"]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    """Return one cloud for all cases; each begins anew in it."""
    with LocalCloudServer(drift_config()) as server:
        yield server


def allowed_writes(case: Case) -> set[str]:
    """Return what a repair of the case may write."""
    return {action for part, _ in case.findings for action in WRITES.get(part, ())}


def repair_completely(hands: Hands, *, remove_extra: bool) -> list[Outcome]:
    """Repair; where a rule has to go first, wait until it is gone and repair again."""
    outcomes = hands.repair(remove_extra=remove_extra)
    if any(outcome.error and outcome.error["type"] == "RuleClosing" for outcome in outcomes):
        hands.world.replicate()
        outcomes = hands.repair(remove_extra=remove_extra)
    return outcomes


@pytest.mark.parametrize("case", REPAIRABLE, ids=lambda case: case.name)
def test_repair_brings_back_what_was_there(server: LocalCloudServer, case: Case) -> None:
    hands = Hands(server, SETTINGS[case.setting])
    before = hands.meaning()
    case.change(hands)
    hands.world.reset_calls()
    outcomes = repair_completely(hands, remove_extra=case.repairer == "remove_extra")
    written = hands.write_actions()
    assert [outcome.error for outcome in outcomes] == [None] * len(outcomes)
    assert any(outcome.changes for outcome in outcomes)
    assert hands.findings() == []
    assert written
    assert written <= allowed_writes(case)
    if case.restores:
        assert hands.meaning() == before


@pytest.mark.parametrize("case", EXTRA, ids=lambda case: case.name)
def test_rights_too_many_stay_unless_that_is_asked_for(server: LocalCloudServer, case: Case) -> None:
    hands = Hands(server, SETTINGS[case.setting])
    case.change(hands)
    extra = {finding.key for finding in hands.findings() if finding.extra}
    changed = hands.meaning()
    hands.world.reset_calls()
    hands.repair(remove_extra=False)
    assert {finding.key for finding in hands.findings()} == extra
    if extra == case.findings:
        assert hands.write_actions() == set()
        assert hands.meaning() == changed


@pytest.mark.parametrize("case", FOR_PEOPLE, ids=lambda case: case.name)
def test_what_is_a_persons_is_left_with_advice(server: LocalCloudServer, case: Case) -> None:
    hands = Hands(server, SETTINGS[case.setting])
    case.change(hands)
    found = hands.findings()
    hands.world.reset_calls()
    outcomes = hands.repair(remove_extra=True)
    left = {(item["part"], item["field"]) for outcome in outcomes for item in outcome.details["left"]}
    assert left == {finding.key for finding in found if not finding.repairable}
    assert all(item["repair"] for outcome in outcomes for item in outcome.details["left"])
    if not any(finding.repairable for finding in found):
        assert hands.write_actions() == set()
        assert {outcome.result for outcome in outcomes if outcome.details["left"]} == {"left to a person"}


@pytest.mark.parametrize("cases", TWO, ids=lambda cases: " + ".join(case.name for case in cases))
def test_two_changes_leave_only_what_is_a_persons(server: LocalCloudServer, cases: tuple[Case, Case]) -> None:
    hands = Hands(server, SETTINGS[cases[0].setting])
    for case in cases:
        case.change(hands)
    found = hands.findings()
    hands.world.reset_calls()
    outcomes = repair_completely(hands, remove_extra=True)
    written = hands.write_actions()
    forbidden = any(finding.field in ("exists", "region") and "bucket" in finding.part for finding in found)
    unreachable = any(finding.part == "access" for finding in found)
    if forbidden or unreachable:
        return
    errors = {outcome.error["type"] for outcome in outcomes if outcome.error}
    assert errors <= {"RuleClosing"}
    left = {item.key for item in found if not item.repairable or (errors and item.key == ("rule", "status"))}
    assert {finding.key for finding in hands.findings()} == left
    assert written <= allowed_writes(cases[0]) | allowed_writes(cases[1])


#: Statements of others beside the pair's, in the destination bucket's policy and in the key's.
FOREIGN: dict[str, dict[str, Any]] = {
    "destination_grant": {
        "Sid": "theirs",
        "Effect": "Allow",
        "Action": ["oss:GetObject"],
        "Principal": ["204412345678901234"],
        "Resource": [f"acs:oss:*:{DESTINATION_UID}:{DESTINATION}/reports/*"],
    },
    "kms_key_grant": {
        "Sid": "theirs",
        "Effect": "Allow",
        "Action": ["kms:Encrypt"],
        "Principal": {"RAM": [f"acs:ram::{DESTINATION_UID}:user/operator"]},
        "Resource": ["*"],
    },
}


def _leaves_others(case: Case, part: str) -> bool:
    """Tell whether a case is about a part alone, and took nothing of others out."""
    return case.restores and {found for found, _ in case.findings} == {part} and (part, "policy") not in case.findings


SHARED = [(part, case) for part in FOREIGN for case in REPAIRABLE if _leaves_others(case, part)]


@pytest.mark.parametrize(("part", "case"), SHARED, ids=[f"{part}-{case.name}" for part, case in SHARED])
def test_statements_of_others_stay_to_the_letter(server: LocalCloudServer, part: str, case: Case) -> None:
    hands = Hands(server, SETTINGS[case.setting])
    foreign = FOREIGN[part]
    if part == "destination_grant":
        hands.edit_bucket_policy(DESTINATION, add_statement(**foreign))
    else:
        hands.edit_key_policy(add_statement(**foreign))
    before = hands.statements(part)
    case.change(hands)
    repair_completely(hands, remove_extra=case.repairer == "remove_extra")
    after = hands.statements(part)
    others = [statement for statement in before if hands.role_name not in str(statement)]
    assert [statement for statement in after if hands.role_name not in str(statement)] == others
    assert foreign in others
    assert hands.findings() == []
