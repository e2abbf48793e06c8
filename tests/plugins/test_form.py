"""The trigger form asks for what a pair consists of, and its defaults are those of a pair."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

import pytest
from airflow.sdk import Param
from airflow.sdk.exceptions import ParamValidationError

from oss_crr.errors import InputError
from oss_crr.form import SETUP_PARAMS
from oss_crr.operators.steps import RUN_PARAMETERS
from oss_crr.pair import BucketPair, parse_pair
from oss_crr.regions import REGIONS

PAIR_FIELDS = {field.name: field for field in fields(BucketPair)}
REQUIRED = {
    "source_bucket": "src",
    "source_region": "cn-hangzhou",
    "destination_bucket": "dst",
    "destination_region": "cn-shanghai",
}


def default(name: str) -> Any:
    return SETUP_PARAMS[name].serialize()["value"]


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = SETUP_PARAMS[name].serialize()["schema"]
    return found


def problems_of(values: dict[str, Any]) -> list[str]:
    """Return what is wrong with a pair, in words."""
    try:
        parse_pair(values)
    except InputError as error:
        return [text for _, text in error.problems]
    return []


def with_choices() -> list[tuple[str, str]]:
    return [(name, value) for name in SETUP_PARAMS for value in schema(name).get("enum", ())]


def test_form_asks_for_every_field_of_a_pair() -> None:
    # A label is for pairs of an inventory, which have to be told apart.
    assert set(SETUP_PARAMS) == set(PAIR_FIELDS) - {"label"} | RUN_PARAMETERS


def test_buckets_and_regions_have_no_default() -> None:
    assert {name for name in SETUP_PARAMS if PAIR_FIELDS.get(name) and PAIR_FIELDS[name].default is MISSING} == set(
        REQUIRED
    )
    for name in REQUIRED:
        assert not isinstance(SETUP_PARAMS[name].serialize()["value"], str)


def test_untouched_form_gives_the_defaults_of_a_pair() -> None:
    untouched = {name: default(name) for name in set(SETUP_PARAMS) - set(REQUIRED) - RUN_PARAMETERS}
    assert parse_pair({**untouched, **REQUIRED}) == parse_pair(REQUIRED)


def test_run_parameters_default_to_the_whole_job() -> None:
    assert {name: default(name) for name in RUN_PARAMETERS} == {"plan_only": False, "wait_for_history": True}


@pytest.mark.parametrize("name", SETUP_PARAMS)
def test_every_field_is_explained_and_only_the_required_ones_need_no_click(name: str) -> None:
    """Airflow opens the fields without a section, and none of the others."""
    assert SETUP_PARAMS[name].description or schema(name)["description_md"]
    assert schema(name)["title"]
    assert (schema(name).get("section") is None) == (name in REQUIRED)


@pytest.mark.parametrize(("name", "value"), with_choices())
def test_every_choice_is_one_of_the_field(name: str, value: str) -> None:
    """A choice may contradict other fields, but is never refused for itself."""
    assert schema(name)["values_display"][value]
    problems = problems_of({**REQUIRED, name: value})
    assert not [text for text in problems if " is not one of " in text or "unknown region" in text]


def test_choices_are_complete() -> None:
    offered: dict[str, set[str]] = {}
    for name, value in with_choices():
        offered.setdefault(name, set()).add(value)
    for name, values in offered.items():
        with pytest.raises(InputError) as caught:
            parse_pair({**REQUIRED, name: "no-such-choice"})
        ((field, problem),) = caught.value.problems
        assert field == name
        listed = problem.partition("known are ")[2] or problem.partition("is not one of ")[2]
        assert set(listed.split(", ")) == values


def test_regions_are_shown_by_name_and_id() -> None:
    shown = schema("source_region")["values_display"]
    assert shown["cn-hangzhou"] == "China (Hangzhou): cn-hangzhou"
    assert list(shown) == list(REGIONS)


@pytest.mark.parametrize(
    ("name", "value"), [("source_bucket", "ab"), ("source_region", "mars-1"), ("prefixes", "logs/"), ("rtc", "yes")]
)
def test_form_refuses_what_it_can_see_itself(name: str, value: object) -> None:
    param: Param = SETUP_PARAMS[name]
    with pytest.raises(ParamValidationError, match="Failed validating"):
        param.resolve(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("source_bucket", "abc"), ("prefixes", None), ("prefixes", ["a/", "b/"]), ("role_name", None), ("role_name", "R")],
)
def test_form_accepts_what_is_right(name: str, value: object) -> None:
    assert SETUP_PARAMS[name].resolve(value) == value
