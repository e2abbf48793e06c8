"""Which statements of a bucket policy stop a replication role."""

from __future__ import annotations

from typing import Any

import pytest

from oss_crr.denials import (
    DESTINATION_ACTIONS,
    SOURCE_ACTIONS,
    denials,
    describe_denial,
    misspelt_principals,
    role_principal,
)

UID = "1111111111111111"
ROLE = "Crr-Role"
PRINCIPAL = f"arn:sts::{UID}:assumed-role/crr-role/*"
DENY: dict[str, Any] = {
    "Effect": "Deny",
    "Action": ["oss:PutObject"],
    "Principal": [PRINCIPAL],
    "Resource": ["acs:oss:*:2:dst/*"],
}


def found(*statements: dict[str, Any], actions: tuple[str, ...] = DESTINATION_ACTIONS) -> list[dict[str, Any]]:
    return denials({"Version": "1", "Statement": list(statements)}, UID, ROLE, actions, "dst")


def denied(**changes: Any) -> bool:
    """Tell whether the statement, with some elements changed, is found."""
    statement = {key: value for key, value in {**DENY, **changes}.items() if value is not None}
    return found(statement) == [statement]


def test_role_is_named_in_lower_case() -> None:
    assert role_principal(UID, ROLE) == PRINCIPAL


@pytest.mark.parametrize(
    "principal",
    [
        [PRINCIPAL],
        PRINCIPAL,
        ["3", PRINCIPAL],
        "*",
        [],
        None,
        UID,
        f"arn:sts::{UID}:assumed-role/*",
        f"arn:sts::{UID}:assumed-role/crr-*/*",
        "arn:sts::*:assumed-role/crr-role/*",
    ],
)
def test_denial_to_the_role(principal: object) -> None:
    assert denied(Principal=principal)


@pytest.mark.parametrize(
    "principal",
    [
        "3",
        f"arn:sts::{UID}:assumed-role/other/*",
        f"arn:sts::{UID}:assumed-role/Crr-Role/*",
        "arn:sts::2222222222222222:assumed-role/crr-role/*",
        f"arn:sts::{UID}:assumed-role/crr-role/somebody",
    ],
)
def test_denial_to_somebody_else(principal: str) -> None:
    assert not denied(Principal=principal)


@pytest.mark.parametrize(
    "action", ["oss:PutObject", "OSS:putobject", "oss:Put*", "oss:*", "*", ["oss:GetBucketAcl", "oss:ReplicatePut"]]
)
def test_denial_of_an_action_that_matters(action: object) -> None:
    assert denied(Action=action)


@pytest.mark.parametrize("action", ["oss:DeleteObject", "oss:PutBucketPolicy", "oss:Put", "oss.PutObject", []])
def test_denial_of_an_action_that_does_not_matter(action: object) -> None:
    assert not denied(Action=action)


def test_reading_matters_at_the_source() -> None:
    reading = {**DENY, "Action": "oss:GetObject"}
    assert found(reading, actions=SOURCE_ACTIONS) == [reading]
    assert found(DENY, actions=SOURCE_ACTIONS) == []


@pytest.mark.parametrize(
    "resource",
    [
        "*",
        "acs:oss:*:2:*",
        "acs:oss:*:2:dst",
        "acs:oss:*:2:dst/logs/*",
        "acs:oss:*:2:d*",
        ["acs:oss:*:2:other", "acs:oss:*:2:dst/*"],
        "acs:oss:*:2:dst/10:30/*",
    ],
)
def test_denial_on_the_bucket(resource: object) -> None:
    assert denied(Resource=resource)


@pytest.mark.parametrize("resource", ["acs:oss:*:2:other/*", "acs:oss:*:2:dst-2", "acs:oss:*:2:other/x:dst", [], None])
def test_denial_on_another_bucket(resource: object) -> None:
    assert not denied(Resource=resource)


def test_allowing_is_no_denial() -> None:
    assert not denied(Effect="Allow")


def test_no_policy_denies_nothing() -> None:
    assert denials(None, UID, ROLE, DESTINATION_ACTIONS, "dst") == []


def test_all_denials_are_found_in_order() -> None:
    first, second = {**DENY, "Sid": "1"}, {**DENY, "Sid": "2", "Condition": {"Bool": {"acs:SecureTransport": "false"}}}
    assert found(first, {**DENY, "Effect": "Allow"}, second) == [first, second]


def test_description_says_where_what_and_what_to_do() -> None:
    assert describe_denial({**DENY, "Action": ["oss:Put*", "oss:Get*"]}, "dst") == (
        "bucket policy of `dst` denies oss:Put*, oss:Get* to the role: take the role out of that statement"
    )
    conditional = {**DENY, "Action": "oss:*", "Condition": {"Bool": {"acs:SecureTransport": "false"}}}
    assert "denies oss:* to the role under a condition" in describe_denial(conditional, "dst")


# --- spelling --------------------------------------------------------------------------------------------------------


def misspelt(*statements: dict[str, Any]) -> list[str]:
    return misspelt_principals({"Version": "1", "Statement": list(statements)}, UID, ROLE)


WRONG = f"arn:sts::{UID}:assumed-role/Crr-Role/*"
ALLOW = {**DENY, "Effect": "Allow"}


def test_role_in_other_case_is_found() -> None:
    assert misspelt({**ALLOW, "Principal": ["3", WRONG]}) == [WRONG]
    assert misspelt({**ALLOW, "Principal": WRONG.replace("/*", "/session")}) == [WRONG.replace("/*", "/session")]


@pytest.mark.parametrize("principal", [PRINCIPAL, WRONG.replace("Role/", "Other/"), "*", "ABC", {"RAM": [WRONG]}])
def test_other_principals_are_not_misspelt(principal: object) -> None:
    assert misspelt({**ALLOW, "Principal": principal}) == []


def test_leftover_beside_the_right_name_does_no_harm() -> None:
    assert misspelt({**ALLOW, "Principal": [WRONG]}, {**ALLOW, "Principal": [PRINCIPAL]}) == []


def test_name_in_a_denial_is_no_grant() -> None:
    assert misspelt({**DENY, "Principal": [WRONG]}) == []
    assert misspelt({**ALLOW, "Principal": [WRONG]}, {**DENY, "Principal": [PRINCIPAL]}) == [WRONG]


def test_no_policy_misspells_nothing() -> None:
    assert misspelt_principals(None, UID, ROLE) == []
