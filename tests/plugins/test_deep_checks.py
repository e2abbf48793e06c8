"""Checks on what is going to be written: edges that are awkward to bring about in a cloud."""

from __future__ import annotations

from typing import Any

import pytest

from oss_crr.deep_checks import DeepFacts, check_deep
from oss_crr.errors import NotFound, PermissionDenied, ServiceUnavailable
from oss_crr.model import AccountSummary, Retention, Rule
from oss_crr.preflight import Check
from oss_crr.rule_quota import PUBLISHED
from tests.plugins.fake_cloud import DESTINATION_UID, SOURCE_UID, make_resolved, make_rule

KMS = {"replicate_kms_objects": True, "kms_instance_id": "kst-1"}
SYSTEM = {"role_permissions": "AliyunOSSFullAccess"}


def policy_quota(left: int, **fields: Any) -> str | None:
    """Return the status of the check for an account with room for some more policies; None when it is not made."""
    pair = make_resolved(**fields)
    writes = {"role", "source_grant", *(["kms_role_grant"] if pair.replicates_kms_objects else [])}
    quotas = AccountSummary(roles=1, roles_quota=10, policies=20 - left, policies_quota=20)
    checks = check_deep(DeepFacts(pair, frozenset(writes), quotas=quotas))
    return next((check.status for check in checks if check.name == "policy quota"), None)


@pytest.mark.parametrize(
    ("fields", "left", "status"),
    [
        ({}, 1, "ok"),
        ({}, 0, "blocks"),
        (KMS, 2, "ok"),
        (KMS, 1, "blocks"),
        (SYSTEM, 0, None),
        ({**KMS, **SYSTEM}, 0, "blocks"),
        ({**KMS, **SYSTEM, "kms_permissions": "AliyunKMSCryptoUserAccess"}, 0, None),
    ],
)
def test_quota_has_to_leave_room_for_the_policies_that_are_created(
    fields: dict[str, Any], left: int, status: str | None
) -> None:
    assert policy_quota(left, **fields) == status


def checks_of(fields: dict[str, Any] | None = None, writes: tuple[str, ...] = ("rule",), **facts: Any) -> list[Check]:
    return check_deep(DeepFacts(make_resolved(**(fields or {})), frozenset(writes), **facts))


def statuses(checks: list[Check]) -> dict[str, str]:
    return {check.name: check.status for check in checks}


def rules(*targets: str) -> tuple[Rule, ...]:
    return tuple(make_rule(make_resolved(), id=f"r-{target}", destination_bucket=target) for target in targets)


def denial(resource: str, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Deny", "Action": ["oss:*"], "Principal": ["*"], "Resource": [resource], **more}
    return {"Version": "1", "Statement": [statement]}


def test_all_is_well() -> None:
    assert statuses(checks_of({"replication_policy": "add_delete_change"})) == {
        "source denials": "ok",
        "source rule slots": "ok",
        "source lifecycle": "ok",
        "destination denials": "ok",
        "destination rule slots": "ok",
        "destination retention": "ok",
    }


@pytest.mark.parametrize(
    ("fields", "side"),
    [
        ({"destination_conn_id": None, "destination_uid": DESTINATION_UID}, "source"),
        ({"source_conn_id": None, "source_uid": SOURCE_UID, "role_name": "r"}, "destination"),
    ],
)
def test_side_without_a_connection_is_not_judged(fields: dict[str, Any], side: str) -> None:
    assert {name.partition(" ")[0] for name in statuses(checks_of(fields))} == {side}


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("source_policy", "source denials"),
        ("destination_policy", "destination denials"),
        ("source_rules", "source rule slots"),
        ("destination_rules", "destination rule slots"),
        ("retention", "destination retention"),
        ("deleting_lifecycle_rules", "source lifecycle"),
        ("quotas", "ram quotas"),
    ],
)
@pytest.mark.parametrize(
    ("error", "status", "retryable"),
    [
        (PermissionDenied("no right"), "warning", False),
        (NotFound("gone"), "warning", False),
        (ServiceUnavailable("cut"), "blocks", True),
    ],
)
def test_what_cannot_be_read_warns_unless_another_try_may_help(
    field: str, name: str, error: Exception, status: str, retryable: bool
) -> None:
    facts: dict[str, Any] = {field: error}
    checks = checks_of({"replication_policy": "add_delete_change"}, **facts)
    (check,) = [check for check in checks if check.name == name]
    assert (check.status, check.retryable) == (status, retryable)
    assert str(error) in check.found


@pytest.mark.parametrize(("count", "status"), [(0, "ok"), (PUBLISHED - 1, "ok"), (PUBLISHED, "blocks")])
def test_rule_slots(count: int, status: str) -> None:
    many = rules(*(f"target-{number}" for number in range(count)))
    assert statuses(checks_of(source_rules=many))["source rule slots"] == status
    assert statuses(checks_of(destination_rules=many))["destination rule slots"] == status


def test_rule_slots_do_not_matter_where_no_rule_is_written() -> None:
    found = statuses(checks_of(writes=("destination_grant",)))
    assert not {"source rule slots", "destination rule slots"} & set(found)


def test_circles_and_chains() -> None:
    found = statuses(checks_of(destination_rules=rules("src", "elsewhere", "src")))
    assert (found["two-way replication"], found["chained replication"]) == ("warning", "warning")
    assert "two-way replication" not in statuses(checks_of(destination_rules=rules("elsewhere")))
    assert "chained replication" not in statuses(checks_of(destination_rules=rules("src")))


@pytest.mark.parametrize(
    ("resource", "prefixes", "status"),
    [
        ("acs:oss:*:1:src/*", [], "blocks"),
        ("acs:oss:*:1:src/private/*", [], "blocks"),
        ("acs:oss:*:1:src/private/*", ["logs/"], "ok"),
        ("acs:oss:*:1:src/logs/secret/*", ["logs/"], "blocks"),
        ("acs:oss:*:1:src/lo*", ["logs/"], "blocks"),
        ("acs:oss:*:1:src/lo", ["logs/"], "ok"),
        ("acs:oss:*:1:src", ["logs/"], "blocks"),
        ("acs:oss:*:1:other/*", [], "ok"),
    ],
)
def test_denials_matter_where_they_meet_the_prefixes(resource: str, prefixes: list[str], status: str) -> None:
    checks = checks_of({"prefixes": prefixes}, source_policy=denial(resource))
    assert statuses(checks)["source denials"] == status


def test_denial_under_a_condition_warns() -> None:
    conditional = denial("acs:oss:*:1:src/*", Condition={"Bool": {"acs:SecureTransport": ["false"]}})
    assert statuses(checks_of(source_policy=conditional))["source denials"] == "warning"


@pytest.mark.parametrize(
    ("principal", "action", "status"),
    [
        (f"acs:ram::{SOURCE_UID}:role/Role-A", "kms:Decrypt", "blocks"),
        (f"acs:ram::{SOURCE_UID}:role/role-a", "kms:GenerateDataKey", "blocks"),
        (f"acs:ram::{SOURCE_UID}:*", "kms:*", "blocks"),
        (f"acs:ram::{SOURCE_UID}:root", "*", "blocks"),
        (f"acs:ram::{SOURCE_UID}:role/Role-B", "kms:*", "ok"),
        (f"acs:ram::{DESTINATION_UID}:*", "kms:*", "ok"),
        (f"acs:ram::{SOURCE_UID}:*", "kms:Encrypt", "ok"),
    ],
)
def test_denials_of_the_key_policy(principal: str, action: str, status: str) -> None:
    statement = {"Effect": "Deny", "Action": [action], "Principal": {"RAM": [principal]}, "Resource": ["*"]}
    checks = checks_of({"role_name": "Role-A"}, key_policy={"Version": "1", "Statement": [statement]})
    assert statuses(checks)["key denials"] == status


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        (["acs:SourceIp"], "blocks"),
        (["acs:sourceip", "acs:UserAgent"], "blocks"),
        (["acs:SourceIp", "acs:SourceVpc"], "ok"),
        (["acs:UserAgent"], "ok"),
    ],
)
def test_source_ip_needs_source_vpc_in_a_policy_that_changes(keys: list[str], status: str) -> None:
    condition = {"StringLike": {key: ["x"] for key in keys}}
    document = denial("acs:oss:*:2:dst/*", Effect="Allow", Condition=condition)
    changing = checks_of(writes=("destination_grant",), destination_policy=document)
    assert statuses(changing)["source ip conditions"] == status
    assert "source ip conditions" not in statuses(checks_of(destination_policy=document))


def test_retention_and_lifecycle_warn() -> None:
    deletes = {"replication_policy": "add_delete_change"}
    found = statuses(checks_of(deletes, retention=Retention("Locked", 30), deleting_lifecycle_rules=2))
    assert (found["destination retention"], found["source lifecycle"]) == ("warning", "warning")
    assert "source lifecycle" not in statuses(checks_of(deleting_lifecycle_rules=2))
