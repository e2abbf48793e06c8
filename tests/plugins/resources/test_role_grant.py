"""Names of the role's policies."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from oss_crr.resources.role_grant import policy_prefix

ROLES = st.from_regex(r"[A-Za-z0-9.-]{1,64}", fullmatch=True)


def test_name_without_dots_is_kept() -> None:
    assert policy_prefix("oss-crr-Logs-1") == "oss-crr-Logs-1"


def test_roles_that_differ_in_dots_have_policies_of_their_own() -> None:
    assert len({policy_prefix(role) for role in ("a.b.c", "a-b.c", "a.b-c", "a-b-c")}) == 4


@given(ROLES)
def test_prefix_leaves_room_for_the_rest_of_a_policy_name(role: str) -> None:
    """RAM's policy names: 1 to 128 letters, digits and hyphens."""
    assert re.fullmatch(r"[A-Za-z0-9-]{1,128}", f"{policy_prefix(role)}-source-read-10")
