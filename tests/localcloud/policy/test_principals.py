"""Whom a statement is about."""

from __future__ import annotations

import pytest

from localcloud.identity import ANONYMOUS, Caller
from localcloud.policy.grammar import Statement, parse_policy
from localcloud.policy.principals import names_bucket_caller, names_identity, names_service
from tests.localcloud.documents import policy_document

ACCOUNT = Caller("account", "200")
USER = Caller("ram_user", "200", "alice", "2999")
ROLE = Caller("assumed_role", "200", "Replicator", "3999", "oss-replication")
OWNER = Caller("account", "100")
OWNERS_USER = Caller("ram_user", "100", "bob", "2111")


def bucket_statement(principal: object, **more: object) -> Statement:
    statement = {"Effect": "Allow", "Action": "oss:*", "Resource": "*", "Principal": principal} | more
    return parse_policy(policy_document(statement), "bucket").statements[0]


@pytest.mark.parametrize(
    ("principal", "caller", "expected"),
    [
        ("200", ACCOUNT, True),
        ("200", USER, False),
        ("200", ROLE, False),
        ("2999", USER, True),
        ("2999", ACCOUNT, False),
        ("arn:sts::200:assumed-role/replicator/*", ROLE, True),
        ("arn:sts::200:assumed-role/replicator/oss-replication", ROLE, True),
        ("arn:sts::200:assumed-role/replicator/other", ROLE, False),
        ("arn:sts::200:assumed-role/Replicator/*", ROLE, False),
        ("arn:sts::200:assumed-role/repl*/*", ROLE, False),
        ("arn:sts::300:assumed-role/replicator/*", ROLE, False),
        ("arn:sts::200:assumed-role/alice/*", USER, False),
        ("*", USER, True),
        ("*", ANONYMOUS, True),
        ("200", ANONYMOUS, False),
        ("*", OWNER, False),
        ("100", OWNER, False),
        ("*", OWNERS_USER, True),
    ],
)
def test_bucket_principal(principal: str, caller: Caller, expected: bool) -> None:
    assert names_bucket_caller(bucket_statement([principal]), caller, "100") is expected


def test_a_conditional_statement_binds_the_owner() -> None:
    conditional = bucket_statement(["*"], Condition={"Bool": {"acs:SecureTransport": "false"}})
    assert names_bucket_caller(conditional, OWNER, "100")


@pytest.mark.parametrize(("caller", "expected"), [(USER, True), (ROLE, True), (ACCOUNT, True), (ANONYMOUS, False)])
def test_an_account_can_be_made_to_cover_its_users(caller: Caller, expected: bool) -> None:
    assert names_bucket_caller(bucket_statement(["200"]), caller, "100", account_covers_users=True) is expected


def trust_statement(principal: object) -> Statement:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return parse_policy(policy_document(statement), "trust").statements[0]


@pytest.mark.parametrize(
    ("name", "caller", "expected"),
    [
        ("acs:ram::200:root", ACCOUNT, True),
        ("acs:ram::200:root", USER, True),
        ("acs:ram::200:root", ROLE, True),
        ("acs:ram::200:user/alice", USER, True),
        ("acs:ram::200:user/alice", ROLE, False),
        ("acs:ram::200:role/Replicator", ROLE, True),
        ("acs:ram::200:*", USER, True),
        ("acs:ram::300:root", USER, False),
    ],
)
def test_ram_principal(name: str, caller: Caller, expected: bool) -> None:
    assert names_identity(trust_statement({"RAM": [name]}), caller) is expected


def test_service_principal() -> None:
    assert names_service(trust_statement({"Service": ["ecs.aliyuncs.com", "oss.aliyuncs.com"]}), "oss.aliyuncs.com")
    assert not names_service(trust_statement({"Service": "ecs.aliyuncs.com"}), "oss.aliyuncs.com")
    assert not names_service(trust_statement({"RAM": "oss.aliyuncs.com"}), "oss.aliyuncs.com")
