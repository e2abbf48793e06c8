"""Wildcards of policy elements."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.policy.wildcard import matches, resource_matches

PLAIN = st.text(alphabet="abcXYZ019/.-+()[]$^", max_size=12)


@given(PLAIN)
def test_text_without_wildcards_matches_only_itself(text: str) -> None:
    assert matches(text, text)
    assert not matches(text, text + "x")


@given(PLAIN, PLAIN, PLAIN)
def test_star_matches_any_middle(head: str, middle: str, tail: str) -> None:
    assert matches(f"{head}*{tail}", head + middle + tail)


@given(st.text(alphabet="ab*?", max_size=8), st.text(alphabet="ab", max_size=8))
def test_agrees_with_the_shells_wildcards(pattern: str, value: str) -> None:
    assert matches(pattern, value) is fnmatchcase(value, pattern)


def test_a_pattern_of_many_stars_is_decided_at_once() -> None:
    assert not matches("*a" * 40 + "c", "a" * 2000 + "b")


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("oss:Get*", "oss:GetObject", True),
        ("oss:Get*", "oss:PutObject", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("*", "line\nbreak", True),
        ("a.c", "abc", False),
    ],
)
def test_matches(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern, value) is expected


def test_question_mark_can_be_an_ordinary_character() -> None:
    assert not matches("a?c", "abc", question_mark=False)
    assert matches("a?c", "a?c", question_mark=False)


def test_case_counts_unless_ignored() -> None:
    assert not matches("OSS:Get*", "oss:GetObject")
    assert matches("OSS:get*", "oss:GetObject", ignore_case=True)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", True),
        ("acs:oss:*:*:src/*", True),
        ("acs:oss:*:100:src/a:b", True),
        ("acs:oss:*:200:src/*", False),
        ("acs:oss:*:*:src", False),
        ("acs:oss:*:*:SRC/*", False),
        ("acs:oss:*:*:b", False),
        ("acs:oss:*", True),
    ],
)
def test_resource_patterns(pattern: str, expected: bool) -> None:
    assert resource_matches(pattern, "acs:oss:cn-hangzhou:100:src/a:b") is expected


def test_a_region_wildcard_does_not_reach_into_the_object_key() -> None:
    assert not resource_matches("acs:oss:*:200:other/x", "acs:oss:cn-hangzhou:100:src/y:200:other/x")
