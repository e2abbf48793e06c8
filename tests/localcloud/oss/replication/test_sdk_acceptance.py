"""What the vendor's SDKs expect of the service, by their own live tests, over the wire and unmodified."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import alibabacloud_oss_v2 as v2
import oss2
import pytest
from oss2.models import ReplicationRule

from localcloud.server import LocalCloudServer

UID_A, UID_B = "1000000000000001", "1000000000000002"
ROLE = "Replicator"
KEY = "acs:kms:cn-shanghai:1000000000000002:key/key-hzz1"
TRUST = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}}],
}
ROLE_POLICY = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": ["oss:ReplicateList", "oss:ReplicateGet"], "Resource": ["*"]}],
}
BUCKET_POLICY = {
    "Version": "1",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["oss:ReplicateList", "oss:ReplicateGet", "oss:ReplicatePut", "oss:ReplicateDelete"],
            "Principal": [f"arn:sts::{UID_A}:assumed-role/{ROLE.lower()}/*"],
            "Resource": [f"acs:oss:*:{UID_B}:foreign", f"acs:oss:*:{UID_B}:foreign/*"],
        }
    ],
}
CONFIG = {
    "accounts": [
        {
            "uid": UID_A,
            "access_keys": [{"id": "key-a", "secret": "secret-a"}],
            "roles": [{"name": ROLE, "trust_policy": TRUST, "policies": [ROLE_POLICY]}],
            "buckets": [
                {"name": "source", "region": "cn-hangzhou", "objects": {"count": 3, "size": 10}},
                {"name": "own", "region": "cn-beijing"},
                {"name": "far", "region": "ap-south-1"},
            ],
        },
        {
            "uid": UID_B,
            "access_keys": [{"id": "key-b", "secret": "secret-b"}],
            "buckets": [{"name": "foreign", "region": "cn-shanghai", "policy": BUCKET_POLICY}],
        },
    ],
    # Long, so that a rule is seen in the state it begins in.
    "behaviour": {"rule_start_seconds": 600, "rule_close_seconds": 600, "rtc_enable_seconds": 0},
}


@pytest.fixture
def server(start_cloud: Callable[..., LocalCloudServer]) -> LocalCloudServer:
    return start_cloud(CONFIG)


@pytest.fixture
def source(server: LocalCloudServer) -> oss2.Bucket:
    provider = oss2.credentials.StaticCredentialsProvider("key-a", "secret-a")
    return oss2.Bucket(oss2.ProviderAuthV4(provider), server.url, "source", region="cn-hangzhou")


@pytest.fixture
def client(server: LocalCloudServer) -> v2.Client:
    provider = v2.credentials.StaticCredentialsProvider("key-a", "secret-a")
    return v2.Client(v2.config.Config(region="cn-hangzhou", endpoint=server.url, credentials_provider=provider))


def rule(**settings: Any) -> ReplicationRule:
    """Return a rule of the SDK, to the bucket of the other account unless told otherwise."""
    foreign = {
        "target_bucket_name": "foreign",
        "target_bucket_location": "oss-cn-shanghai",
        "target_transfer_type": "internal",
        "sync_role_name": ROLE,
    }
    return ReplicationRule(**{"rule_id": "test-id", **foreign, **settings})


OWN = {"target_bucket_name": "own", "target_bucket_location": "oss-cn-beijing", "sync_role_name": None}


def put(source: oss2.Bucket, **settings: Any) -> ReplicationRule:
    """Put a rule and return it as it is read back."""
    answer = source.put_bucket_replication(rule(**settings))
    assert answer.status == 200
    (read,) = source.get_bucket_replication().rule_list
    assert answer.headers["x-oss-replication-rule-id"] == read.rule_id
    assert len(answer.request_id) == 24
    return read


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for the server's background work; it takes some hundredths of a second."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "the server did not get there"
        time.sleep(0.01)


def test_rule_starts_without_progress(source: oss2.Bucket) -> None:
    read = put(
        source,
        prefix_list=["prefix-1", "prefix-2"],
        action_list=[ReplicationRule.ALL],
        is_enable_historical_object_replication=False,
        replica_kms_keyid=KEY,
        sse_kms_encrypted_objects_status=ReplicationRule.ENABLED,
    )
    assert (read.rule_id, read.status) == ("test-id", "starting")
    assert (read.target_bucket_name, read.target_bucket_location) == ("foreign", "oss-cn-shanghai")
    assert read.prefix_list == ["prefix-1", "prefix-2"]
    assert read.is_enable_historical_object_replication is False
    assert (read.sync_role_name, read.replica_kms_keyid) == (ROLE, KEY)
    assert read.sse_kms_encrypted_objects_status == "Enabled"
    progress = source.get_bucket_replication_progress("test-id").progress
    assert (progress.rule_id, progress.status) == ("test-id", "starting")
    assert (progress.historical_object_progress, progress.new_object_progress) == (0, None)
    assert progress.prefix_list == ["prefix-1", "prefix-2"]


def test_deleted_rule_is_still_listed_as_closing(source: oss2.Bucket) -> None:
    put(source)
    assert source.delete_bucket_replication("test-id").status == 200
    assert source.get_bucket_replication().rule_list[0].status == "closing"
    assert source.get_bucket_replication_progress("test-id").progress.status == "closing"
    assert source.delete_bucket_replication("test-id").status == 204


def test_service_fills_in_what_is_left_out(source: oss2.Bucket) -> None:
    read = put(source, rule_id=None, target_transfer_type=None)
    assert len(read.rule_id) == 36
    assert read.action_list == ["ALL"]
    assert read.is_enable_historical_object_replication is True
    assert read.prefix_list == []
    assert source.get_bucket_replication_progress(read.rule_id).progress.prefix_list == []


def test_kms_settings_are_dropped_without_a_role(source: oss2.Bucket) -> None:
    read = put(source, **OWN, replica_kms_keyid=KEY, sse_kms_encrypted_objects_status="Enabled")
    assert (read.sync_role_name, read.replica_kms_keyid, read.sse_kms_encrypted_objects_status) == (None, None, None)


def test_key_is_dropped_when_the_kms_switch_is_off(source: oss2.Bucket) -> None:
    read = put(source, replica_kms_keyid=KEY, sse_kms_encrypted_objects_status="Disabled")
    assert (read.sync_role_name, read.replica_kms_keyid) == (ROLE, None)
    assert read.sse_kms_encrypted_objects_status == "Disabled"


def test_second_rule_between_the_buckets_is_refused(source: oss2.Bucket) -> None:
    put(source)
    with pytest.raises(oss2.exceptions.BucketReplicationAlreadyExist) as refused:
        source.put_bucket_replication(rule(rule_id="another"))
    assert (refused.value.status, refused.value.ec) == (400, "0031-00000044")


def test_progress_of_an_unknown_rule_is_not_found(source: oss2.Bucket) -> None:
    with pytest.raises(oss2.exceptions.NoSuchReplicationRule):
        source.get_bucket_replication_progress("wrong")


def test_action_lists_survive(source: oss2.Bucket) -> None:
    actions = [ReplicationRule.PUT, ReplicationRule.DELETE, ReplicationRule.ABORT]
    assert put(source, action_list=actions).action_list == actions


def test_accelerated_transfer_is_read_back(source: oss2.Bucket) -> None:
    far = {"target_bucket_name": "far", "target_bucket_location": "oss-ap-south-1", "sync_role_name": None}
    assert put(source, **far, target_transfer_type="oss_acc").target_transfer_type == "oss_acc"
    assert source.get_bucket_replication_progress("test-id").progress.target_transfer_type == "oss_acc"


def test_locations_are_listed(source: oss2.Bucket) -> None:
    result = source.get_bucket_replication_location()
    assert "oss-cn-shanghai" in result.location_list
    by_location = {each.location: each.transfer_type for each in result.location_transfer_type_list}
    assert by_location["oss-ap-south-1"] == "oss_acc"
    assert "oss-cn-shanghai" not in by_location


def test_missing_grant_is_a_bare_refusal(server: LocalCloudServer, source: oss2.Bucket) -> None:
    provider = oss2.credentials.StaticCredentialsProvider("key-b", "secret-b")
    foreign = oss2.Bucket(oss2.ProviderAuthV4(provider), server.url, "foreign", region="cn-shanghai")
    assert foreign.delete_bucket_policy().status == 204
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        source.put_bucket_replication(rule())
    assert (refused.value.status, refused.value.code) == (403, "NoPermission")
    assert "AccessDeniedDetail" not in refused.value.details


def test_history_and_new_objects_travel(server: LocalCloudServer, source: oss2.Bucket) -> None:
    server.cloud.behaviour.rule_start_seconds = 0
    put(source)

    def progress() -> Any:
        return source.get_bucket_replication_progress("test-id").progress

    wait_until(lambda: progress().historical_object_progress == 1.0)
    assert progress().new_object_progress.endswith("Z")
    source.put_object("new", b"body")
    provider = oss2.credentials.StaticCredentialsProvider("key-b", "secret-b")
    foreign = oss2.Bucket(oss2.ProviderAuthV4(provider), server.url, "foreign", region="cn-shanghai")
    wait_until(lambda: foreign.object_exists("new"))
    there = {each.key: (each.etag, each.size, each.last_modified) for each in oss2.ObjectIterator(foreign)}
    here = {each.key: (each.etag, each.size, each.last_modified) for each in oss2.ObjectIterator(source)}
    assert there == here
    assert len(here) == 4
    assert foreign.get_object("new").read() == b"body"
    source.delete_object("new")
    wait_until(lambda: not foreign.object_exists("new"))


def v2_rule(**settings: Any) -> v2.ReplicationConfiguration:
    destination = v2.ReplicationDestination(bucket="foreign", location="oss-cn-shanghai", transfer_type="internal")
    rule = v2.ReplicationRule(destination=destination, sync_role=ROLE, **settings)
    return v2.ReplicationConfiguration(rules=[rule])


def test_v2_gets_the_rule_id_and_switches_rtc(client: v2.Client) -> None:
    configuration = v2_rule(historical_object_replication="disabled", rtc=v2.ReplicationTimeControl(status="enabled"))
    put = client.put_bucket_replication(
        v2.PutBucketReplicationRequest(bucket="source", replication_configuration=configuration)
    )
    assert (put.status_code, len(put.request_id)) == (200, 24)
    (read,) = client.get_bucket_replication(v2.GetBucketReplicationRequest("source")).replication_configuration.rules
    # The SDK has a field for this header, but does not fill it.
    assert (read.id, read.rtc.status) == (put.headers["x-oss-replication-rule-id"], "enabling")
    request = v2.PutBucketRtcRequest(
        bucket="source",
        rtc_configuration=v2.RtcConfiguration(rtc=v2.ReplicationTimeControl(status="disabled"), id=read.id),
    )
    assert client.put_bucket_rtc(request).status_code == 200
    (read,) = client.get_bucket_replication(v2.GetBucketReplicationRequest("source")).replication_configuration.rules
    assert read.rtc.status == "disabled"


def test_v2_reads_progress_and_locations_and_deletes(server: LocalCloudServer, client: v2.Client) -> None:
    server.cloud.behaviour.rule_start_seconds = 0
    put = client.put_bucket_replication(
        v2.PutBucketReplicationRequest(bucket="source", replication_configuration=v2_rule())
    )
    rule_id = put.headers["x-oss-replication-rule-id"]

    def progress() -> v2.ReplicationProgressRule:
        request = v2.GetBucketReplicationProgressRequest("source", rule_id)
        return client.get_bucket_replication_progress(request).replication_progress.rules[0]

    wait_until(lambda: progress().status == "doing" and progress().progress.historical_object == "1.00")
    location = client.get_bucket_replication_location(v2.GetBucketReplicationLocationRequest("source"))
    found = location.replication_location
    assert "oss-cn-shanghai" in found.locations
    assert "oss-cn-shanghai" in found.locationrtc_constraint.locations
    accelerated = found.location_transfer_type_constraint.location_transfer_types
    assert {"oss_acc"} == {kind for each in accelerated for kind in each.transfer_types.types}
    deletion = v2.DeleteBucketReplicationRequest("source", v2.ReplicationRules(ids=[rule_id]))
    assert client.delete_bucket_replication(deletion).status_code == 200
    assert progress().status == "closing"
    assert client.delete_bucket_replication(deletion).status_code == 204
