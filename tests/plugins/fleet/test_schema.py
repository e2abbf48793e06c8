"""The JSON Schema says what reading an inventory says, as far as a schema can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from oss_crr.errors import InventoryError
from oss_crr.fields import CHOICES, SWITCHES
from oss_crr.fleet.entries import DEFAULT_FIELDS, PAIR_FIELDS
from oss_crr.fleet.file import parse_fleet
from oss_crr.fleet.schema import fleet_schema, schema_text
from oss_crr.fleet.verify_fields import VERIFY_FIELDS
from tests.plugins.fleet.inventories import PATH, REGIONS

INCLUDE = Path(__file__).parents[3] / "include"
VALIDATOR = Draft7Validator(fleet_schema())
PAIR: dict[str, Any] = {"name": "one", "source_bucket": "src", "destination_bucket": "dst", **REGIONS}


def test_the_file_is_what_the_code_says() -> None:
    command = "PYTHONPATH=plugins .venv/bin/python -m oss_crr.fleet.schema > include/fleet.schema.json"
    assert (INCLUDE / "fleet.schema.json").read_text(encoding="utf-8") == schema_text(), f"run: {command}"


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(fleet_schema())


def test_the_sample_names_the_schema_and_keeps_it() -> None:
    text = (INCLUDE / "fleet.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=fleet.schema.json\n")
    assert list(VALIDATOR.iter_errors(yaml.safe_load(text))) == []


def test_every_field_is_described() -> None:
    properties = fleet_schema()["properties"]
    pair = properties["pairs"]["items"]["properties"]
    assert set(pair) == {"name", "verify", *PAIR_FIELDS}
    assert set(properties["defaults"]["properties"]) == {"verify", *DEFAULT_FIELDS}
    assert set(pair["verify"]["properties"]) == set(VERIFY_FIELDS)
    assert all(field["description"] for field in (*pair.values(), *pair["verify"]["properties"].values()))


_GOOD: list[dict[str, Any]] = [
    {},
    {"prefixes": ["a/", "b/"], "rtc": True},
    {"source_uid": 1234567890123456},
    {"destination_conn_id": None, "destination_uid": "12345"},
    {"verify": {"max_lag_minutes": 0.5, "canary": False, "canary_prefix": "x/", "compare": False}},
    {"verify": None, "prefixes": None, "role_name": None},
    *({field: value} for field in ("replication_policy", "role_permissions") for value in CHOICES[field]),
]
_BAD: list[dict[str, Any]] = [
    {"sorce_bucket": "x"},
    {"source_bucket": "No_Bucket"},
    {"source_region": "oss-cn-hangzhou"},
    {"source_uid": "abc"},
    {"prefixes": "a/"},
    {"prefixes": [str(number) for number in range(11)]},
    {"role_name": "a_b"},
    {"kms_key_arn": "key-1"},
    {"name": None},
    {"verify": {"canari": True}},
    {"verify": {"max_lag_minutes": 0}},
    {"verify": {"canary_prefix": "/x"}},
    *({field: "yes"} for field in SWITCHES),
    *({field: "other"} for field in CHOICES),
]


@pytest.mark.parametrize("fields", _GOOD)
def test_what_is_right_is_right_for_both(fields: dict[str, Any]) -> None:
    data = {"pairs": [{**PAIR, **fields}]}
    assert list(VALIDATOR.iter_errors(data)) == []
    parse_fleet(yaml.safe_dump(data), PATH)


@pytest.mark.parametrize("fields", _BAD)
def test_what_is_wrong_is_wrong_for_both(fields: dict[str, Any]) -> None:
    data = {"pairs": [{**PAIR, **fields}]}
    assert list(VALIDATOR.iter_errors(data)) != []
    with pytest.raises(InventoryError):
        parse_fleet(yaml.safe_dump(data), PATH)
