"""Checks on accounts and buckets: the key's owner, and buckets in other regions; the others are with preflight."""

from __future__ import annotations

from typing import Any

import pytest

from oss_crr.errors import Conflict, NotFound
from oss_crr.fact_checks import check_facts
from oss_crr.model import BucketInfo, Identity, ReplicationLocations
from oss_crr.preflight import Check, Facts
from tests.plugins.fake_cloud import DESTINATION_UID, SOURCE_UID, make_pair

KEY = "acs:kms:cn-shanghai:{}:key/key-1"


def checks_of(fields: dict[str, Any] | None = None, **changes: Any) -> dict[str, Check]:
    facts: dict[str, Any] = {
        "source_identity": Identity(SOURCE_UID, "arn-a", "RAMUser"),
        "destination_identity": Identity(DESTINATION_UID, "arn-b", "RAMUser"),
        "source_bucket": BucketInfo("src", "cn-hangzhou", SOURCE_UID, ""),
        "destination_bucket": BucketInfo("dst", "cn-shanghai", DESTINATION_UID, ""),
        "locations": ReplicationLocations(frozenset({"cn-shanghai"}), {}, frozenset()),
        **changes,
    }
    return {check.name: check for check in check_facts(Facts(pair=make_pair(**(fields or {})), **facts))}


@pytest.mark.parametrize(("owner", "status"), [(DESTINATION_UID, "ok"), (SOURCE_UID, "blocks"), ("3" * 16, "blocks")])
def test_key_belongs_to_the_destination_account(owner: str, status: str) -> None:
    check = checks_of({"replicate_kms_objects": True, "kms_key_arn": KEY.format(owner)})["kms key owner"]
    assert check.status == status
    assert f"account {owner}" in check.found or status == "ok"


def test_keys_owner_is_judged_without_a_connection_to_the_destination() -> None:
    fields = {
        "replicate_kms_objects": True,
        "kms_key_arn": KEY.format(SOURCE_UID),
        "destination_conn_id": None,
        "destination_uid": DESTINATION_UID,
    }
    checks = checks_of(fields, destination_identity=None, destination_bucket=None)
    assert checks["kms key owner"].blocks


@pytest.mark.parametrize("fields", [{}, {"replicate_kms_objects": True, "kms_instance_id": "kst-1"}])
def test_without_a_given_key_there_is_no_owner_to_judge(fields: dict[str, Any]) -> None:
    assert "kms key owner" not in checks_of(fields)


@pytest.mark.parametrize("side", ["source", "destination"])
def test_bucket_that_oss_knows_to_be_elsewhere_is_a_matter_of_the_region(side: str) -> None:
    elsewhere = Conflict("it is in region cn-qingdao; correct the region")
    answers: dict[str, Any] = {f"{side}_bucket": elsewhere}
    checks = checks_of(**answers)
    assert checks[f"{side} region"] == Check(f"{side} region", "blocks", str(elsewhere), f"correct {side}_region")
    assert f"{side} bucket" not in checks


@pytest.mark.parametrize("side", ["source", "destination"])
def test_bucket_that_does_not_exist_is_a_matter_of_the_bucket(side: str) -> None:
    answers: dict[str, Any] = {f"{side}_bucket": NotFound("gone")}
    checks = checks_of(**answers)
    assert checks[f"{side} bucket"].blocks
    assert f"{side} region" not in checks
