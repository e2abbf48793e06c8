"""Making, describing and configuring buckets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.oss.replication.model import ReplicationRule
from tests.localcloud.oss.harness import OTHER_UID, UID, Oss

ENABLE = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"


def add_rule(oss: Oss, transfer_type: str = "internal") -> None:
    """Replicate ``data`` to a bucket of the other account, ``replica``."""
    oss.make_bucket("replica", OTHER_UID, "ap-southeast-1")
    rule = ReplicationRule(
        "r", "data", "replica", "oss-ap-southeast-1", oss.bucket.created, transfer_type=transfer_type
    )
    oss.bucket.rules["r"] = rule


def policy(**changes: object) -> str:
    """Return a policy that lets the other account list ``data``, with changes to its statement."""
    statement = {
        "Effect": "Allow",
        "Action": ["oss:ListObjects"],
        "Principal": [OTHER_UID],
        "Resource": [f"acs:oss:*:{UID}:data"],
        **changes,
    }
    return json.dumps({"Version": "1", "Statement": [statement]})


@pytest.mark.parametrize("name", ["ab", "a" * 64, "Upper", "under_score", "-dash", "dash-", "dot.ted"])
def test_bucket_names(oss: Oss, name: str) -> None:
    error = oss.refusal("PUT", f"/{name}/")
    assert (error.status, error.code) == (400, "InvalidBucketName")


@pytest.mark.parametrize("name", ["abc", "a" * 63, "1-2"])
def test_good_bucket_names(oss: Oss, name: str) -> None:
    assert oss.send("PUT", f"/{name}/").status == 200


def test_region_comes_from_endpoint_or_constraint(oss: Oss) -> None:
    location = b"<LocationConstraint>oss-cn-beijing</LocationConstraint>"
    constraint = b"<CreateBucketConfiguration>" + location + b"</CreateBucketConfiguration>"
    oss.send("PUT", "/one/", region="cn-shanghai")
    oss.send("PUT", "/two/", region=None, body=constraint)
    oss.send("PUT", "/six/", region=None)
    assert [oss.cloud.buckets[name].region for name in ("one", "two", "six")] == [
        "cn-shanghai",
        "cn-beijing",
        "cn-hangzhou",
    ]
    assert oss.refusal("PUT", "/ten/", body=constraint).code == "InvalidLocationConstraint"


def test_putting_a_bucket_again_changes_its_acl_only(oss: Oss) -> None:
    oss.send("PUT", "/data/", headers={"x-oss-acl": "public-read"})
    assert oss.bucket.acl == "public-read"
    oss.send("PUT", "/data/")
    assert oss.bucket.acl == "public-read"
    archive = b"<CreateBucketConfiguration><StorageClass>Archive</StorageClass></CreateBucketConfiguration>"
    for settings in ({"body": archive}, {"region": "cn-beijing"}, {"uid": OTHER_UID}):
        error = oss.refusal("PUT", "/data/", **settings)
        assert (error.status, error.code) == (409, "BucketAlreadyExists")
    oss.cloud.behaviour.recreate_own_bucket_is_error = True
    assert oss.refusal("PUT", "/data/").code == "BucketAlreadyExists"


def test_quota_counts_one_account_in_one_region(oss: Oss) -> None:
    oss.cloud.behaviour.max_buckets_per_region = 2
    oss.send("PUT", "/second/")
    assert oss.refusal("PUT", "/third/").code == "TooManyBuckets"
    assert oss.send("PUT", "/third/", region="cn-beijing").status == 200
    assert oss.send("PUT", "/fourth/", uid=OTHER_UID).status == 200


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-oss-acl": "public"}, b""),
        ({}, b"<CreateBucketConfiguration><StorageClass>Hot</StorageClass></CreateBucketConfiguration>"),
    ],
)
def test_bad_settings(oss: Oss, headers: dict[str, str], body: bytes) -> None:
    error = oss.refusal("PUT", "/fresh/", headers=headers, body=body)
    assert (error.status, error.code) == (400, "InvalidArgument")
    assert "fresh" not in oss.cloud.buckets


def test_listing_shows_own_buckets_of_all_regions(oss: Oss) -> None:
    oss.make_bucket("data-far", region="us-west-1")
    oss.make_bucket("foreign", OTHER_UID)
    root = oss.document("/?prefix=da", region="cn-beijing")
    assert [b.findtext("Name") for b in root.findall("Buckets/Bucket")] == ["data", "data-far"]
    assert root.findtext("Owner/ID") == UID
    assert oss.refusal("GET", "/", uid=None).status == 403


def test_only_an_empty_bucket_is_deleted(oss: Oss) -> None:
    oss.bucket.versioning = "Enabled"
    oss.send("DELETE", "/data/k")
    error = oss.refusal("DELETE", "/data/")
    assert (error.status, error.code) == (409, "BucketNotEmpty")
    marker = oss.bucket.keys["k"][0].version_id
    oss.send("DELETE", f"/data/k?versionId={marker}")
    assert oss.send("DELETE", "/data/").status == 204
    assert "data" not in oss.cloud.buckets


def test_info_says_whether_a_bucket_is_replicated(oss: Oss) -> None:
    add_rule(oss)
    for name, uid, region in (("data", UID, "cn-hangzhou"), ("replica", OTHER_UID, "ap-southeast-1")):
        root = oss.document(f"/{name}/?bucketInfo", uid=uid, region=region)
        assert root.findtext("Bucket/CrossRegionReplication") == "Enabled"
        assert root.find("Bucket/Versioning") is None


def test_versioning_states(oss: Oss) -> None:
    assert oss.document("/data/?versioning").find("Status") is None
    bad = ENABLE.replace(b"Enabled", b"Off")
    assert oss.refusal("PUT", "/data/?versioning", body=bad).code == "InvalidArgument"
    assert oss.refusal("PUT", "/data/?versioning", body=b"<Other/>").code == "MalformedXML"
    oss.send("PUT", "/data/?versioning", body=ENABLE)
    assert oss.document("/data/?versioning").findtext("Status") == "Enabled"


def test_versioning_is_locked_while_replicating(oss: Oss) -> None:
    add_rule(oss)
    for name, uid, region in (("data", UID, "cn-hangzhou"), ("replica", OTHER_UID, "ap-southeast-1")):
        error = oss.refusal("PUT", f"/{name}/?versioning", body=ENABLE, uid=uid, region=region)
        assert (error.status, error.code) == (409, "InvalidBucketState")
    oss.bucket.rules.clear()
    assert oss.send("PUT", "/data/?versioning", body=ENABLE).status == 200


def test_acceleration_cannot_be_disabled_while_a_rule_needs_it(oss: Oss) -> None:
    add_rule(oss, "oss_acc")
    document = b"<TransferAccelerationConfiguration><Enabled>%s</Enabled></TransferAccelerationConfiguration>"
    target: dict[str, Any] = {"uid": OTHER_UID, "region": "ap-southeast-1"}
    path = "/replica/?transferAcceleration"
    error = oss.refusal("PUT", path, body=document % b"false", **target)
    assert (error.status, error.code) == (409, "TransferAccAlreadyInUse")
    assert error.details == {"SourceBucket": "data", "DestinationBucket": "replica"}
    assert oss.send("PUT", path, body=document % b"true", **target).status == 200
    assert oss.refusal("PUT", path, body=document % b"maybe", **target).code == "MalformedXML"


@pytest.mark.parametrize(
    "body", [b"not json", b"\xff", b"{}", b" " * 16 * 1024], ids=["text", "bytes", "empty", "long"]
)
def test_bad_policies_leave_the_old_one(oss: Oss, body: bytes) -> None:
    old = policy()
    oss.bucket.policy.set(old, oss.bucket.created, 0)
    error = oss.refusal("PUT", "/data/?policy", body=body)
    assert (error.status, error.code) == (400, "InvalidPolicyDocument")
    assert oss.bucket.policy.current == old


def test_policy_takes_effect_after_the_propagation_delay(oss: Oss) -> None:
    oss.cloud.behaviour.policy_propagation_seconds = 10
    oss.send("PUT", "/data/?policy", body=policy().encode())
    assert oss.refusal("GET", "/data/", uid=OTHER_UID).status == 403
    oss.cloud.clock.advance(11)
    assert oss.send("GET", "/data/", uid=OTHER_UID).status == 200


def test_source_ip_without_source_vpc(oss: Oss) -> None:
    body = policy(Effect="Deny", Condition={"NotIpAddress": {"acs:SourceIp": ["10.0.0.0/8"]}}).encode()
    assert oss.refusal("PUT", "/data/?policy", body=body).status == 400
    oss.cloud.behaviour.require_source_vpc = False
    assert oss.send("PUT", "/data/?policy", body=body).status == 200


def test_bucket_tags(oss: Oss) -> None:
    tags = b"".join(b"<Tag><Key>k%d</Key><Value>v</Value></Tag>" % n for n in range(3))
    body = b"<Tagging><TagSet>%s</TagSet></Tagging>"
    oss.send("PUT", "/data/?tagging", body=body % tags)
    oss.send("DELETE", "/data/?tagging=k0,k1")
    assert [t.findtext("Key") for t in oss.document("/data/?tagging").findall("TagSet/Tag")] == ["k2"]
    assert oss.refusal("PUT", "/data/?tagging", body=body % (tags * 2)).code == "RepeatedTags"
    assert oss.refusal("PUT", "/data/?tagging", body=body % (tags * 7)).code == "TooManyTags"
    oss.send("DELETE", "/data/?tagging")
    assert oss.document("/data/?tagging").find("TagSet/Tag") is None


def test_retention_and_versioning_exclude_each_other(oss: Oss) -> None:
    body = b"<InitiateWormConfiguration><RetentionPeriodInDays>1</RetentionPeriodInDays></InitiateWormConfiguration>"
    worm_id = oss.send("POST", "/data/?worm", body=body).headers["x-oss-worm-id"]
    assert oss.refusal("PUT", "/data/?versioning", body=ENABLE).status == 409
    assert oss.refusal("POST", "/data/?worm", body=body).code == "WORMConfigurationAlreadyExists"
    assert oss.refusal("POST", "/data/?wormId=other").code == "NoSuchWORMConfiguration"
    oss.send("POST", f"/data/?wormId={worm_id}")
    assert oss.refusal("DELETE", "/data/?worm").code == "WORMConfigurationLocked"
    oss.bucket.retention, oss.bucket.worm_days, oss.bucket.versioning = None, None, "Enabled"
    assert oss.refusal("POST", "/data/?worm", body=body).status == 409


def test_an_unlocked_retention_policy_expires_after_a_day(oss: Oss) -> None:
    body = b"<InitiateWormConfiguration><RetentionPeriodInDays>9</RetentionPeriodInDays></InitiateWormConfiguration>"
    oss.send("POST", "/data/?worm", body=body)
    oss.cloud.clock.advance(24 * 3600 + 1)
    assert oss.refusal("GET", "/data/?worm").code == "NoSuchWORMConfiguration"


@pytest.mark.parametrize(
    ("changes", "public"),
    [
        ({"Principal": ["*"]}, True),
        ({"Principal": []}, True),
        ({"Principal": [OTHER_UID]}, False),
        ({"Principal": ["*"], "Effect": "Deny"}, False),
        ({"Principal": ["*"], "Condition": {"StringEquals": {"acs:SourceVpc": ["vpc-1"]}}}, False),
    ],
)
def test_policy_status(oss: Oss, changes: dict[str, object], public: bool) -> None:
    assert oss.refusal("GET", "/data/?policyStatus").code == "NoSuchBucketPolicy"
    oss.send("PUT", "/data/?policy", body=policy(**changes).encode())
    assert oss.document("/data/?policyStatus").findtext("IsPublic") == str(public).lower()
