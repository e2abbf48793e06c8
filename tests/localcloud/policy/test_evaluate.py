"""Deny, allow, and neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.policy.evaluate import AccessRequest, Decision, evaluate
from localcloud.policy.grammar import parse_policy
from tests.localcloud.documents import Json, policy_document

RESOURCE = "acs:oss:cn-hangzhou:100:src/a.txt"


def decide(
    statements: Sequence[Json],
    action: str = "oss:GetObject",
    resource: str = RESOURCE,
    keys: Mapping[str, tuple[str, ...]] | None = None,
    **options: bool,
) -> Decision:
    document = parse_policy(policy_document(*statements), "identity")
    return evaluate([document], AccessRequest(action, resource, keys or {}, **options))


def statement(effect: str = "Allow", action: str = "oss:GetObject", resource: str = "*", **more: object) -> Json:
    return {"Effect": effect, "Action": action, "Resource": resource} | more


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([statement()], Decision.ALLOW),
        ([statement(action="OSS:getobject")], Decision.ALLOW),
        ([statement(action="*")], Decision.ALLOW),
        ([statement(action="oss:PutObject")], Decision.IMPLICIT_DENY),
        ([statement(resource="acs:oss:*:*:SRC/*")], Decision.IMPLICIT_DENY),
        ([statement(), statement("Deny")], Decision.EXPLICIT_DENY),
        ([statement("Deny"), statement()], Decision.EXPLICIT_DENY),
        ([statement(), statement("Deny", resource="acs:oss:*:*:src/b*")], Decision.ALLOW),
        ([{"Effect": "Allow", "NotAction": "ram:*", "Resource": "*"}], Decision.ALLOW),
        ([{"Effect": "Allow", "NotAction": "oss:*", "Resource": "*"}], Decision.IMPLICIT_DENY),
        ([{"Effect": "Allow", "Action": "oss:*", "NotResource": "acs:oss:*:*:src/*"}], Decision.IMPLICIT_DENY),
        ([{"Effect": "Allow", "Action": "oss:*", "NotResource": "acs:oss:*:*:dst/*"}], Decision.ALLOW),
    ],
)
def test_decision(statements: list[Json], expected: Decision) -> None:
    assert decide(statements) is expected


def test_all_conditions_must_hold() -> None:
    both = statement(Condition={"StringEquals": {"oss:a": "1", "oss:b": "1"}, "Bool": {"oss:c": "true"}})
    keys = {"oss:a": ("1",), "oss:b": ("1",), "oss:c": ("true",)}
    assert decide([both], keys=keys) is Decision.ALLOW
    for key in keys:
        assert decide([both], keys=keys | {key: ("0",)}) is Decision.IMPLICIT_DENY


def test_question_mark_follows_the_request() -> None:
    some = [statement(resource="acs:oss:*:*:src/?.txt")]
    assert decide(some) is Decision.ALLOW
    assert decide(some, question_mark=False) is Decision.IMPLICIT_DENY


ACTIONS = st.sampled_from(["oss:GetObject", "oss:Get*", "oss:PutObject", "oss:*", "*"])
RESOURCES = st.sampled_from(["*", RESOURCE, "acs:oss:*:*:src/*", "acs:oss:*:*:dst/*"])
CONDITIONS = st.sampled_from([{}, {"Bool": {"acs:SecureTransport": "true"}}, {"StringNotEquals": {"oss:x": "1"}}])
STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Deny"]),
            "Action": ACTIONS,
            "Resource": RESOURCES,
            "Condition": CONDITIONS,
        }
    ),
    min_size=1,
    max_size=5,
)
RANK = [Decision.IMPLICIT_DENY, Decision.ALLOW, Decision.EXPLICIT_DENY]


@given(STATEMENTS, ACTIONS, RESOURCES)
def test_adding_a_deny_never_grants(statements: list[Json], action: str, resource: str) -> None:
    before = decide(statements)
    after = decide([*statements, statement("Deny", action, resource)])
    assert after is not Decision.ALLOW or before is Decision.ALLOW


@given(STATEMENTS, ACTIONS, RESOURCES)
def test_adding_an_allow_never_takes_away(statements: list[Json], action: str, resource: str) -> None:
    before = decide(statements)
    after = decide([*statements, statement("Allow", action, resource)])
    assert RANK.index(after) >= RANK.index(before)
    assert (after is Decision.EXPLICIT_DENY) is (before is Decision.EXPLICIT_DENY)


@given(STATEMENTS, st.randoms())
def test_order_does_not_matter(statements: list[Json], random: Random) -> None:
    shuffled = list(statements)
    random.shuffle(shuffled)
    assert decide(shuffled) is decide(statements)
