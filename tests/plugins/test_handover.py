"""What the destination's owner is asked for."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from oss_crr.handover import document, mirror_conf, needs_handover
from oss_crr.pair import ResolvedPair, parse_pair
from oss_crr.resources import destination_grant, kms_key_grant
from tests.plugins.fake_cloud import DESTINATION_UID, SOURCE_UID, make_resolved

ALONE: dict[str, Any] = {"destination_conn_id": None, "destination_uid": DESTINATION_UID}
KEY = f"acs:kms:cn-shanghai:{DESTINATION_UID}:key/key-1"
KMS = {"replicate_kms_objects": True, "kms_key_arn": KEY}


def alone(**fields: Any) -> ResolvedPair:
    pair = make_resolved(**ALONE, **fields)
    return pair.with_key(pair.pair.kms_key_arn)


def json_blocks(text: str) -> list[Any]:
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)]


def test_only_pairs_without_a_connection_to_the_destination_are_handed_over() -> None:
    assert needs_handover(alone())
    assert not needs_handover(make_resolved())


def test_document_of_a_batch_has_a_section_for_each_pair() -> None:
    pairs = [alone(), alone(source_bucket="src-2")]
    text = document(pairs)
    assert re.findall("^## (.*)$", text, re.MULTILINE) == ["src → dst", "src-2 → dst"]
    blocks = json_blocks(text)
    assert blocks == [item for pair in pairs for item in (destination_grant.grant(pair), mirror_conf(pair))]


def test_key_statement_is_there_with_kms_only() -> None:
    assert json_blocks(document([alone(**KMS)]))[1] == kms_key_grant.grant(alone(**KMS))
    assert "kms" not in document([alone()]).lower()


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({}, {}),
        ({"replication_policy": "add_delete_change"}, {"replication_policy": "add_delete_change"}),
        (KMS, KMS),
        ({"prefixes": ["a/"], "rtc": True, "on_rule_mismatch": "replace"}, {}),
    ],
)
def test_configuration_for_the_other_side_holds_what_the_grant_depends_on(
    fields: dict[str, Any], kept: dict[str, Any]
) -> None:
    conf = mirror_conf(alone(**fields))
    assert conf == {
        "source_conn_id": None,
        "source_uid": SOURCE_UID,
        "role_name": alone().pair.role,
        "destination_conn_id": "oss_destination",
        "source_bucket": "src",
        "source_region": "cn-hangzhou",
        "destination_bucket": "dst",
        "destination_region": "cn-shanghai",
        "replication_policy": "add_change",
        **kept,
    }


@pytest.mark.parametrize("fields", [{}, {"replication_policy": "add_delete_change"}, KMS])
@pytest.mark.parametrize("versioned", [False, True])
def test_the_other_sides_grants_are_those_that_were_asked_for(fields: dict[str, Any], versioned: bool) -> None:
    asked = make_resolved(versioned=versioned, **ALONE, **fields)
    theirs = ResolvedPair(
        parse_pair(mirror_conf(asked)), SOURCE_UID, DESTINATION_UID, versioned, "internal", asked.pair.kms_key_arn
    )
    assert destination_grant.grant(theirs) == destination_grant.grant(asked)
    assert kms_key_grant.grant(theirs) == kms_key_grant.grant(asked)
