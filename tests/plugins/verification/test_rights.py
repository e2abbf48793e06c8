"""Rights as single pairs of action and resource: what is missing, what is too much, what is left."""

from __future__ import annotations

import pytest

from oss_crr.policy import Statement
from oss_crr.verification.rights import as_statements, missing, missing_field, rights, same_but, surplus, without

BUCKET, OBJECTS = "acs:oss:*:*:b", "acs:oss:*:*:b/*"
GRANT: Statement = {
    "Effect": "Allow",
    "Action": ["oss:ReplicateList", "oss:ReplicateGet"],
    "Resource": [BUCKET, OBJECTS],
}
NEEDED = rights(GRANT)


def allow(action: object, resource: object, **more: object) -> Statement:
    """Return an Allow statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    "statements",
    [
        [GRANT],
        [allow("oss:replicatelist", [OBJECTS, BUCKET]), allow("OSS:ReplicateGet", [BUCKET, OBJECTS])],
        [allow("oss:*", "acs:oss:*:*:b*")],
        [allow("*", "*")],
        [allow("oss:Replicate*", [BUCKET, OBJECTS])],
    ],
)
def test_nothing_is_missing_however_it_is_written(statements: list[Statement]) -> None:
    assert missing(NEEDED, statements) == frozenset()


@pytest.mark.parametrize(
    ("statements", "field"),
    [
        ([], "statement"),
        ([{**GRANT, "Effect": "Deny"}], "statement"),
        ([{**GRANT, "Condition": {"Bool": {"acs:SecureTransport": "true"}}}], "statement"),
        ([{"Effect": "Allow", "NotAction": "oss:PutObject", "Resource": "*"}], "statement"),
        ([allow("oss:ReplicateList", [BUCKET, OBJECTS])], "actions"),
        ([allow(GRANT["Action"], BUCKET)], "resources"),
        ([allow(GRANT["Action"], [BUCKET, "acs:oss:*:*:b/folder/*"])], "resources"),
        ([allow("oss:ReplicateList", BUCKET), allow("oss:ReplicateGet", OBJECTS)], "statement"),
    ],
)
def test_what_is_missing_is_named_by_its_field(statements: list[Statement], field: str) -> None:
    lacking = missing(NEEDED, statements)
    assert lacking
    assert missing_field(NEEDED, lacking) == field


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (GRANT, set()),
        (allow("oss:ReplicateGet", "acs:oss:*:*:b/folder/*"), set()),
        ({**allow("oss:*", "*"), "Effect": "Deny"}, set()),
        (allow(["oss:ReplicateGet", "oss:PutObject"], BUCKET), {("oss:putobject", BUCKET)}),
        (allow("oss:ReplicateGet", [BUCKET, "acs:oss:*:*:c"]), {("oss:replicateget", "acs:oss:*:*:c")}),
        (allow("oss:Replicate*", BUCKET), {("oss:replicate*", BUCKET)}),
        ({"Effect": "Allow", "NotAction": "ram:*", "Resource": "*"}, {("*", "*")}),
    ],
)
def test_what_is_too_much(statement: Statement, found: set[tuple[str, str]]) -> None:
    assert surplus(statement, NEEDED) == found


def test_rights_are_written_down_with_few_lists_and_in_their_spelling() -> None:
    assert as_statements(NEEDED, GRANT) == [
        {"Action": ["oss:ReplicateGet", "oss:ReplicateList"], "Resource": [BUCKET, OBJECTS]}
    ]
    uneven = NEEDED - {("oss:replicateget", BUCKET)}
    assert as_statements(uneven, GRANT) == [
        {"Action": ["oss:ReplicateGet", "oss:ReplicateList"], "Resource": [OBJECTS]},
        {"Action": ["oss:ReplicateList"], "Resource": [BUCKET]},
    ]


def test_taking_rights_away_leaves_the_rest() -> None:
    wide = allow(["oss:ReplicateList", "oss:ReplicateGet", "oss:PutObject"], [BUCKET, OBJECTS], Sid="mine")
    (left,) = without(wide, surplus(wide, NEEDED))
    assert rights(left) == NEEDED
    assert left["Effect"] == "Allow"
    assert without(GRANT, {("oss:putobject", BUCKET)}) == [GRANT]
    assert without(GRANT, NEEDED) == []


def test_statements_that_differ_in_one_element_only() -> None:
    assert same_but(GRANT, {**GRANT, "Resource": "acs:oss:*:*:c"}, "Resource")
    assert not same_but(GRANT, {**GRANT, "Action": "oss:*"}, "Resource")
