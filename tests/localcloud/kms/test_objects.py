"""Objects under KMS keys, through oss2: who may write them and who may read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import oss2
import pytest
from alibabacloud_kms20160120 import models
from alibabacloud_ram20150501 import models as ram_models
from alibabacloud_ram20150501.client import Client as RamClient
from oss2.models import ServerSideEncryptionRule

from localcloud.server import LocalCloudServer
from tests.localcloud.kms.sdk import (
    KEY_A,
    KEY_A_ARN,
    KEY_B,
    KEY_B_ARN,
    REGION_A,
    UID_A,
    UID_B,
    bucket,
    config,
    document,
    kms_client,
    settings,
    use_of,
)

KMS = "x-oss-server-side-encryption"
KEY_ID = "x-oss-server-side-encryption-key-id"
FORBIDDEN = (403, "AccessDenied", "This request is forbidden by kms.")


def under(key: str | None) -> dict[str, str]:
    return {KMS: "KMS"} | ({KEY_ID: key} if key else {})


def refusal(call: Any, *arguments: Any, **options: Any) -> tuple[int, str, str]:
    with pytest.raises(oss2.exceptions.OssError) as caught:
        call(*arguments, **options)
    return caught.value.status, caught.value.code, caught.value.message


def allow_writer(server: LocalCloudServer, *actions: str, arn: str = KEY_A_ARN) -> None:
    """Give A's RAM user ``writer``, who may do everything in OSS, these rights on a key."""
    ram = RamClient(config(server, "a"))
    policy = document(use_of(arn, actions=actions))
    ram.create_policy(ram_models.CreatePolicyRequest(policy_name="keys", policy_document=policy))
    ram.attach_policy_to_user(
        ram_models.AttachPolicyToUserRequest(policy_name="keys", policy_type="Custom", user_name="writer")
    )


def test_account_uses_its_key(server: LocalCloudServer) -> None:
    mine = bucket(server, "a", "src")
    assert mine.put_object("k", b"data", headers=under(KEY_A)).headers[KEY_ID] == KEY_A
    got = mine.get_object("k")
    assert (got.read(), got.headers[KMS], got.headers[KEY_ID]) == (b"data", "KMS", KEY_A)


def test_user_needs_rights_on_the_key(server: LocalCloudServer) -> None:
    theirs = bucket(server, "writer", "src")
    assert refusal(theirs.put_object, "k", b"data", headers=under(KEY_A)) == FORBIDDEN
    allow_writer(server, "kms:GenerateDataKey")
    theirs.put_object("k", b"data", headers=under(KEY_A))
    assert refusal(theirs.get_object, "k") == FORBIDDEN
    assert theirs.head_object("k").headers[KEY_ID] == KEY_A, "headers are not encrypted"
    assert refusal(theirs.copy_object, "src", "k", "copy") == FORBIDDEN


def test_user_with_the_right_to_decrypt_reads(server: LocalCloudServer) -> None:
    bucket(server, "a", "src").put_object("k", b"data", headers=under(KEY_A))
    allow_writer(server, "kms:Decrypt")
    theirs = bucket(server, "writer", "src")
    assert theirs.get_object("k", byte_range=(1, 2)).read() == b"at"
    theirs.copy_object("src", "k", "plain")
    assert KMS not in theirs.head_object("plain").headers
    assert refusal(theirs.copy_object, "src", "k", "sealed", headers=under(KEY_A)) == FORBIDDEN


def test_uploads_may_be_set_to_need_more(server: LocalCloudServer) -> None:
    server.cloud.behaviour.sse_kms_upload_rights = "kms:GenerateDataKey, kms:Decrypt"
    allow_writer(server, "kms:GenerateDataKey")
    assert refusal(bucket(server, "writer", "src").put_object, "k", b"", headers=under(KEY_A)) == FORBIDDEN


def test_default_key_needs_no_right_and_shows_up_in_kms(server: LocalCloudServer) -> None:
    theirs = bucket(server, "writer", "src")
    kms = kms_client(server, "a")
    assert kms.list_aliases(models.ListAliasesRequest()).body.total_count == 0
    theirs.put_object("k", b"data", headers=under(None))
    assert theirs.get_object("k").read() == b"data"
    alias = kms.list_aliases(models.ListAliasesRequest()).body.aliases.alias[0]
    assert alias.alias_name == "alias/acs/oss"
    service = models.ListKeysRequest(filters='[{"Key": "CreatorType", "Values": ["Service"]}]')
    arn = kms.list_keys(service).body.keys.key[0].key_arn
    assert arn == f"acs:kms:{REGION_A}:{UID_A}:key/{alias.key_id}"
    theirs.put_object("named", b"data", headers=under(alias.key_id))
    assert theirs.get_object("named").read() == b"data"
    with pytest.raises(Exception, match="not supported"):
        kms.disable_key(models.DisableKeyRequest(key_id=alias.key_id))


@pytest.mark.parametrize(
    ("disable", "expected"),
    [(True, (409, "Rejected.Disabled", "0005-00000214")), (False, (409, "Rejected.PendingDeletion", "0005-00000215"))],
)
def test_key_that_cannot_be_used(server: LocalCloudServer, disable: bool, expected: tuple[int, str, str]) -> None:
    mine, kms = bucket(server, "a", "src"), kms_client(server, "a")
    mine.put_object("k", b"data", headers=under(KEY_A))
    if disable:
        kms.disable_key(models.DisableKeyRequest(key_id=KEY_A))
    else:
        kms.schedule_key_deletion(models.ScheduleKeyDeletionRequest(key_id=KEY_A, pending_window_in_days=7))
    calls: list[Callable[[], object]] = [
        lambda: mine.get_object("k"),
        lambda: mine.put_object("l", b"", headers=under(KEY_A)),
    ]
    for call in calls:
        with pytest.raises(oss2.exceptions.ServerError) as caught:
            call()
        assert (caught.value.status, caught.value.code, caught.value.ec) == expected
    assert mine.head_object("k").status == 200


@pytest.mark.parametrize("key", ["key-none", KEY_B, KEY_B_ARN])
def test_key_must_be_in_the_region_of_the_bucket(server: LocalCloudServer, key: str) -> None:
    status, code, _ = refusal(bucket(server, "a", "src").put_object, "k", b"", headers=under(key))
    assert (status, code) == (400, "InvalidArgument")


def test_object_of_a_deleted_key_is_lost(server: LocalCloudServer) -> None:
    mine = bucket(server, "a", "src")
    mine.put_object("k", b"data", headers=under(KEY_A))
    del server.cloud.accounts[UID_A].kms.keys[KEY_A]
    assert refusal(mine.get_object, "k") == FORBIDDEN


def test_default_of_the_bucket(server: LocalCloudServer) -> None:
    mine = bucket(server, "a", "src")
    mine.put_bucket_encryption(ServerSideEncryptionRule(sse_algorithm="KMS", kms_master_keyid=KEY_A))
    assert mine.put_object("k", b"data").headers[KEY_ID] == KEY_A
    assert KEY_ID not in mine.put_object("other", b"data", headers={KMS: "AES256"}).headers, "the request wins"
    theirs = bucket(server, "writer", "src")
    assert refusal(theirs.put_object, "l", b"") == FORBIDDEN
    assert refusal(theirs.init_multipart_upload, "l") == FORBIDDEN
    assert refusal(theirs.append_object, "l", 0, b"x") == FORBIDDEN


def test_append_needs_the_key_every_time(server: LocalCloudServer) -> None:
    bucket(server, "a", "src").append_object("log", 0, b"one", headers=under(KEY_A))
    assert refusal(bucket(server, "writer", "src").append_object, "log", 3, b"two") == FORBIDDEN


def test_anonymous_callers_cannot_use_kms(server: LocalCloudServer) -> None:
    mine = bucket(server, "a", "src")
    mine.put_bucket_acl("public-read-write")
    mine.put_object("default", b"data", headers=under(None))
    mine.put_object("own", b"data", headers=under(KEY_A))
    mine.put_object("plain", b"data")
    assert httpx.get(f"{server.url}/src/plain").text == "data"
    for key in ("default", "own"):
        answer = httpx.get(f"{server.url}/src/{key}")
        assert (answer.status_code, "forbidden by kms" in answer.text) == (403, True)
    assert httpx.put(f"{server.url}/src/new", content=b"", headers=under(None)).status_code == 403


def test_key_of_another_account_that_the_caller_brings_along(server: LocalCloudServer) -> None:
    """A encrypts in B's bucket with A's key, by the page on encrypting across accounts; B cannot read it then."""
    made = kms_client(server, "a").create_key(models.CreateKeyRequest(dkmsinstance_id="kst-a")).body.key_metadata
    server.cloud.buckets["dst"].region = REGION_A
    server.cloud.buckets["dst"].acl = "public-read-write"
    bucket(server, "a", "dst").put_object("k", b"data", headers=under(made.key_id))
    assert bucket(server, "a", "dst").get_object("k").read() == b"data"
    assert refusal(bucket(server, "b", "dst").get_object, "k") == FORBIDDEN


def test_seeded_objects_and_keys() -> None:
    declared = settings()
    source = declared["accounts"][0]["buckets"][0]
    source["objects"] = [
        {"count": 1, "size": 5, "prefix": "sealed/", "encryption": {"algorithm": "KMS", "key_id": KEY_A}},
        {"count": 1, "size": 5, "prefix": "plain/"},
    ]
    declared["accounts"][0]["kms_instances"][0]["keys"] += [
        {"id": "off", "state": "Disabled"},
        {"id": "doomed", "state": "PendingDeletion"},
        {"alias": "alias/made-up", "policy": {"Version": "1", "Statement": [_everybody(UID_A)]}},
    ]
    declared["accounts"][0]["kms_instances"].append({"id": "kst-off", "region": REGION_A, "status": "Disconnected"})
    with LocalCloudServer(declared) as server:
        mine, kms = bucket(server, "a", "src"), kms_client(server, "a")
        assert mine.head_object("sealed/object-00001").headers[KEY_ID] == KEY_A
        assert KMS not in mine.head_object("plain/object-00001").headers
        states = {
            key.key_id: kms.describe_key(models.DescribeKeyRequest(key_id=key.key_id)).body.key_metadata.key_state
            for key in kms.list_keys(models.ListKeysRequest()).body.keys.key
        }
        assert list(states.values()) == ["Enabled", "Disabled", "PendingDeletion", "Enabled"]
        policy = kms.get_key_policy(models.GetKeyPolicyRequest(key_id="alias/made-up")).body.policy
        assert f"{UID_A}:root" in policy
        off = kms.get_kms_instance(models.GetKmsInstanceRequest(kms_instance_id="kst-off")).body.kms_instance
        assert off.status == "Disconnected"


def _everybody(uid: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "kms:*", "Principal": {"RAM": f"acs:ram::{uid}:root"}, "Resource": "*"}


def test_foreign_key_by_policy_and_ram(server: LocalCloudServer) -> None:
    """B's default encryption binds A's user too, who then needs B's key policy and a RAM policy."""
    server.cloud.buckets["dst"].acl = "public-read-write"
    bucket(server, "b", "dst").put_bucket_encryption(
        ServerSideEncryptionRule(sse_algorithm="KMS", kms_master_keyid=KEY_B)
    )
    allow_writer(server, "kms:GenerateDataKey", arn=KEY_B_ARN)
    theirs = bucket(server, "writer", "dst")
    assert refusal(theirs.put_object, "k", b"") == FORBIDDEN
    statement = {
        "Effect": "Allow",
        "Action": ["kms:GenerateDataKey"],
        "Principal": {"RAM": [f"acs:ram::{UID_A}:user/writer"]},
        "Resource": ["*"],
    }
    policy = document(_everybody(UID_B), statement)
    kms_client(server, "b").set_key_policy(models.SetKeyPolicyRequest(key_id=KEY_B, policy=policy))
    theirs.put_object("k", b"")
