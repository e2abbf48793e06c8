"""Changes as people see them."""

from __future__ import annotations

import pytest

from oss_crr.resources.base import Change, json_diff

STATEMENT = {"Effect": "Allow", "Action": ["oss:GetObject"]}


def test_diff_shows_what_is_added_with_its_surroundings() -> None:
    change = Change("x", "update", "why", {"Statement": [STATEMENT]}, {"Statement": [STATEMENT, {"Effect": "Deny"}]})
    assert change.diff().splitlines() == [
        "--- before",
        "+++ after",
        "@@ -5,6 +5,9 @@",
        '       "Action": [',
        '         "oss:GetObject"',
        "       ]",
        "+    },",
        "+    {",
        '+      "Effect": "Deny"',
        "     }",
        "   ]",
        " }",
    ]


def test_diff_of_something_new_has_only_additions() -> None:
    assert json_diff(None, {"a": "ü"}).splitlines()[2:] == ["@@ -0,0 +1,3 @@", "+{", '+  "a": "ü"', "+}"]


def test_diff_of_something_that_goes_has_only_removals() -> None:
    assert json_diff({"a": 1}, None).splitlines()[2:] == ["@@ -1,3 +0,0 @@", "-{", '-  "a": 1', "-}"]


@pytest.mark.parametrize("value", [None, {}, {"a": [1, {"b": None}]}])
def test_equal_documents_have_no_diff(value: object) -> None:
    assert json_diff(value, value) == ""
