"""Whom a statement of a bucket policy or key policy is about."""

from __future__ import annotations

import pytest

from oss_crr.policy import Statement
from oss_crr.verification.drift_role import wider_trust
from oss_crr.verification.shared_policies import RoleInPolicy, strangers
from tests.plugins.verification.test_restoring import PAIR

IN_BUCKET = RoleInPolicy.in_bucket(PAIR)
IN_KEY = RoleInPolicy.in_key(PAIR.with_key("acs:kms:cn-beijing:2222:key/k"))


def with_principal(role: RoleInPolicy, *names: str) -> Statement:
    """Return the pair's statement about others."""
    content = {"RAM": list(names)} if role is IN_KEY else list(names)
    return {**role.grant, "Principal": content}


@pytest.mark.parametrize(
    ("role", "name", "wide"),
    [
        (IN_BUCKET, "*", True),
        (IN_BUCKET, "1111", True),
        (IN_BUCKET, "arn:sts::1111:assumed-role/*/*", True),
        (IN_BUCKET, "arn:sts::1111:assumed-role/another/*", False),
        (IN_BUCKET, "2222", False),
        (IN_KEY, "*", True),
        (IN_KEY, "acs:ram::1111:*", True),
        (IN_KEY, "acs:ram::1111:root", True),
        (IN_KEY, "acs:ram::1111:role/*", True),
        (IN_KEY, "acs:ram::2222:*", False),
    ],
)
def test_principals_that_take_in_more_than_the_role(role: RoleInPolicy, name: str, *, wide: bool) -> None:
    assert role.wide(with_principal(role, role.principal, name)) == ([name] if wide else [])


def test_no_principal_at_all_is_everybody() -> None:
    assert IN_BUCKET.wide(with_principal(IN_BUCKET)) == ["*"]


def test_roles_of_pairs_are_no_strangers() -> None:
    names = (
        IN_BUCKET.principal,
        "arn:sts::9:assumed-role/oss-crr-x/*",
        "arn:sts::1111:assumed-role/shared/*",
        "arn:sts::1111:assumed-role/theirs/*",
        "204412345678901234",
    )
    statement = with_principal(IN_BUCKET, *names)
    assert strangers(statement, frozenset({"shared"})) == ([names[3]], [names[4]])


def test_a_role_in_other_letters_is_misspelt() -> None:
    capital = IN_BUCKET.principal.replace("oss-crr", "OSS-CRR")
    assert IN_BUCKET.misspelt([with_principal(IN_BUCKET, capital)]) == [capital]
    assert IN_BUCKET.misspelt([IN_BUCKET.grant]) == []


OSS = {"Service": ["oss.aliyuncs.com"]}


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": OSS}, {}),
        ({"Effect": "Allow", "Action": ["STS:assumerole"], "Principal": {"Service": "oss.aliyuncs.com"}}, {}),
        ({"Effect": "Deny", "Action": "*", "Principal": {"RAM": ["x"]}}, {}),
        ({"Effect": "Allow", "Action": "*", "Principal": OSS}, {"Action": ["*"]}),
        (
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {**OSS, "RAM": "acs:ram::3:root"}},
            {"Principal": {"RAM": ["acs:ram::3:root"]}},
        ),
        ({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}, {"Principal": {"": ["*"]}}),
    ],
)
def test_trust_that_is_wider_than_it_has_to_be(statement: Statement, found: dict[str, object]) -> None:
    assert wider_trust(statement) == found
