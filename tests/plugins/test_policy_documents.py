"""Policy text, its limits, and when two statements mean the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oss_crr import policy
from oss_crr.errors import PolicyError
from oss_crr.policy import meaning

ALLOW = {
    "Effect": "Allow",
    "Action": ["oss:GetObject", "oss:ListObjects"],
    "Principal": ["111", "222"],
    "Resource": ["acs:oss:*:9:b", "acs:oss:*:9:b/*"],
}


def changed(**elements: Any) -> dict[str, Any]:
    """Return the statement with some elements changed; None takes one away."""
    return {key: value for key, value in {**ALLOW, **elements}.items() if value is not None}


# --- text ------------------------------------------------------------------------------------------------------------


def test_single_statement_is_made_a_list() -> None:
    assert policy.parse('{"Version":"1","Statement":{"Effect":"Deny"}}')["Statement"] == [{"Effect": "Deny"}]


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '"x"', "{}", '{"Statement":null}', '{"Statement":["x"]}'])
def test_text_that_is_no_policy(text: str) -> None:
    with pytest.raises(PolicyError):
        policy.parse(text)


def test_text_survives_the_round_trip() -> None:
    text = '{"Version":"1","Id":"日本","Statement":[{"Sid":"a","Condition":{"Bool":{"acs:SecureTransport":["true"]}}}]}'
    assert policy.dump(policy.parse(text)) == text


# --- limits ----------------------------------------------------------------------------------------------------------


def with_padding(size: int) -> dict[str, Any]:
    """Return a document whose text has ``size`` bytes, in statements with no large element."""
    statement = {"Effect": "Allow", "Sid": "x" * 3200}
    document = {"Version": "1", "Statement": [dict(statement) for _ in range(5)]}
    document["Statement"][0]["Sid"] = "x" * (3200 + size - len(policy.dump(document)))  # type: ignore[index]
    return document


def test_bucket_policy_must_stay_under_16_kib() -> None:
    policy.check_bucket_policy_size(with_padding(16 * 1024 - 1))
    with pytest.raises(PolicyError, match=r"16,384 bytes, and OSS takes less than 16,384"):
        policy.check_bucket_policy_size(with_padding(16 * 1024))


def test_bucket_policy_is_measured_in_bytes() -> None:
    document = {"Version": "1", "Statement": [{"Sid": "数" * 1300} for _ in range(5)]}
    assert len(policy.dump(document)) < 16 * 1024
    with pytest.raises(PolicyError, match="bytes"):
        policy.check_bucket_policy_size(document)


def test_element_of_a_bucket_policy_is_limited() -> None:
    def document(characters: int) -> dict[str, Any]:
        # Two brackets and two quotes are part of the element.
        return {"Version": "1", "Statement": [{"Effect": "Allow"}, {"Principal": ["x" * characters]}]}

    policy.check_bucket_policy_size(document(4091))
    with pytest.raises(PolicyError, match="Principal of statement 2 has 4,096 bytes, and OSS takes 4,095"):
        policy.check_bucket_policy_size(document(4092))


def test_ram_policy_is_measured_in_characters() -> None:
    empty = len(policy.dump({"Statement": [{"Sid": ""}]}))
    policy.check_ram_policy_size({"Statement": [{"Sid": "数" * (6144 - empty)}]})
    with pytest.raises(PolicyError, match="6,145 characters, and RAM takes 6,144"):
        policy.check_ram_policy_size({"Statement": [{"Sid": "x" * (6145 - empty)}]})


# --- meaning ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "same",
    [
        changed(Action=["oss:ListObjects", "oss:GetObject"]),
        changed(Action=["OSS:getobject", "oss:listobjects"]),
        changed(Principal=["222", "111", "111"]),
        changed(Sid="a comment"),
        changed(Condition={}),
        dict(reversed(ALLOW.items())),
    ],
)
def test_equal_meaning(same: dict[str, Any]) -> None:
    assert meaning(same) == meaning(ALLOW)


def test_a_string_means_a_list_of_one() -> None:
    assert meaning(changed(Action="oss:GetObject")) == meaning(changed(Action=["oss:GetObject"]))
    assert meaning(changed(Principal={"RAM": "a"})) == meaning(changed(Principal={"RAM": ["a"]}))
    one = {"StringEquals": {"oss:Prefix": "a"}}
    assert meaning(changed(Condition=one)) == meaning(changed(Condition={"StringEquals": {"oss:Prefix": ["a"]}}))


@pytest.mark.parametrize(
    "other",
    [
        changed(Effect="Deny"),
        changed(Action=["oss:GetObject"]),
        changed(Action=None, NotAction=ALLOW["Action"]),
        changed(Principal=["111"]),
        changed(Principal=["111", "222", "333"]),
        changed(Principal=None),
        changed(Principal={"RAM": ["111", "222"]}),
        changed(Resource=["acs:oss:*:9:B", "acs:oss:*:9:b/*"]),
        changed(Condition={"Bool": {"acs:SecureTransport": "true"}}),
        changed(Unknown="x"),
    ],
)
def test_different_meaning(other: dict[str, Any]) -> None:
    assert meaning(other) != meaning(ALLOW)


def test_condition_values_keep_their_case_and_operator() -> None:
    def condition(operator: str, key: str, value: str) -> str:
        return meaning(changed(Condition={operator: {key: value}}))

    assert len({condition("StringEquals", "k", "a"), condition("StringLike", "k", "a")}) == 2
    assert len({condition("StringEquals", "k", "a"), condition("StringEquals", "k", "A")}) == 2
    assert len({condition("StringEquals", "k", "a"), condition("StringEquals", "l", "a")}) == 2


def test_same_meaning_of_documents() -> None:
    deny = changed(Effect="Deny")
    left = {"Version": "1", "Statement": [ALLOW, deny]}
    assert policy.same_meaning(left, {"Version": "1", "Statement": [{**deny, "Sid": "x"}, ALLOW]})
    assert not policy.same_meaning(left, {"Version": "1", "Statement": [ALLOW]})
    assert not policy.same_meaning(left, {"Version": "1", "Statement": [ALLOW, ALLOW]})


@pytest.mark.parametrize(
    ("value", "expected"), [(None, []), ("a", ["a"]), (["a"], ["a"]), (("a", "b"), ["a", "b"]), ({"a": 1}, [{"a": 1}])]
)
def test_as_list(value: object, expected: list[Any]) -> None:
    assert policy.as_list(value) == expected


def test_as_list_does_not_hand_out_the_list_itself() -> None:
    own = ["a"]
    policy.as_list(own).append("b")
    assert own == ["a"]
    assert json.dumps(own) == '["a"]'
