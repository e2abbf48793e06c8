"""Choosing pairs by name and by pattern."""

from __future__ import annotations

import pytest

from oss_crr.errors import InputError
from oss_crr.fleet.file import Fleet
from oss_crr.fleet.selection import select
from tests.plugins.fleet.inventories import inventory

FLEET = inventory({"name": "logs-eu"}, {"name": "media"}, {"name": "logs-us"})


def chosen(names: list[str] | None = None, pattern: str | None = None, fleet: Fleet = FLEET) -> list[str]:
    """Return the names of the pairs that are chosen."""
    return [entry.name for entry in select(fleet, names, pattern)]


@pytest.mark.parametrize("nothing", [None, "", "  ", "*"])
def test_without_a_word_every_pair_is_chosen(nothing: str | None) -> None:
    assert chosen([], nothing) == chosen(None, nothing) == ["logs-eu", "media", "logs-us"]


def test_names_are_taken_in_the_inventorys_order_and_once() -> None:
    assert chosen(["logs-us", "logs-eu", "logs-us"]) == ["logs-eu", "logs-us"]


def test_a_pattern_is_matched_against_the_whole_name() -> None:
    assert chosen(pattern="logs-*") == ["logs-eu", "logs-us"]
    assert chosen(pattern="?edia") == ["media"]
    with pytest.raises(InputError, match="'log' matches none of the 3 pairs in the inventory"):
        chosen(pattern="log")


def test_names_and_pattern_narrow_one_another() -> None:
    assert chosen(["logs-eu", "media"], "logs-*") == ["logs-eu"]
    with pytest.raises(InputError, match=r"matches none of the 1 pairs that were chosen by name \(media\)"):
        chosen(["media"], "logs-*")


def test_every_unknown_name_is_told_with_the_nearest_one() -> None:
    with pytest.raises(InputError, match=r"'log-eu' is not in the inventory .* did you mean 'logs-eu'") as caught:
        chosen(["log-eu", "zzz"])
    assert [field for field, _ in caught.value.problems] == ["pairs", "pairs"]
    assert "names there are such as logs-eu, media, logs-us" in str(caught.value)


def test_an_empty_inventory_is_told() -> None:
    with pytest.raises(InputError, match="holds no pairs: add some"):
        chosen(fleet=inventory())
