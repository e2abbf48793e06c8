"""What the id of a rule tells: it survives being written and read, and nobody else's id is taken for ours."""

from __future__ import annotations

from itertools import combinations

import pytest

from oss_crr import provenance
from oss_crr.provenance import Provenance
from tests.plugins.fake_cloud import make_pair

PAIR = make_pair()
LETTERS = "dekpqaocf"
SETS = [frozenset(chosen) for size in (0, 1, 2, len(LETTERS)) for chosen in combinations(LETTERS, size)]


@pytest.mark.parametrize("mark", ["", provenance.mark_of("Shared")])
@pytest.mark.parametrize("added", SETS)
def test_every_note_can_be_read_again(added: frozenset[str], mark: str) -> None:
    for found in SETS:
        noted = Provenance(added, found, added & found, mark)
        rule_id = PAIR.rule_id + noted.suffix
        assert provenance.read(rule_id, PAIR) == noted
        assert len(rule_id) <= 255


def test_letters_are_told_apart() -> None:
    single = (
        provenance.DESTINATION,
        provenance.DESTINATION_WITH_DELETES,
        provenance.KEY,
        provenance.SOURCE_POLICY,
        provenance.KMS_POLICY,
        provenance.ACCELERATION,
    )
    assert sorted((*single, *provenance.SYSTEM_POLICIES.values())) == sorted(LETTERS)


def test_nothing_to_note_leaves_the_id_as_it_is() -> None:
    assert Provenance().suffix == ""
    assert provenance.read(PAIR.rule_id, PAIR) == Provenance()


@pytest.mark.parametrize(
    "rule_id",
    [
        "",
        "made-by-hand",
        "4b1c7d2e-8f7a-4d4a-9f39-7a4dbd8c7f4d",
        make_pair(source_bucket="src-2").rule_id,
        PAIR.rule_id[:-1],
        f"{PAIR.rule_id}0",
        f"{PAIR.rule_id}-",
        f"{PAIR.rule_id}-added-",
        f"{PAIR.rule_id}-copy",
        f"{PAIR.rule_id}-role-abc",
        f"x{PAIR.rule_id}",
    ],
)
def test_other_ids_are_not_ours(rule_id: str) -> None:
    assert provenance.read(rule_id, PAIR) is None
    assert not provenance.is_own(rule_id, PAIR)


def test_a_role_of_its_own_needs_no_mark() -> None:
    assert provenance.role_mark(PAIR) == ""
    assert provenance.role_mark(make_pair(role_name="Shared")) == provenance.role_mark(make_pair(role_name="shared"))
    assert provenance.role_mark(make_pair(role_name="Shared")) != provenance.role_mark(make_pair(role_name="Other"))


def test_what_an_earlier_setup_added_stays_noted_when_its_rule_is_replaced() -> None:
    earlier = Provenance(frozenset("d"), frozenset("k"))
    assert Provenance(frozenset("a")).joined(earlier) == Provenance(frozenset("ad"), frozenset("k"))


def test_notes_about_another_role_are_not_taken_over() -> None:
    later = Provenance(frozenset("p"), role_mark="00000001")
    assert later.joined(Provenance(frozenset("d"), role_mark="00000002")) == later
