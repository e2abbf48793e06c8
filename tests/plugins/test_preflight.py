"""Every check, in both outcomes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from oss_crr.errors import CredentialsError, NotFound, ServiceUnavailable
from oss_crr.fact_checks import check_facts
from oss_crr.model import BucketInfo, Identity, ReplicationLocations
from oss_crr.preflight import Check, Facts, check_changes, resolve, table, unreadable
from oss_crr.resources.base import Change
from tests.plugins.fake_cloud import DESTINATION_UID, SOURCE_UID, make_pair

GONE = NotFound("bucket `x` does not exist")
LOCATIONS = ReplicationLocations(frozenset({"cn-shanghai"}), {}, frozenset())
FACTS = Facts(
    pair=make_pair(),
    source_identity=Identity(SOURCE_UID, f"acs:ram::{SOURCE_UID}:user/a", "RAMUser"),
    destination_identity=Identity(DESTINATION_UID, f"acs:ram::{DESTINATION_UID}:user/b", "RAMUser"),
    source_bucket=BucketInfo("src", "cn-hangzhou", SOURCE_UID, ""),
    destination_bucket=BucketInfo("dst", "cn-shanghai", DESTINATION_UID, ""),
    locations=LOCATIONS,
)


def checks_of(**changes: Any) -> dict[str, Check]:
    """Return the checks, by name, of facts in which some are changed."""
    checks = check_facts(replace(FACTS, **changes))
    by_name = {check.name: check for check in checks}
    assert len(by_name) == len(checks)
    return by_name


def bucket(side: str, **changes: Any) -> BucketInfo:
    info = FACTS.source_bucket if side == "source" else FACTS.destination_bucket
    assert isinstance(info, BucketInfo)
    return replace(info, **changes)


def blocking(checks: dict[str, Check]) -> list[str]:
    return [name for name, check in checks.items() if check.blocks]


def test_all_is_well() -> None:
    checks = checks_of()
    assert {name: check.found for name, check in checks.items()} == {
        "source identity": f"acs:ram::{SOURCE_UID}:user/a of account {SOURCE_UID}",
        "destination identity": f"acs:ram::{DESTINATION_UID}:user/b of account {DESTINATION_UID}",
        "different accounts": f"{SOURCE_UID} → {DESTINATION_UID}",
        "source region": "`src` is in cn-hangzhou",
        "source owner": f"`src` belongs to {SOURCE_UID}",
        "destination region": "`dst` is in cn-shanghai",
        "destination owner": f"`dst` belongs to {DESTINATION_UID}",
        "versioning": "source never enabled, destination never enabled",
        "replication location": "cn-hangzhou → cn-shanghai",
        "transfer type": "internal",
    }
    assert {(check.status, check.action) for check in checks.values()} == {("ok", "")}


# --- accounts --------------------------------------------------------------------------------------------------------


def test_same_account_blocks() -> None:
    checks = checks_of(destination_identity=FACTS.source_identity)
    assert "different accounts" in blocking(checks)
    assert checks["different accounts"].text == (
        f"connections `oss_source` and `oss_destination` both belong to account {SOURCE_UID} → "
        "give the connection of the other account"
    )


@pytest.mark.parametrize(
    ("error", "retryable"), [(CredentialsError("unknown key"), False), (ServiceUnavailable("cut"), True)]
)
def test_credentials_that_do_not_work_are_named_once(error: Exception, retryable: bool) -> None:
    checks = checks_of(source_identity=error, source_bucket=error, locations=error)
    assert blocking(checks) == ["source identity"]
    assert checks["source identity"] == Check("source identity", "blocks", str(error), retryable=retryable)
    assert "different accounts" not in checks
    assert "destination owner" in checks

    checks = checks_of(destination_identity=error, destination_bucket=error)
    assert blocking(checks) == ["destination identity"]
    assert "replication location" in checks


# --- buckets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["source", "destination"])
def test_unreadable_bucket_blocks(side: str) -> None:
    checks = checks_of(**{f"{side}_bucket": GONE})
    assert blocking(checks) == [f"{side} bucket"]
    assert checks[f"{side} bucket"].found == "bucket `x` does not exist"
    assert not {f"{side} region", f"{side} owner"} & set(checks)


@pytest.mark.parametrize("side", ["source", "destination"])
def test_bucket_in_another_region_blocks(side: str) -> None:
    checks = checks_of(**{f"{side}_bucket": bucket(side, region="cn-beijing")})
    assert blocking(checks) == [f"{side} region"]
    assert checks[f"{side} region"].action == f"set {side}_region to cn-beijing"
    assert f"is in cn-beijing, not in {'cn-hangzhou' if side == 'source' else 'cn-shanghai'}" in (
        checks[f"{side} region"].found
    )


@pytest.mark.parametrize("side", ["source", "destination"])
def test_bucket_of_another_account_blocks(side: str) -> None:
    checks = checks_of(**{f"{side}_bucket": bucket(side, owner_uid="999")})
    assert blocking(checks) == [f"{side} owner"]
    assert checks[f"{side} owner"].action == f"give {side}_conn_id the connection of account 999"


@pytest.mark.parametrize(
    ("source", "destination", "blocks"),
    [
        ("", "", False),
        ("Enabled", "Enabled", False),
        ("Enabled", "", True),
        ("", "Enabled", True),
        ("Suspended", "", True),
        ("", "Suspended", True),
        ("Suspended", "Suspended", True),
        ("Suspended", "Enabled", True),
    ],
)
def test_versioning(source: str, destination: str, blocks: bool) -> None:
    checks = checks_of(
        source_bucket=bucket("source", versioning=source),
        destination_bucket=bucket("destination", versioning=destination),
    )
    assert blocking(checks) == (["versioning"] if blocks else [])
    assert checks["versioning"].found == (
        f"source {source or 'never enabled'}, destination {destination or 'never enabled'}"
    )
    assert bool(checks["versioning"].action) is blocks


@pytest.mark.parametrize(
    ("encryption", "key", "switch", "blocks"),
    [
        (None, None, False, False),
        ("AES256", None, False, False),
        ("KMS", None, False, False),
        ("KMS", "key-1", False, True),
        ("KMS", "key-1", True, False),
    ],
)
def test_destination_that_encrypts_with_a_key_of_its_own(
    encryption: str | None, key: str | None, switch: bool, blocks: bool
) -> None:
    kms = {"replicate_kms_objects": True, "kms_instance_id": "kst-1"} if switch else {}
    info = bucket("destination", encryption=encryption, kms_key_id=key)
    checks = checks_of(pair=make_pair(**kms), destination_bucket=info)
    assert blocking(checks) == (["destination encryption"] if blocks else [])


# --- where to --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locations", "allowed"),
    [(frozenset({"cn-beijing", "cn-qingdao"}), "cn-beijing, cn-qingdao"), (frozenset(), "none")],
)
def test_region_that_oss_does_not_replicate_to(locations: frozenset[str], allowed: str) -> None:
    checks = checks_of(locations=replace(LOCATIONS, locations=locations))
    assert blocking(checks) == ["replication location"]
    assert checks["replication location"].text == (
        f"OSS does not replicate from cn-hangzhou to cn-shanghai → choose a destination in one of: {allowed}"
    )


def test_unreadable_locations_block() -> None:
    assert blocking(checks_of(locations=ServiceUnavailable("cut"))) == ["replication location"]


@pytest.mark.parametrize(
    ("wanted", "offered", "blocks"),
    [
        ("auto", {}, False),
        ("auto", {"cn-shanghai": frozenset({"internal", "oss_acc"})}, False),
        ("auto", {"cn-shanghai": frozenset({"oss_acc"})}, True),
        ("internal", {"cn-shanghai": frozenset({"oss_acc"})}, True),
        ("internal", {"cn-beijing": frozenset({"oss_acc"})}, False),
    ],
)
def test_transfer_type(wanted: str, offered: dict[str, frozenset[str]], blocks: bool) -> None:
    checks = checks_of(pair=make_pair(transfer_type=wanted), locations=replace(LOCATIONS, transfer_types=offered))
    assert blocking(checks) == (["transfer type"] if blocks else [])
    if blocks:
        assert checks["transfer type"].found == "'internal' is not offered, only oss_acc"


@pytest.mark.parametrize(
    ("wanted", "offered", "blocks"),
    [(False, (), False), (True, ("cn-shanghai",), False), (True, ("cn-beijing",), True)],
)
def test_replication_time_control(wanted: bool, offered: tuple[str, ...], blocks: bool) -> None:
    checks = checks_of(pair=make_pair(rtc=wanted), locations=replace(LOCATIONS, rtc=frozenset(offered)))
    assert blocking(checks) == (["rtc"] if blocks else [])


# --- rights ----------------------------------------------------------------------------------------------------------


def test_wide_rights_are_warned_of() -> None:
    check = checks_of(pair=make_pair(role_permissions="AliyunOSSFullAccess"))["role_permissions"]
    assert (check.status, check.blocks) == ("warning", False)
    assert "AliyunOSSFullAccess" in check.found
    assert "role_permissions" not in checks_of()


# --- what is configured already --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "status"), [("blocked", "blocks"), ("wait", "warning"), ("replace", "warning")])
def test_difference_that_is_worth_a_word(kind: Any, status: str) -> None:
    (check,) = check_changes([Change("rule", kind, "why")])
    assert (check.name, check.status, check.found) == ("rule", status, "why")


@pytest.mark.parametrize("kind", ["create", "update"])
def test_other_differences_need_no_check(kind: Any) -> None:
    attach = Change("source_grant", kind, "why", after={"attach": "x"})
    assert check_changes([Change("role", kind, "why", after={}), Change("rule", kind, "why", after={}), attach]) == []


def document(size: int) -> dict[str, Any]:
    return {"Version": "1", "Statement": [{"Sid": "x" * 1000}] * (size // 1000)}


@pytest.mark.parametrize(
    ("resource", "name", "fits", "too_large"),
    [
        ("destination_grant", "bucket policy size", 15_000, 17_000),
        ("source_grant", "role policy size", 5_000, 7_000),
    ],
)
def test_policy_size(resource: str, name: str, fits: int, too_large: int) -> None:
    (check,) = check_changes([Change(resource, "update", "why", after=document(fits))])
    assert (check.name, check.status) == (name, "ok")
    assert "bytes with our statement" in check.found
    (check,) = check_changes([Change(resource, "update", "why", after=document(too_large))])
    assert (check.name, check.status) == (name, "blocks")
    assert check.found.startswith("with our statement it would have ")
    assert check.action


# --- what comes of it ------------------------------------------------------------------------------------------------


def test_resolved_pair_holds_what_the_cloud_told() -> None:
    resolved = resolve(FACTS)
    assert resolved is not None
    assert (resolved.pair, resolved.source_uid, resolved.destination_uid) == (FACTS.pair, SOURCE_UID, DESTINATION_UID)
    assert (resolved.versioned, resolved.transfer_type) == (False, "internal")


def test_resolved_pair_of_versioned_buckets_across_the_border() -> None:
    resolved = resolve(
        replace(
            FACTS, pair=make_pair(destination_region="us-west-1"), source_bucket=bucket("source", versioning="Enabled")
        )
    )
    assert resolved is not None
    assert (resolved.versioned, resolved.transfer_type) == (True, "oss_acc")


@pytest.mark.parametrize("field", ["source_identity", "destination_identity", "source_bucket", "destination_bucket"])
def test_pair_that_could_not_be_read_is_not_resolved(field: str) -> None:
    unreadable_part: dict[str, Any] = {field: GONE}
    assert resolve(replace(FACTS, **unreadable_part)) is None


def test_pair_is_resolved_without_locations() -> None:
    assert resolve(replace(FACTS, locations=GONE)) is not None


@pytest.mark.parametrize(("error", "retryable"), [(GONE, False), (ServiceUnavailable("cut"), True)])
def test_unreadable(error: Any, retryable: bool) -> None:
    assert unreadable("x", error) == Check("x", "blocks", str(error), retryable=retryable)


def test_check_is_json_data() -> None:
    check = Check("x", "blocks", "found", "do")
    assert Check(**json.loads(json.dumps(check.to_dict()))) == check


def test_table_is_aligned() -> None:
    checks = [Check("short", "ok", "fine"), Check("a longer name", "blocks", "bad", "mend it")]
    assert table(checks).splitlines() == [
        "ok       short          fine",
        "blocks   a longer name  bad → mend it",
    ]
    assert table([]) == ""
