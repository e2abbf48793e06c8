"""The grammar of policy documents."""

from __future__ import annotations

import json

import pytest

from localcloud.policy.conditions import Condition
from localcloud.policy.grammar import PolicySyntaxError, Principal, parse_policy
from tests.localcloud.documents import Json

GOOD: Json = {"Effect": "Allow", "Action": ["oss:GetObject"], "Resource": ["acs:oss:*:*:b/*"]}


def document(statement: object, **members: object) -> str:
    return json.dumps({"Version": "1", "Statement": [statement]} | members)


def without(name: str) -> Json:
    return {key: value for key, value in GOOD.items() if key != name}


def test_strings_and_lists_mean_the_same() -> None:
    single = parse_policy(document({"Effect": "Allow", "Action": "oss:Get*", "Resource": "*"}), "identity")
    listed = parse_policy(document({"Effect": "Allow", "Action": ["oss:Get*"], "Resource": ["*"]}), "identity")
    assert single == listed


def test_conditions_are_flattened_with_text_values_and_lower_case_keys() -> None:
    condition = {"Bool": {"acs:SecureTransport": True}, "NumericLessThan": {"oss:x": [1, "2"]}}
    parsed = parse_policy(document(GOOD | {"Condition": condition}), "identity")
    assert parsed.statements[0].conditions == (
        Condition("Bool", "acs:securetransport", ("true",)),
        Condition("NumericLessThan", "oss:x", ("1", "2")),
    )


@pytest.mark.parametrize("principal", [None, [], ["*"], "*"])
def test_a_bucket_policy_without_named_principals_is_about_everybody(principal: object) -> None:
    statement = GOOD if principal is None else GOOD | {"Principal": principal}
    assert parse_policy(document(statement), "bucket").statements[0].principals == (Principal("", "*"),)


def test_trust_policy_keeps_the_kind_of_each_principal() -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"], "RAM": "x"}}
    assert parse_policy(document(trust), "trust").statements[0].principals == (
        Principal("Service", "oss.aliyuncs.com"),
        Principal("RAM", "x"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "[" * 100_000,
        json.dumps({"Version": "1"}),
        json.dumps({"Version": "1", "Statement": []}),
        json.dumps({"Version": "1", "Statement": GOOD}),
        json.dumps({"Version": 1, "Statement": [GOOD]}),
        json.dumps({"Version": "2012-10-17", "Statement": [GOOD]}),
        json.dumps({"Statement": [GOOD]}),
        document(GOOD, Extra=1),
        document("text"),
        document(without("Effect")),
        document(GOOD | {"Effect": "allow"}),
        document(without("Action")),
        document(GOOD | {"NotAction": ["oss:PutObject"]}),
        document(GOOD | {"Action": []}),
        document(GOOD | {"Action": ["GetObject"]}),
        document(GOOD | {"Action": [7]}),
        document(without("Resource")),
        document(GOOD | {"Resource": []}),
        document(GOOD | {"NotResource": ["*"]}),
        document(GOOD | {"Principal": ["*"]}),
        document(GOOD | {"Surprise": "x"}),
        document(GOOD | {"Condition": []}),
        document(GOOD | {"Condition": {"StringSmells": {"acs:SourceIp": "x"}}}),
        document(GOOD | {"Condition": {"StringEquals": "x"}}),
        document(GOOD | {"Condition": {"StringEquals": {"acs:SourceIp": {"a": 1}}}}),
    ],
)
def test_malformed_identity_policy(text: str) -> None:
    with pytest.raises(PolicySyntaxError):
        parse_policy(text, "identity")


@pytest.mark.parametrize("principal", [None, [], {}, "*", {"AWS": "x"}, {"Service": [1]}, {"RAM": "x", "Other": "y"}])
def test_malformed_trust_principal(principal: object) -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"} | ({} if principal is None else {"Principal": principal})
    with pytest.raises(PolicySyntaxError):
        parse_policy(document(trust), "trust")


def test_key_policies_name_ram_principals_only() -> None:
    key = GOOD | {"Action": "kms:*", "Resource": "*"}
    parse_policy(document(key | {"Principal": {"RAM": ["acs:ram::1:*"]}}), "key")
    with pytest.raises(PolicySyntaxError):
        parse_policy(document(key | {"Principal": {"Service": ["x"]}}), "key")
