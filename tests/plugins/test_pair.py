"""What a user may write about a pair, and what is derived from it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oss_crr import policy
from oss_crr.errors import InputError
from oss_crr.fields import MAX_PREFIX_BYTES
from oss_crr.pair import BucketPair, ResolvedPair, parse_pair
from oss_crr.resources.destination_grant import merged
from tests.plugins.fake_cloud import DESTINATION_UID, SOURCE_UID, make_pair, make_resolved

REQUIRED = {
    "source_bucket": "src",
    "source_region": "cn-hangzhou",
    "destination_bucket": "dst",
    "destination_region": "cn-shanghai",
}


def problems_of(**changes: Any) -> dict[str, str]:
    """Return what is wrong, by field, with a pair in which some fields are changed."""
    with pytest.raises(InputError) as caught:
        parse_pair({**REQUIRED, **changes})
    return dict(caught.value.problems)


# --- right values ----------------------------------------------------------------------------------------------------


def test_defaults() -> None:
    assert parse_pair(REQUIRED) == BucketPair(
        source_bucket="src",
        source_region="cn-hangzhou",
        destination_bucket="dst",
        destination_region="cn-shanghai",
        source_conn_id="oss_source",
        destination_conn_id="oss_destination",
        prefixes=(),
        replication_policy="add_change",
        replicate_historical_data=True,
        role_name="",
        role_permissions="minimal",
        transfer_type="auto",
        rtc=False,
        on_rule_mismatch="fail",
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source_bucket", "a-1"),
        ("source_bucket", "a" * 63),
        ("destination_bucket", "0-bucket-9"),
        ("source_region", "cn-beijing"),
        ("destination_region", "cn-wulanchabu"),
        ("source_conn_id", "account_a"),
        ("destination_conn_id", "account_b"),
        ("replication_policy", "add_delete_change"),
        ("replicate_historical_data", False),
        ("role_name", "My.Role-1"),
        ("role_name", "r" * 64),
        ("role_permissions", "AliyunOSSFullAccess"),
        ("transfer_type", "internal"),
        ("rtc", True),
        ("on_rule_mismatch", "replace"),
    ],
)
def test_right_value_is_kept(field: str, value: object) -> None:
    assert getattr(make_pair(**{field: value}), field) == value


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_empty_value_counts_as_not_given(nothing: object) -> None:
    connections = {"source_conn_id", "destination_conn_id"}
    optional = dict.fromkeys(set(make_pair().to_dict()) - set(REQUIRED) - connections, nothing)
    assert parse_pair({**REQUIRED, **optional}) == make_pair()
    assert problems_of(source_bucket=nothing) == {"source_bucket": "is required"}


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_empty_connection_means_that_somebody_else_owns_the_side(nothing: object) -> None:
    pair = make_pair(destination_conn_id=nothing, destination_uid="2222222222222222")
    assert (pair.manages_source, pair.manages_destination) == (True, False)
    assert problems_of(destination_conn_id=nothing).keys() == {"destination_uid"}
    mirror = make_pair(source_conn_id=nothing, source_uid=1111111111111111, role_name="role")
    assert (mirror.manages_source, mirror.manages_destination) == (False, True)
    assert problems_of(source_conn_id=nothing).keys() == {"source_uid", "role_name"}
    assert problems_of(source_conn_id=nothing, destination_conn_id=nothing).keys() == {"source_conn_id"}


@pytest.mark.parametrize("uid", ["root", "12", "1" * 30, True, 1.5])
def test_wrong_account_uid_is_refused(uid: object) -> None:
    assert problems_of(destination_uid=uid).keys() == {"destination_uid"}


def test_blanks_around_text_are_dropped() -> None:
    assert make_pair(source_bucket=" src\n", role_name="\trole ") == make_pair(source_bucket="src", role_name="role")


# --- wrong values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ab", "a" * 64, "-abc", "abc-", "Abc", "a_bc", "a.bc", "büc", "abc\nd", "abc/d"])
@pytest.mark.parametrize("field", ["source_bucket", "destination_bucket"])
def test_wrong_bucket_name(field: str, name: str) -> None:
    assert problems_of(**{field: name}) == {
        field: f"{name!r} is no bucket name: 3 to 63 lower-case letters, digits and hyphens, no hyphen at either end"
    }


@pytest.mark.parametrize("field", ["source_region", "destination_region"])
def test_wrong_region(field: str) -> None:
    assert problems_of(**{field: "oss-cn-beijing"}) == {
        field: "'oss-cn-beijing' is OSS's location name; the region id is 'cn-beijing'"
    }
    assert problems_of(**{field: "mars-1"})[field].startswith("unknown region 'mars-1'; known are cn-hangzhou, ")
    assert field in problems_of(**{field: "CN-BEIJING"})


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("source_bucket", 5, "must be text, is 5"),
        ("source_conn_id", ["x"], "must be text, is ['x']"),
        ("destination_conn_id", True, "must be text, is True"),
        ("role_name", 7, "must be text, is 7"),
        ("role_name", "with_underscore", "is no RAM role name"),
        ("role_name", "r" * 65, "is no RAM role name"),
        ("replication_policy", "add", "'add' is not one of add_change, add_delete_change"),
        ("replication_policy", ["add_change"], "is not one of"),
        ("role_permissions", "all", "'all' is not one of minimal, AliyunOSSFullAccess"),
        ("transfer_type", "oss-acc", "'oss-acc' is not one of auto, internal, oss_acc"),
        ("on_rule_mismatch", True, "True is not one of fail, replace"),
        ("replicate_historical_data", "true", "must be true or false, is 'true'"),
        ("replicate_historical_data", 1, "must be true or false, is 1"),
        ("rtc", 0, "must be true or false, is 0"),
        ("prefixes", "logs/", "must be a list of texts, is 'logs/'"),
        ("prefixes", [1], "must be a list of texts, holds 1"),
        ("prefixes", [None], "must be a list of texts, holds None"),
    ],
)
def test_wrong_value_is_named(field: str, value: object, problem: str) -> None:
    found = problems_of(**{field: value})
    assert list(found) == [field]
    assert problem in found[field]


def test_unknown_fields_are_refused() -> None:
    found = problems_of(prefix=["a/"], kms="x")
    assert set(found) == {"prefix", "kms"}
    assert found["prefix"].startswith("unknown field 'prefix'; known are destination_bucket, ")


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        parse_pair({"source_bucket": "X", "source_region": "mars-1", "typo": 1, "rtc": "on"})
    assert [field for field, _ in caught.value.problems] == [
        "typo",
        "destination_bucket",
        "destination_region",
        "rtc",
        "source_bucket",
        "source_region",
    ]
    assert "destination_bucket: is required; " in str(caught.value)


def test_input_error_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="source_bucket: is required"):
        parse_pair({})


# --- prefixes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_prefixes", "kept"),
    [
        ([], ()),
        (["", ""], ()),
        (["logs/", "", "img"], ("logs/", "img")),
        ((" lead", "trail "), (" lead", "trail ")),
        (["数据/"], ("数据/",)),
        (["x" * MAX_PREFIX_BYTES], ("x" * MAX_PREFIX_BYTES,)),
        ([f"{digit}/" for digit in range(10)], tuple(f"{digit}/" for digit in range(10))),
    ],
)
def test_prefixes_are_taken_literally(given_prefixes: object, kept: tuple[str, ...]) -> None:
    assert make_pair(prefixes=given_prefixes).prefixes == kept


@pytest.mark.parametrize(
    ("prefixes", "problem"),
    [
        ([f"{number:02}/" for number in range(11)], "11 prefixes; OSS accepts up to 10 in a rule"),
        (["a/", "a/"], "a prefix is named twice"),
        (["a/b/", "a/"], "'a/b/' lies within 'a/': leave one of them out"),
        (["logs/*"], "prefix 'logs/*' ends in '*': OSS takes prefixes literally, leave the asterisk out"),
        (["x" * (MAX_PREFIX_BYTES + 1)], "is longer than 1023 bytes"),
        (["数" * 342], "is longer than 1023 bytes"),
        (["src/logs/"], "contains the bucket's name; OSS refuses that"),
        (["oss://src/logs/"], "contains the bucket's name; OSS refuses that"),
    ],
)
def test_wrong_prefixes(prefixes: list[str], problem: str) -> None:
    found = problems_of(prefixes=prefixes)
    assert list(found) == ["prefixes"]
    assert problem in found["prefixes"]


# --- contradictions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"destination_bucket": "src"}, "destination_bucket", "is the source bucket; replication needs two buckets"),
        ({"destination_region": "cn-hangzhou"}, "destination_region", "is the source region"),
        ({"destination_conn_id": "oss_source"}, "destination_conn_id", "is the source connection"),
        (
            {"destination_region": "us-west-1", "transfer_type": "internal"},
            "transfer_type",
            "cn-hangzhou → us-west-1 requires 'oss_acc'; leave it at 'auto'",
        ),
        (
            {"transfer_type": "oss_acc"},
            "transfer_type",
            "cn-hangzhou → cn-shanghai requires 'internal'; leave it at 'auto'",
        ),
        (
            {"destination_region": "cn-chengdu", "rtc": True},
            "rtc",
            "replication time control is not offered for cn-hangzhou → cn-chengdu",
        ),
    ],
)
def test_contradiction_is_named(changes: dict[str, Any], field: str, problem: str) -> None:
    found = problems_of(**changes)
    assert list(found) == [field]
    assert found[field].startswith(problem)


def test_contradictions_are_named_at_once() -> None:
    found = problems_of(destination_bucket="src", destination_region="cn-hangzhou", source_conn_id="oss_destination")
    assert list(found) == ["destination_bucket", "destination_region", "destination_conn_id"]


# --- round trips -----------------------------------------------------------------------------------------------------


def test_pair_survives_the_way_between_tasks() -> None:
    pair = make_pair(prefixes=["a/", "b/"], role_name="R", rtc=True, replicate_historical_data=False)
    assert parse_pair(json.loads(json.dumps(pair.to_dict()))) == pair


@pytest.mark.parametrize("versioned", [True, False])
def test_resolved_pair_survives_the_way_between_tasks(versioned: bool) -> None:
    resolved = make_resolved(versioned=versioned, prefixes=["a/"])
    assert ResolvedPair.from_dict(json.loads(json.dumps(resolved.to_dict()))) == resolved
    assert resolved.name == resolved.pair.name == "src → dst"


@pytest.mark.parametrize(
    ("replication_policy", "versioned", "needed"),
    [
        ("add_change", False, False),
        ("add_change", True, True),
        ("add_delete_change", False, True),
        ("add_delete_change", True, True),
    ],
)
def test_delete_right_is_needed_where_deletions_travel(replication_policy: str, versioned: bool, needed: bool) -> None:
    pair = make_resolved(versioned=versioned, replication_policy=replication_policy)
    assert pair.needs_delete_right is needed


# --- derived names ---------------------------------------------------------------------------------------------------

BUCKETS = st.from_regex(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", fullmatch=True)


@given(BUCKETS, BUCKETS)
def test_derived_role_is_a_short_lower_case_ram_name(source: str, destination: str) -> None:
    pair = BucketPair(source, "cn-hangzhou", destination, "cn-shanghai")
    assert re.fullmatch(r"[a-z0-9.-]{1,64}", pair.role)
    assert len(pair.role) <= 29
    assert re.fullmatch(r"oss-crr-[0-9a-f]{24}", pair.rule_id)


def test_derived_names_are_stable() -> None:
    """The names are the only memory of what was created: another derivation would orphan it."""
    pair = make_pair(source_bucket="orders-2026", destination_bucket="orders-copy")
    assert pair.role == "oss-crr-orders-202-ede1c6c55f"
    assert pair.rule_id == "oss-crr-ede1c6c55fe8f27c88a63591"


def test_derived_role_of_a_bucket_with_a_hyphen_in_tenth_place() -> None:
    assert re.fullmatch(r"oss-crr-nine-char-[0-9a-f]{10}", make_pair(source_bucket="nine-char-b").role)


def test_derived_names_depend_on_the_buckets_alone() -> None:
    same = make_pair(destination_region="cn-beijing", prefixes=["a/"], replication_policy="add_delete_change")
    assert (same.role, same.rule_id) == (make_pair().role, make_pair().rule_id)
    for other in (make_pair(destination_bucket="dst-2"), make_pair(source_bucket="src-2")):
        assert other.role != make_pair().role
        assert other.rule_id != make_pair().rule_id


def test_given_role_name_is_used() -> None:
    assert make_pair(role_name="Shared-Role").role == "Shared-Role"


def test_two_hundred_pairs_fit_in_one_bucket_policy() -> None:
    pairs = [make_resolved(source_bucket=f"a-source-bucket-{number}") for number in range(200)]
    document = merged(None, pairs)
    policy.check_bucket_policy_size(document)
    principals = [principal for statement in document["Statement"] for principal in statement["Principal"]]
    assert principals == [f"arn:sts::{SOURCE_UID}:assumed-role/{pair.pair.role}/*" for pair in pairs]
    assert {resource for statement in document["Statement"] for resource in statement["Resource"]} == {
        f"acs:oss:*:{DESTINATION_UID}:dst",
        f"acs:oss:*:{DESTINATION_UID}:dst/*",
    }
