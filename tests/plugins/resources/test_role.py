"""The replication role: created when missing, used as it is when it trusts OSS, never widened."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oss_crr import policy
from oss_crr.errors import PolicyError
from oss_crr.model import AttachedPolicy, RoleInfo
from oss_crr.resources.base import CREATED_BY
from oss_crr.resources.role import DESCRIPTION, Role, trusts_oss
from tests.plugins.fake_cloud import FakeCloud, make_resolved

PAIR = make_resolved()
SHARED = make_resolved(role_name="Shared")
TRUST = policy.render("trust_policy")["Statement"][0]


def role_that_trusts(*statements: dict[str, Any], name: str = "Shared", description: str = "") -> RoleInfo:
    return RoleInfo(name, f"acs:ram::1:role/{name}", description, json.dumps({"Statement": list(statements)}), 3600)


def test_missing_role_is_created(cloud: FakeCloud) -> None:
    role = Role()
    observed = role.observe(cloud.accounts, PAIR)
    (change,) = role.changes(PAIR, observed)
    assert (change.kind, change.summary) == ("create", f"role `{PAIR.pair.role}` does not exist")
    assert change.after == role.desired(PAIR)["trust_policy"]

    role.apply(cloud.accounts, [PAIR], observed)
    created = role.observe(cloud.accounts, PAIR)
    assert created is not None
    assert (created.name, created.description) == (PAIR.pair.role, DESCRIPTION)
    assert policy.parse(created.trust_policy) == policy.render("trust_policy")
    assert role.changes(PAIR, created) == ()
    assert role.origin(PAIR, created) == "in order"
    assert cloud.actions == ["GetRole", "CreateRole", "GetRole"]


def test_role_in_order_is_not_written(cloud: FakeCloud) -> None:
    cloud.ram.create_role(PAIR.pair.role, json.dumps({"Statement": [TRUST]}), "somebody's")
    observed = Role().observe(cloud.accounts, PAIR)
    cloud.forbid_writes()
    Role().apply(cloud.accounts, [PAIR], observed)
    assert Role().changes(PAIR, observed) == ()
    assert Role().origin(PAIR, observed) == "adopted"


def test_role_keeps_its_upper_case_name(cloud: FakeCloud) -> None:
    Role().apply(cloud.accounts, [SHARED], None)
    assert list(cloud.ram.roles) == ["Shared"]


def test_pairs_of_one_role_share_its_scope() -> None:
    other = make_resolved(source_bucket="src-2", role_name="Shared")
    assert Role().scope(SHARED) == Role().scope(other)
    assert Role().scope(PAIR) != Role().scope(SHARED)


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": ["acs:ram::1:root"]}},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}},
        {**TRUST, "Condition": {"StringEquals": {"sts:ExternalId": "x"}}},
    ],
)
def test_foreign_trust_policy_blocks_and_is_never_changed(cloud: FakeCloud, statement: dict[str, Any]) -> None:
    observed = role_that_trusts(statement)
    (change,) = Role().changes(SHARED, observed)
    assert change.kind == "blocked"
    assert "role `Shared` exists, but its trust policy does not let oss.aliyuncs.com assume it" in change.summary
    assert change.before == {"Statement": [statement]}
    assert change.after == policy.render("trust_policy")
    cloud.forbid_writes()
    Role().apply(cloud.accounts, [SHARED], observed)


def test_unreadable_trust_policy() -> None:
    broken = RoleInfo("Shared", "arn", "", "not json", 3600)
    with pytest.raises(PolicyError):
        Role().changes(SHARED, broken)


# --- trust -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Action": ["sts:AssumeRole"]},
        {"Action": "STS:assumerole"},
        {"Action": ["sts:TagSession", "sts:*"]},
        {"Action": "*"},
        {"Principal": {"Service": "oss.aliyuncs.com"}},
        {"Principal": {"Service": ["ecs.aliyuncs.com", "oss.aliyuncs.com"], "RAM": ["acs:ram::1:root"]}},
        {"Condition": {}},
    ],
)
def test_trust_in_other_words(changes: dict[str, Any]) -> None:
    assert trusts_oss({"Statement": [{**TRUST, **changes}]})


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [{**TRUST, "Effect": "Deny"}],
        [TRUST, {**TRUST, "Effect": "Deny"}],
        [{**TRUST, "Action": "sts:GetCallerIdentity"}],
        [{**TRUST, "Principal": "*"}],
        [{**TRUST, "Principal": {"RAM": ["oss.aliyuncs.com"]}}],
        [{key: value for key, value in TRUST.items() if key != "Principal"}],
    ],
)
def test_no_trust(statements: list[dict[str, Any]]) -> None:
    assert not trusts_oss({"Statement": statements})


def test_denial_of_another_service_is_no_concern() -> None:
    other = {**TRUST, "Effect": "Deny", "Principal": {"Service": ["ecs.aliyuncs.com"]}}
    assert trusts_oss({"Statement": [other, TRUST]})


# --- removal ---------------------------------------------------------------------------------------------------------


def test_own_role_is_removed(cloud: FakeCloud) -> None:
    Role().apply(cloud.accounts, [PAIR], None)
    Role().remove(cloud.accounts, [PAIR], Role().observe(cloud.accounts, PAIR))
    assert cloud.ram.roles == {}


def test_own_role_stays_while_something_is_attached(cloud: FakeCloud) -> None:
    Role().apply(cloud.accounts, [PAIR], None)
    cloud.ram.attached[PAIR.pair.role] = [AttachedPolicy("theirs", "Custom")]
    observed = Role().observe(cloud.accounts, PAIR)
    cloud.forbid_writes()
    Role().remove(cloud.accounts, [PAIR], observed)


@pytest.mark.parametrize("description", ["", "theirs", f"not {CREATED_BY}"])
def test_foreign_role_is_never_removed(cloud: FakeCloud, description: str) -> None:
    cloud.ram.roles["Shared"] = role_that_trusts(TRUST, description=description)
    cloud.forbid_writes()
    Role().remove(cloud.accounts, [SHARED], Role().observe(cloud.accounts, SHARED))


def test_removing_a_role_that_is_gone(cloud: FakeCloud) -> None:
    cloud.forbid_writes()
    Role().remove(cloud.accounts, [PAIR], None)
    assert cloud.actions == []
