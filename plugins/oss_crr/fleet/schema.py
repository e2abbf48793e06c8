"""The inventory's JSON Schema, by which editors complete and check it: ``python -m oss_crr.fleet.schema``. Pure.

It is made from the same tables that the inventory is read with, and cannot tell everything that reading it tells: which
fields contradict one another, and what pairs have in common.
"""

from __future__ import annotations

import json
from typing import Any

from oss_crr.fields import (
    ACCOUNT_UID,
    BUCKET_NAME,
    CHOICES,
    CONNECTIONS,
    KEY_ARN,
    MAX_PREFIXES,
    ROLE_NAME,
    SWITCHES,
)
from oss_crr.fleet.entries import DEFAULT_FIELDS, MAX_NAME_LENGTH, PAIR_FIELDS
from oss_crr.fleet.verify_fields import VERIFY_FIELDS
from oss_crr.pair import BucketPair
from oss_crr.regions import REGIONS

Schema = dict[str, Any]

_DESCRIPTIONS = {
    "name": "What the form and every report call the pair.",
    "source_bucket": "The bucket whose objects are copied.",
    "destination_bucket": "The bucket of the other account that receives the copies.",
    "source_region": "Region of the source bucket.",
    "destination_region": "Region of the destination bucket; another one than the source's.",
    "source_conn_id": "Airflow connection of the source account; null: its owner does that side.",
    "destination_conn_id": "Airflow connection of the destination account; null: its owner does that side.",
    "source_uid": "UID of the source account; with a connection, a guard.",
    "destination_uid": "UID of the destination account; with a connection, a guard.",
    "prefixes": "Only objects whose names begin like this are copied; none: the whole bucket.",
    "replication_policy": "Whether deletions travel, too.",
    "replicate_historical_data": "Whether what is there already is copied.",
    "role_name": "The RAM role that OSS assumes; pairs may share one. None: a role of the pair's own.",
    "role_permissions": "Rights of the role at the source.",
    "transfer_type": "auto: what the regions require.",
    "rtc": "Replication time control: billed, offered between some regions only.",
    "replicate_kms_objects": "Whether objects are copied that are encrypted with a KMS key of yours.",
    "kms_key_arn": "A key in a KMS instance of the destination region.",
    "kms_instance_id": "Instead of a key: the instance in which one is made, once for all pairs.",
    "kms_permissions": "Rights of the role on keys.",
    "on_rule_mismatch": "What to do about a rule that differs: OSS cannot change one.",
    "max_lag_minutes": "How far the copies may lag behind; default 15, or 10 with rtc.",
    "canary": "Whether a test object may be sent through the pair.",
    "canary_prefix": "Where test objects go; within the pair's prefixes.",
    "compare": "Whether the listings of both buckets are compared.",
    "verify": "How the pair is verified.",
}


def fleet_schema() -> Schema:
    """Return the schema of ``include/fleet.yaml``."""
    defaults = {name: _field(name) for name in DEFAULT_FIELDS}
    pair = {"name": _described("name", {"type": "string", "maxLength": MAX_NAME_LENGTH})}
    pair |= {name: _field(name) for name in PAIR_FIELDS}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Inventory of OSS bucket pairs",
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {
            "defaults": {**_table(defaults), "description": "What holds for every pair that does not say otherwise."},
            "pairs": {
                "description": "One item for each pair.",
                "type": ["array", "null"],
                # Buckets and regions are required, too, unless a default gives them: a schema cannot tell.
                "items": {**_table(pair), "type": "object", "required": ["name", "source_bucket"]},
            },
        },
    }


def schema_text() -> str:
    """Return the schema as it is kept in ``include/fleet.schema.json``."""
    return json.dumps(fleet_schema(), indent=2, ensure_ascii=False) + "\n"


def _table(properties: Schema) -> Schema:
    verify = {name: _described(name, _VERIFY[name]) for name in VERIFY_FIELDS}
    nested = _described("verify", _closed(verify))
    return _closed({**properties, "verify": nested})


def _closed(properties: Schema) -> Schema:
    return {"type": ["object", "null"], "additionalProperties": False, "properties": properties}


def _field(name: str) -> Schema:
    schema = _described(name, {**_values(name)})
    default = getattr(BucketPair, name, None)
    return schema if default in (None, "", ()) else {**schema, "default": default}


def _described(name: str, schema: Schema) -> Schema:
    return {"description": _DESCRIPTIONS[name], **schema}


def _values(name: str) -> Schema:
    """Return what a field takes; null stands for "not given"."""
    if name in CHOICES:
        return _one_of(CHOICES[name])
    if name in SWITCHES:
        return {"type": ["boolean", "null"]}
    if name in CONNECTIONS:
        return {"type": ["string", "null"]}
    if name.endswith("_region"):
        return _one_of(tuple(REGIONS))
    if name.endswith("_uid"):
        return {"type": ["string", "integer", "null"], "pattern": f"^{ACCOUNT_UID.pattern}$"}
    if name == "prefixes":
        return {"type": ["array", "null"], "items": {"type": "string"}, "maxItems": MAX_PREFIXES, "uniqueItems": True}
    pattern = _PATTERNS.get("bucket" if name.endswith("_bucket") else name)
    return {"type": ["string", "null"], **({"pattern": f"^{pattern}$"} if pattern else {})}


def _one_of(words: tuple[str, ...]) -> Schema:
    return {"type": ["string", "null"], "enum": [*words, None]}


_PATTERNS = {"bucket": BUCKET_NAME.pattern, "role_name": ROLE_NAME.pattern, "kms_key_arn": KEY_ARN.pattern}

_VERIFY: dict[str, Schema] = {
    "max_lag_minutes": {"type": ["number", "null"], "exclusiveMinimum": 0},
    "canary": {"type": ["boolean", "null"], "default": True},
    "canary_prefix": {"type": ["string", "null"], "pattern": r"^(?![/\\])"},
    "compare": {"type": ["boolean", "null"], "default": True},
}


if __name__ == "__main__":
    print(schema_text(), end="")
