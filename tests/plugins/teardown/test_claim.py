"""What a claim is sure of, and which role a rule uses: by what the cloud and the rule's id tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from oss_crr import provenance
from oss_crr.pair import ResolvedPair
from oss_crr.provenance import Provenance
from oss_crr.teardown.claim import Claim, RoleOrigin, rule_role
from oss_crr.teardown.claims import pool
from tests.plugins.fake_cloud import make_resolved, make_rule

PAIR = make_resolved()
SHARED = make_resolved(role_name="Shared")
NOTHING = Provenance()


def claim(role: RoleOrigin, notes: Provenance | None = NOTHING, pair: ResolvedPair = SHARED, **more: Any) -> Claim:
    return Claim(pair, role, "rule" if notes is not None else None, notes, **more)


def noted(added: str = "", found: str = "") -> Provenance:
    return Provenance(frozenset(added), frozenset(found))


@pytest.mark.parametrize(
    ("given", "added", "found"),
    [
        # A role of ours: all that it has is ours, but for what was there before the role.
        (claim("created"), True, False),
        (claim("created", None), True, False),
        (claim("created", noted(found="d")), False, True),
        # A role of somebody else: only what the rule's id says was added.
        (claim("adopted", noted("d")), True, False),
        (claim("adopted", noted("k")), False, True),
        (claim("adopted", None), False, False),
        # No role is left: a name that only this product derives is ours, another one is not.
        (claim("absent", None, PAIR), True, False),
        (claim("absent", None), False, False),
        (claim("absent", noted("d")), True, False),
        # The destination's owner asks for it.
        (claim("unseen", None), True, False),
    ],
)
def test_what_is_certain_about_a_grant(given: Claim, added: bool, found: bool) -> None:
    assert (given.added("d"), given.found("d")) == (added, found)


@pytest.mark.parametrize("remove_adopted", [False, True])
def test_a_rule_of_somebody_else_is_kept_unless_the_run_says_so(remove_adopted: bool) -> None:
    theirs = Claim(PAIR, "created", "by-hand", None, remove_adopted=remove_adopted)
    assert theirs.keeps_rule is not remove_adopted
    assert not claim("created").keeps_rule
    assert not claim("created", None).keeps_rule


def test_a_claim_travels_as_json_data() -> None:
    arn = "acs:kms:cn-shanghai:2222222222222222:key/key-1"
    for given in (
        claim("created"),
        claim("adopted", None),
        claim("adopted", replace(noted("dk", "p"), role_mark=provenance.mark_of("Shared")), keys=(arn,)),
    ):
        assert Claim.from_dict(given.to_dict()) == given


# --- whose rule ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "uses"),
    [
        (make_rule(PAIR), {PAIR.pair.role: True, "Shared": False}),
        (make_rule(PAIR, id=f"{PAIR.pair.rule_id}-added-d"), {PAIR.pair.role: True, "Shared": False}),
        (
            make_rule(PAIR, id=f"{PAIR.pair.rule_id}-role-{provenance.mark_of('shared')}"),
            {PAIR.pair.role: False, "Shared": True, "SHARED": True},
        ),
        (make_rule(PAIR, id="by-hand"), {PAIR.pair.role: None, "Shared": None}),
        (make_rule(PAIR, id="by-hand", role_name="acs:ram::1:role/shared"), {"Shared": True, "Other": False}),
        (make_rule(PAIR, role_name="Shared"), {"Shared": True, PAIR.pair.role: False}),
    ],
)
def test_the_role_of_a_rule(rule: Any, uses: dict[str, bool | None]) -> None:
    assert {role: rule_role("src", rule, role) for role in uses} == uses


# --- pairs of one run ------------------------------------------------------------------------------------------------


def test_pairs_of_one_run_tell_one_another_what_was_added() -> None:
    first = claim("adopted", noted("doa"))
    second = claim("adopted", noted("k"), make_resolved(role_name="Shared", source_bucket="src-2"))
    pooled = pool([first, second])
    assert [sorted(item.notes.added) for item in pooled if item.notes] == [["a", "d", "o"], ["a", "d", "k", "o"]]


@pytest.mark.parametrize(
    ("other", "shared"),
    [
        ({"role_name": "Shared", "destination_bucket": "dst-2"}, "o"),
        ({"role_name": "Other", "source_bucket": "src-2"}, "a"),
        ({"role_name": "Other", "source_bucket": "src-2", "destination_bucket": "dst-2"}, ""),
    ],
)
def test_notes_are_about_the_same_things_only(other: dict[str, Any], shared: str) -> None:
    pooled = pool([claim("adopted", noted("doa")), claim("adopted", NOTHING, make_resolved(**other))])
    assert pooled[1].notes is not None
    assert pooled[1].notes.added == frozenset(shared)


def test_a_claim_without_a_rule_stays_without_notes_when_nobody_has_any() -> None:
    assert pool([claim("adopted", None)])[0].notes is None
