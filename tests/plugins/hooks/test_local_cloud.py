"""The hooks against the local cloud: real SDKs, real signatures, real rights."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from localcloud.server import LocalCloudServer
from oss_crr import errors
from oss_crr.hooks.account import Account, AccountConfig, Credentials, Endpoints
from oss_crr.hooks.oss import OssApi
from oss_crr.hooks.ram import RamApi
from oss_crr.hooks.retry import Retrier
from oss_crr.model import AttachedPolicy, Identity, Progress, RuleSpec

SOURCE = "1111111111111111"
DESTINATION = "2222222222222222"
ROLE = "Crr-Role"
SPEC = RuleSpec("rule-1", "dst", "cn-beijing", ("ALL",), ("object-",), True, "internal", ROLE)


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "1", "Statement": list(statements)}


def allow(actions: list[str], *resources: str, **members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources) or ["*"], **members}


TRUST_OSS = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}})
TRUST_SOURCE = policy(
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [f"acs:ram::{SOURCE}:root"]}}
)
GRANT = policy(
    allow(
        ["oss:ReplicateList", "oss:ReplicateGet", "oss:ReplicatePut", "oss:ReplicateDelete"],
        f"acs:oss:*:{DESTINATION}:dst",
        f"acs:oss:*:{DESTINATION}:dst/*",
        Principal=[f"arn:sts::{SOURCE}:assumed-role/crr-role/*"],
    )
)
CONFIG = {
    "behaviour": {"rule_start_seconds": 0, "rule_close_seconds": 0},
    "accounts": [
        {
            "uid": SOURCE,
            "access_keys": [{"id": "LTAI-root", "secret": "root-secret"}],
            "users": [
                {
                    "name": "reader",
                    "access_keys": [{"id": "LTAI-reader", "secret": "reader-secret"}],
                    "policies": [policy(allow(["oss:GetBucketInfo", "sts:AssumeRole"]))],
                }
            ],
            "roles": [
                {"name": "deployer", "trust_policy": TRUST_SOURCE, "policies": ["AdministratorAccess"]},
                {
                    "name": ROLE,
                    "trust_policy": TRUST_OSS,
                    "policies": [policy(allow(["oss:ReplicateList", "oss:ReplicateGet"]))],
                },
            ],
            "buckets": [
                {
                    "name": "src",
                    "region": "cn-hangzhou",
                    "versioning": "Enabled",
                    "objects": {"count": 25, "size": 10},
                }
            ],
        },
        {
            "uid": DESTINATION,
            "access_keys": [{"id": "LTAI-destination", "secret": "destination-secret"}],
            "buckets": [{"name": "dst", "region": "cn-beijing", "versioning": "Enabled", "policy": GRANT}],
        },
    ],
}

MakeAccount = Callable[..., Account]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    with LocalCloudServer(CONFIG) as running:
        yield running


@pytest.fixture
def cloud(server: LocalCloudServer) -> LocalCloudServer:
    """Return the running cloud as its configuration declares it."""
    httpx.post(f"{server.url}/_localcloud/reset").raise_for_status()
    return server


@pytest.fixture
def connect(cloud: LocalCloudServer) -> MakeAccount:
    """Return a function that makes an account for a key, waiting for nothing between tries."""

    def make(key_id: str = "LTAI-root", secret: str = "root-secret", **settings: Any) -> Account:
        endpoints = Endpoints(oss=cloud.url, ram=cloud.url, sts=cloud.url)
        config = AccountConfig("oss_source", Credentials(key_id, secret), endpoints=endpoints, **settings)
        return Account(config, Retrier(sleep=lambda seconds: None))

    return make


@pytest.fixture
def oss(connect: MakeAccount) -> OssApi:
    return connect().oss("cn-hangzhou")


@pytest.fixture
def ram(connect: MakeAccount) -> RamApi:
    return connect().ram


def fault(cloud: LocalCloudServer, action: str, **settings: Any) -> None:
    body = {"action": action, "times": 1, **settings}
    httpx.post(f"{cloud.url}/_localcloud/faults", json=body).raise_for_status()


# --- identities ------------------------------------------------------------------------------------------------------


def test_identity_of_root_and_user(connect: MakeAccount) -> None:
    assert connect().identity() == Identity(SOURCE, f"acs:ram::{SOURCE}:root", "Account")
    user = connect("LTAI-reader", "reader-secret").identity()
    assert user == Identity(SOURCE, f"acs:ram::{SOURCE}:user/reader", "RAMUser")


def test_assumed_role_has_the_rights_of_the_role(connect: MakeAccount) -> None:
    user = connect("LTAI-reader", "reader-secret", role_arn=f"acs:ram::{SOURCE}:role/deployer")
    identity = user.identity()
    assert identity.kind == "AssumedRoleUser"
    assert identity.arn == f"acs:ram::{SOURCE}:assumed-role/deployer/oss-crr"
    assert user.ram.get_role("deployer") is not None
    assert user.oss("cn-hangzhou").list_rules("src") == ()


def test_role_that_trusts_somebody_else_is_not_assumed(connect: MakeAccount) -> None:
    with pytest.raises(errors.PermissionDenied, match="may not call sts:AssumeRole on role"):
        connect("LTAI-reader", "reader-secret", role_arn=f"acs:ram::{SOURCE}:role/{ROLE}").identity()


@pytest.mark.parametrize(("key_id", "secret"), [("LTAI-nobody", "root-secret"), ("LTAI-root", "wrong-secret")])
def test_keys_that_do_not_fit_are_refused_by_every_product(connect: MakeAccount, key_id: str, secret: str) -> None:
    account = connect(key_id, secret)
    for call in (
        account.identity,
        lambda: account.ram.get_role("r"),
        lambda: account.oss("cn-hangzhou").locations("b"),
    ):
        with pytest.raises(errors.CredentialsError, match="connection `oss_source` was not accepted") as caught:
            call()
        assert secret not in str(caught.value)


def test_wrong_clock_is_named(cloud: LocalCloudServer, connect: MakeAccount) -> None:
    httpx.post(f"{cloud.url}/_localcloud/clock", json={"advance_seconds": 3600}).raise_for_status()
    for call in (connect().identity, lambda: connect().oss("cn-hangzhou").list_rules("src")):
        with pytest.raises(errors.RequestRejected, match="clock of this machine is wrong"):
            call()


# --- RAM -------------------------------------------------------------------------------------------------------------


def test_life_of_a_role(ram: RamApi) -> None:
    assert ram.get_role("worker") is None
    created = ram.create_role("worker", json.dumps(TRUST_OSS), "made here")
    found = ram.get_role("worker")
    assert found is not None
    assert (found.arn, found.description) == (created.arn, "made here")
    assert json.loads(found.trust_policy) == TRUST_OSS
    ram.attach_policy("worker", "AliyunOSSFullAccess", "System")
    with pytest.raises(errors.Conflict, match="DeleteConflict"):
        ram.delete_role("worker")
    ram.detach_policy("worker", "AliyunOSSFullAccess", "System")
    ram.delete_role("worker")
    ram.delete_role("worker")
    assert ram.get_role("worker") is None


def test_life_of_a_policy(ram: RamApi) -> None:
    first, second = json.dumps(policy(allow(["oss:GetObject"]))), json.dumps(policy(allow(["oss:PutObject"])))
    ram.create_policy("p", first, "made here")
    for _ in range(6):
        ram.create_policy_version("p", second)
    found = ram.get_policy("p")
    assert found is not None
    assert (found.document, found.description, found.attachments) == (second, "made here", 0)
    ram.attach_policy(ROLE, "p")
    ram.attach_policy(ROLE, "p")
    assert AttachedPolicy("p", "Custom") in (ram.list_policies_for_role(ROLE) or ())
    assert ram.list_entities_for_policy("p") == (ROLE,)
    ram.detach_policy(ROLE, "p")
    ram.detach_policy(ROLE, "p")
    ram.delete_policy("p")
    ram.delete_policy("p")
    assert ram.get_policy("p") is None


def test_a_user_without_rights_reads_what_is_missing(connect: MakeAccount) -> None:
    user = connect("LTAI-reader", "reader-secret")
    user.identity()
    with pytest.raises(errors.PermissionDenied) as caught:
        user.ram.create_role("worker", json.dumps(TRUST_OSS), "")
    expected = f"connection `oss_source` (acs:ram::{SOURCE}:user/reader) may not call ram:CreateRole on role `worker`"
    assert str(caught.value).startswith(f"{expected}: grant it `ram:CreateRole` (README, section Permissions)")


def test_role_created_by_a_call_whose_answer_was_lost(cloud: LocalCloudServer, ram: RamApi) -> None:
    fault(cloud, "CreateRole", cut=True, when="after")
    with pytest.raises(errors.AlreadyExists):
        ram.create_role("worker", json.dumps(TRUST_OSS), "made here")
    found = ram.get_role("worker")
    assert found is not None
    assert found.description == "made here"


@pytest.mark.parametrize("when", ["before", "after"])
def test_lost_answers_of_repeatable_calls_are_not_noticed(
    cloud: LocalCloudServer, ram: RamApi, oss: OssApi, when: str
) -> None:
    for action in ("AttachPolicyToRole", "DetachPolicyFromRole", "GetRole", "PutBucketPolicy", "GetBucketPolicy"):
        fault(cloud, action, cut=True, when=when)
    ram.attach_policy(ROLE, "AliyunOSSFullAccess", "System")
    ram.detach_policy(ROLE, "AliyunOSSFullAccess", "System")
    assert ram.get_role(ROLE) is not None
    text = json.dumps(policy(allow(["oss:GetObject"], f"acs:oss:*:{SOURCE}:src/*", Principal=[DESTINATION])))
    oss.put_bucket_policy("src", text)
    assert oss.get_bucket_policy("src") == text


@pytest.mark.parametrize("action", ["GetRole", "GetBucketInfo"])
def test_throttling_is_waited_out(cloud: LocalCloudServer, ram: RamApi, oss: OssApi, action: str) -> None:
    fault(cloud, action, status=503, code="Throttling.User", times=4)
    assert ram.get_role(ROLE) is not None
    assert oss.get_bucket_info("src").name == "src"


def test_lasting_outage_ends_in_an_error(cloud: LocalCloudServer, oss: OssApi) -> None:
    fault(cloud, "GetBucketInfo", status=500, times=9)
    with pytest.raises(errors.ServiceUnavailable, match="Injected fault"):
        oss.get_bucket_info("src")


# --- buckets ---------------------------------------------------------------------------------------------------------


def test_bucket_info(oss: OssApi) -> None:
    info = oss.get_bucket_info("src")
    assert (info.region, info.owner_uid, info.versioning) == ("cn-hangzhou", SOURCE, "Enabled")
    assert not info.acceleration
    assert info.encryption is None


def test_bucket_in_another_region(connect: MakeAccount) -> None:
    with pytest.raises(errors.Conflict, match=r"bucket `src` in cn-shanghai was not found there: .* cn-hangzhou"):
        connect().oss("cn-shanghai").get_bucket_info("src")


def test_missing_bucket(oss: OssApi) -> None:
    with pytest.raises(errors.NotFound, match="bucket `nowhere` in cn-hangzhou does not exist"):
        oss.get_bucket_info("nowhere")


def test_bucket_of_somebody_else(connect: MakeAccount) -> None:
    with pytest.raises(errors.PermissionDenied, match="may not call oss:GetBucketInfo on bucket `dst`"):
        connect().oss("cn-beijing").get_bucket_info("dst")


def test_life_of_a_bucket_policy(oss: OssApi) -> None:
    text = json.dumps(policy(allow(["oss:GetObject"], f"acs:oss:*:{SOURCE}:src/*", Principal=[DESTINATION])), indent=1)
    assert oss.get_bucket_policy("src") is None
    oss.put_bucket_policy("src", text)
    assert oss.get_bucket_policy("src") == text
    oss.delete_bucket_policy("src")
    oss.delete_bucket_policy("src")
    assert oss.get_bucket_policy("src") is None


# --- replication -----------------------------------------------------------------------------------------------------


def test_locations(oss: OssApi) -> None:
    found = oss.locations("src")
    assert {"cn-beijing", "us-west-1"} <= found.locations
    assert "cn-hangzhou" not in found.locations
    assert "oss_acc" in found.transfer_types["us-west-1"]
    assert "cn-beijing" in found.rtc


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def finished(progress: Progress | None) -> bool:
    return progress is not None and progress.history == 1.0 and progress.watermark is not None


def test_life_of_a_rule(connect: MakeAccount, oss: OssApi) -> None:
    assert oss.list_rules("src") == ()
    assert oss.put_rule("src", SPEC) == "rule-1"
    (rule,) = oss.list_rules("src")
    assert (rule.id, rule.destination_bucket, rule.destination_region) == ("rule-1", "dst", "cn-beijing")
    assert (rule.actions, rule.prefixes, rule.historical_data) == (("ALL",), ("object-",), True)
    wait_until(lambda: finished(oss.progress("src", "rule-1")))
    destination = connect("LTAI-destination", "destination-secret").oss("cn-beijing")
    assert [item.key for item in destination.list_objects("dst")] == [item.key for item in oss.list_objects("src")]
    oss.delete_rule("src", "rule-1")
    oss.delete_rule("src", "rule-1")
    wait_until(lambda: oss.progress("src", "rule-1") is None)
    assert oss.list_rules("src") == ()


def test_rtc_is_asked_for_and_switched(oss: OssApi) -> None:
    rule_id = oss.put_rule("src", replace(SPEC, rtc=True))
    assert oss.list_rules("src")[0].rtc in ("enabling", "enabled")
    oss.set_rtc("src", rule_id, False)
    assert oss.list_rules("src")[0].rtc == "disabled"


def test_rule_without_history_has_no_history_progress(oss: OssApi) -> None:
    oss.put_rule("src", replace(SPEC, historical_data=False))
    wait_until(lambda: (found := oss.progress("src", "rule-1")) is not None and found.status == "doing")
    found = oss.progress("src", "rule-1")
    assert found is not None
    assert (found.historical_data, found.history) == (False, None)


def test_second_rule_for_a_pair(oss: OssApi) -> None:
    oss.put_rule("src", SPEC)
    with pytest.raises(errors.AlreadyExists, match="EC 0031-00000044"):
        oss.put_rule("src", SPEC)


def test_rule_created_by_a_call_whose_answer_was_lost(cloud: LocalCloudServer, oss: OssApi) -> None:
    fault(cloud, "PutBucketReplication", cut=True, when="after")
    with pytest.raises(errors.AlreadyExists):
        oss.put_rule("src", SPEC)
    assert [rule.id for rule in oss.list_rules("src")] == ["rule-1"]


def test_role_without_rights_is_named(connect: MakeAccount, oss: OssApi) -> None:
    connect("LTAI-destination", "destination-secret").oss("cn-beijing").delete_bucket_policy("dst")
    with pytest.raises(errors.PermissionDenied, match=f"OSS cannot use role `{ROLE}` yet"):
        oss.put_rule("src", SPEC)


# --- objects ---------------------------------------------------------------------------------------------------------


def test_listing_of_several_pages(oss: OssApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oss_crr.hooks.oss_objects.PAGE_SIZE", 10)
    keys = [f"object-{number:05}" for number in range(1, 26)]
    assert [item.key for item in oss.list_objects("src")] == keys
    assert [item.key for item in oss.list_objects("src", "object-0002")] == keys[19:]


def test_listing_that_begins_behind_a_key(oss: OssApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oss_crr.hooks.oss_objects.PAGE_SIZE", 10)
    pages = list(oss.list_pages("src", "object-000", "object-00004"))
    keys = [item.key for page in pages for item in page]
    assert (len(pages), keys) == (3, [f"object-{number:05}" for number in range(5, 26)])


def test_listing_of_versions(oss: OssApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oss_crr.hooks.oss_objects.PAGE_SIZE", 2)
    written = [oss.put_object("src", "v/ä +1", b"first"), oss.put_object("src", "v/ä +1", b"second")]
    oss.put_object("src", "v/2", b"other")
    oss.delete_object("src", "v/ä +1")
    found = list(oss.list_versions("src", "v/"))
    assert [(item.key, item.delete_marker) for item in found] == [
        ("v/2", False),
        ("v/ä +1", True),
        ("v/ä +1", False),
        ("v/ä +1", False),
    ]
    assert [item.version_id for item in found[2:]] == [item.version_id for item in reversed(written)]
    for item in found:
        oss.delete_object("src", item.key, item.version_id)
    assert list(oss.list_versions("src", "v/")) == []


def test_written_object_is_described(oss: OssApi, cloud: LocalCloudServer) -> None:
    cloud.cloud.buckets["src"].versioning = ""
    written = oss.put_object("src", "k", b"content")
    head = oss.head_object("src", "k")
    assert (written.size, written.etag, written.crc64, written.version_id) == (7, head.etag, head.crc64, None)
    assert [item.version_id for item in oss.list_versions("src", "k")] == ["null"]
    assert written.time <= oss.delete_object("src", "k")


def test_life_of_an_object(oss: OssApi) -> None:
    key = "ordner/ä +%&<>€.txt"
    oss.put_object("src", key, b"content")
    assert oss.get_object("src", key) == b"content"
    head = oss.head_object("src", key)
    (listed,) = oss.list_objects("src", "ordner/")
    assert (head.size, head.etag) == (listed.size, listed.etag) == (7, "9A0364B9E99BB480DD25E1F0284C8555")
    assert listed.key == key
    assert head.crc64
    oss.delete_object("src", key)
    oss.delete_object("src", key)
    with pytest.raises(errors.NotFound, match="object `ordner/"):
        oss.head_object("src", key)
