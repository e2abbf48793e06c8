"""Grants in documents that belong to someone else: merge, subtract, and nothing else is touched."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oss_crr import policy
from oss_crr.policy import holds, merge, subtract

GRANT = {
    "Effect": "Allow",
    "Action": ["oss:ReplicateList", "oss:ReplicatePut"],
    "Principal": ["arn:sts::1:assumed-role/oss-crr-a/*"],
    "Resource": ["acs:oss:*:2:dst", "acs:oss:*:2:dst/*"],
}
FOLD = "Principal"

FOREIGN = [
    {"Sid": "tls", "Effect": "Deny", "Action": "oss:*", "Principal": ["*"], "Resource": ["acs:oss:*:2:dst/*"],
     "Condition": {"Bool": {"acs:SecureTransport": ["false"]}}},
    {"Effect": "Allow", "Action": "oss:GetObject", "Principal": "3", "Resource": "acs:oss:*:2:dst/public/*"},
    {"Principal": [], "Resource": ["acs:oss:*:2:dst"], "Action": ["oss:ListObjects", "oss:ListObjects"],
     "Effect": "Deny", "Condition": {"NotIpAddress": {"acs:SourceIp": "10.0.0.0/8"},
                                     "StringLike": {"oss:Prefix": ["a*", "b*"]}}},
    {"Effect": "Allow", "NotAction": ["oss:Delete*"], "Principal": {"RAM": ["acs:ram::4:root"]}, "Resource": "*"},
    {"Effect": "Allow", "Action": ["oss:ReplicateList", "oss:ReplicatePut"], "Resource": ["acs:oss:*:2:other"],
     "Principal": ["arn:sts::9:assumed-role/oss-crr-z/*"]},
]  # fmt: skip


def document(*statements: Any) -> dict[str, Any]:
    return {"Version": "1", "Statement": list(statements)}


def with_principals(*principals: str) -> dict[str, Any]:
    return {**GRANT, "Principal": list(principals)}


# --- merge -----------------------------------------------------------------------------------------------------------


def test_merge_into_nothing() -> None:
    assert merge(None, GRANT, FOLD) == document(GRANT)


def test_five_foreign_statements_stay_as_they_were() -> None:
    before = document(*FOREIGN)
    after = merge(before, GRANT, FOLD)
    assert policy.dump(document(*after["Statement"][:5])) == policy.dump(before)
    assert after["Statement"][5:] == [GRANT]


def test_document_keeps_what_else_is_in_it() -> None:
    before = {"Id": "x", "Version": "1", "Statement": [FOREIGN[0]], "Extra": {"k": [1]}}
    after = merge(before, GRANT, FOLD)
    assert list(after) == ["Id", "Version", "Statement", "Extra"]
    assert (after["Id"], after["Extra"]) == ("x", {"k": [1]})


def test_single_foreign_statement_is_kept() -> None:
    before = policy.parse(json.dumps({"Version": "1", "Statement": FOREIGN[0]}))
    assert merge(before, GRANT, FOLD)["Statement"] == [FOREIGN[0], GRANT]


def test_merge_writes_nothing_into_its_arguments() -> None:
    before, grant = document(*FOREIGN, with_principals("x")), copy.deepcopy(GRANT)
    untouched = copy.deepcopy(before)
    merge(before, grant, FOLD)
    assert (before, grant) == (untouched, GRANT)


def test_document_that_holds_the_grant_is_returned_as_it_is() -> None:
    before = document(FOREIGN[0], {**GRANT, "Sid": "theirs", "Principal": GRANT["Principal"][0]})
    assert merge(before, GRANT, FOLD) is before


def test_values_are_folded_into_the_statement_of_equal_rights() -> None:
    before = document(FOREIGN[0], with_principals("x"), FOREIGN[1])
    after = merge(before, with_principals("x", "y"), FOLD)
    assert after == document(FOREIGN[0], with_principals("x", "y"), FOREIGN[1])


def test_folding_keeps_the_other_elements_as_they_were_written() -> None:
    theirs = {"Sid": "s", "Effect": "Allow", "Principal": "x", "Action": ["OSS:ReplicatePut", "oss:replicatelist"],
              "Resource": list(reversed(GRANT["Resource"]))}  # fmt: skip
    (folded,) = merge(document(theirs), GRANT, FOLD)["Statement"]
    assert folded == {**theirs, "Principal": ["x", *GRANT["Principal"]]}
    assert list(folded) == list(theirs)


def test_principals_of_a_key_policy_are_folded_within_their_wrapper() -> None:
    def key_grant(*roles: str) -> dict[str, Any]:
        return {"Effect": "Allow", "Action": ["kms:Decrypt"], "Principal": {"RAM": list(roles)}, "Resource": ["*"]}

    both = {**key_grant("a"), "Principal": {"RAM": ["a"], "Service": ["oss.aliyuncs.com"]}}
    after = merge(document(both, {**key_grant(), "Principal": {"RAM": "a"}}), key_grant("b"), FOLD)
    assert after == document(both, key_grant("a", "b"))
    assert subtract(after, key_grant("b"), FOLD) == document(both, key_grant("a"))
    assert subtract(document(key_grant("b")), key_grant("b"), FOLD) is None


@pytest.mark.parametrize(
    "close",
    [
        {**GRANT, "Effect": "Deny"},
        {**GRANT, "Action": ["oss:ReplicateList"]},
        {**GRANT, "Resource": ["acs:oss:*:2:dst"]},
        {**GRANT, "Condition": {"Bool": {"acs:SecureTransport": ["true"]}}},
        {key: value for key, value in GRANT.items() if key != "Principal"},
        {**GRANT, "Principal": []},
        {**GRANT, "Principal": {"RAM": GRANT["Principal"]}},
    ],
)
def test_statement_of_other_rights_is_not_extended(close: dict[str, Any]) -> None:
    assert not holds(document(close), GRANT, FOLD)
    assert merge(document(close), GRANT, FOLD) == document(close, GRANT)


def test_statement_that_may_not_be_extended() -> None:
    before = document(with_principals("theirs"), with_principals("ours"))
    after = merge(before, GRANT, FOLD, may_fold=lambda statement: "theirs" not in statement["Principal"])
    assert after == document(with_principals("theirs"), with_principals("ours", *GRANT["Principal"]))


def test_full_statement_is_followed_by_another() -> None:
    full = with_principals("x" * 40, "y" * 40)
    limit = len(json.dumps(full["Principal"], separators=(",", ":"))) + 20
    after = merge(document(full), GRANT, FOLD, max_element_bytes=limit)
    assert after == document(full, GRANT)
    one_more = merge(after, with_principals("z"), FOLD, max_element_bytes=limit)
    assert one_more == document(with_principals("x" * 40, "y" * 40, "z"), GRANT)


def test_element_grows_up_to_the_limit_exactly() -> None:
    folded = json.dumps(["x", *GRANT["Principal"]], separators=(",", ":"))
    for room, statements in ((0, 1), (-1, 2)):
        after = merge(document(with_principals("x")), GRANT, FOLD, max_element_bytes=len(folded) + room)
        assert len(after["Statement"]) == statements


# --- subtract --------------------------------------------------------------------------------------------------------


def test_subtract_leaves_nothing_of_the_grant_alone() -> None:
    assert subtract(document(GRANT), GRANT, FOLD) is None


def test_subtract_takes_one_value_out_of_a_folded_statement() -> None:
    folded = with_principals("x", *GRANT["Principal"], "y")
    assert subtract(document(FOREIGN[0], folded), GRANT, FOLD) == document(FOREIGN[0], with_principals("x", "y"))


def test_subtract_finds_the_grant_however_it_is_written() -> None:
    written = {
        **GRANT,
        "Sid": "s",
        "Principal": GRANT["Principal"][0],
        "Action": ["oss:replicateput", GRANT["Action"][0]],
    }
    assert subtract(document(written, FOREIGN[1]), GRANT, FOLD) == document(FOREIGN[1])


def test_subtract_from_foreign_statements_changes_nothing() -> None:
    before = document(*FOREIGN)
    after = subtract(before, GRANT, FOLD)
    assert after is not None
    assert policy.dump(after) == policy.dump(before)


def test_subtract_keeps_the_way_a_foreign_statement_is_written() -> None:
    theirs = {**GRANT, "Principal": "theirs"}
    assert subtract(document(theirs), GRANT, FOLD) == document(theirs)


# --- for any document ------------------------------------------------------------------------------------------------

VALUES = st.sampled_from(["a", "b", "c", "d"])
LISTS = st.lists(VALUES, min_size=1, max_size=3) | VALUES
ACTIONS = st.sampled_from([["oss:Get", "oss:Put"], ["OSS:put", "oss:get"], ["oss:Get"], "oss:Put"])
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": ACTIONS},
    optional={
        "Principal": LISTS
        | st.just([])
        | st.fixed_dictionaries({"RAM": LISTS})
        | st.fixed_dictionaries({"RAM": LISTS, "Service": LISTS}),
        "Resource": LISTS,
        "Condition": st.fixed_dictionaries({"Bool": st.fixed_dictionaries({"k": VALUES})}) | st.just({}),
        "Sid": VALUES,
    },
)
DOCUMENTS = st.builds(lambda statements: document(*statements), st.lists(STATEMENTS, max_size=6))
PRINCIPALS = st.lists(VALUES, min_size=1, max_size=2, unique=True)
GRANTS = st.fixed_dictionaries(
    {
        "Effect": st.just("Allow"),
        "Action": st.just(["oss:Get", "oss:Put"]),
        "Principal": PRINCIPALS | st.fixed_dictionaries({"RAM": PRINCIPALS}),
        "Resource": st.sampled_from([["a"], ["a", "b"]]),
    }
)


def granted(found: dict[str, Any] | None, fold: str) -> dict[str, set[str]]:
    """Return what a document says, as the values of the fold element by the meaning of all other elements."""
    rights: dict[str, set[str]] = {}
    for statement in (found or {"Statement": []})["Statement"]:
        content = statement.get(fold)
        wrapper = ""
        if isinstance(content, dict) and len(content) == 1:
            ((wrapper, content),) = content.items()
        rest = wrapper + policy.meaning({key: value for key, value in statement.items() if key != fold})
        values = {json.dumps(value) for value in policy.as_list(content)}
        rights.setdefault(rest, set()).update(values or {"nobody"})
    return rights


@given(DOCUMENTS, GRANTS, st.sampled_from(["Principal", "Resource"]))
def test_merge_is_idempotent_and_holds(before: dict[str, Any], grant: dict[str, Any], fold: str) -> None:
    once = merge(before, grant, fold)
    assert holds(once, grant, fold)
    assert merge(once, grant, fold) == once


@given(DOCUMENTS, GRANTS, st.sampled_from(["Principal", "Resource"]))
def test_merge_adds_the_grant_and_nothing_else(before: dict[str, Any], grant: dict[str, Any], fold: str) -> None:
    expected = granted(before, fold)
    for rest, values in granted(document(grant), fold).items():
        expected[rest] = (expected.get(rest, set()) | values) - {"nobody"}
    assert {rest: values - {"nobody"} for rest, values in granted(merge(before, grant, fold), fold).items()} == {
        rest: values - {"nobody"} for rest, values in expected.items()
    }


@given(DOCUMENTS, GRANTS)
def test_merge_touches_one_statement_at_most(before: dict[str, Any], grant: dict[str, Any]) -> None:
    after = merge(before, grant, FOLD)["Statement"]
    changed_places = [
        place
        for place, statement in enumerate(before["Statement"])
        if json.dumps(after[place]) != json.dumps(statement)
    ]
    added = len(after) - len(before["Statement"])
    assert len(changed_places) + added == (0 if holds(before, grant, FOLD) else 1)


@given(DOCUMENTS, GRANTS)
def test_subtract_is_the_inverse_of_merge(before: dict[str, Any], grant: dict[str, Any]) -> None:
    without = subtract(before, grant, FOLD)
    there_and_back = subtract(merge(without, grant, FOLD), grant, FOLD)
    assert granted(there_and_back, FOLD) == granted(without, FOLD)


@given(DOCUMENTS, GRANTS)
def test_subtract_takes_the_grant_and_nothing_else(before: dict[str, Any], grant: dict[str, Any]) -> None:
    expected = granted(before, FOLD)
    for rest, values in granted(document(grant), FOLD).items():
        expected[rest] = expected.get(rest, set()) - values
    left = granted(subtract(before, grant, FOLD), FOLD)
    assert {rest: values for rest, values in left.items() if values} == {
        rest: values for rest, values in expected.items() if values
    }


@given(DOCUMENTS, GRANTS)
def test_statements_of_other_rights_stay_byte_for_byte(before: dict[str, Any], grant: dict[str, Any]) -> None:
    def others(found: dict[str, Any] | None) -> list[str]:
        ours = policy.meaning({key: value for key, value in grant.items() if key != FOLD})
        return [
            json.dumps(statement)
            for statement in (found or {"Statement": []})["Statement"]
            if policy.meaning({key: value for key, value in statement.items() if key != FOLD}) != ours
        ]

    assert others(merge(before, grant, FOLD)) == others(before)
    assert others(subtract(before, grant, FOLD)) == others(before)
