"""Replication stops where a key or a right is missing, and goes on when it is back; with the vendor's SDKs."""

from __future__ import annotations

import oss2
import pytest
from alibabacloud_kms20160120 import models

from localcloud.server import LocalCloudServer
from tests.localcloud.kms.sdk import (
    KEY_A,
    KEY_A_ARN,
    KEY_B,
    KEY_B_ARN,
    REGION_B,
    UID_B,
    attach_system_policy,
    bucket,
    grant_role,
    is_done,
    kms_client,
    put_rule,
    revoke_from_role,
    share_key,
    use_of,
    wait_until,
)

RIGHTS = ("kms:Decrypt", "kms:GenerateDataKey")
ENCRYPTED = {"x-oss-server-side-encryption": "KMS", "x-oss-server-side-encryption-key-id": KEY_A}


@pytest.fixture(autouse=True)
def _grants(server: LocalCloudServer) -> None:
    """Put everything in place but the rule."""
    share_key(server, *RIGHTS)
    grant_role(server, "use-source", use_of(KEY_A_ARN, actions=("kms:Decrypt",)))
    grant_role(server, "use-replica", use_of(KEY_B_ARN))
    bucket(server, "a", "src").put_object("secret", b"data", headers=ENCRYPTED)


def has_arrived(server: LocalCloudServer, key: str = "secret") -> bool:
    return bool(bucket(server, "b", "dst").object_exists(key))


def stays_away(server: LocalCloudServer) -> None:
    """Check that an object is tried, and tried again, without arriving."""
    task = next(iter(server.cloud.buckets["src"].rules.values())).task
    wait_until(lambda: "secret" in task.waiting)
    first = task.retry_at
    wait_until(lambda: task.retry_at != first)
    assert not has_arrived(server)
    assert task.history_finished is None


def test_everything_in_place(server: LocalCloudServer) -> None:
    put_rule(server, "src", "dst", kms=True)
    wait_until(lambda: is_done(server, "src"))
    assert has_arrived(server)


@pytest.mark.parametrize("missing", RIGHTS)
def test_right_missing_in_the_key_policy(server: LocalCloudServer, missing: str) -> None:
    share_key(server, *[right for right in RIGHTS if right != missing])
    put_rule(server, "src", "dst", kms=True)
    stays_away(server)
    share_key(server, *RIGHTS)
    wait_until(lambda: has_arrived(server))


def test_key_policy_names_the_role_in_lower_case(server: LocalCloudServer) -> None:
    share_key(server, *RIGHTS, role="crr-role")
    put_rule(server, "src", "dst", kms=True)
    stays_away(server)


@pytest.mark.parametrize("missing", ["use-source", "use-replica"])
def test_right_missing_in_the_roles_policies(server: LocalCloudServer, missing: str) -> None:
    revoke_from_role(server, missing)
    put_rule(server, "src", "dst", kms=True)
    stays_away(server)
    grant_role(server, "again", use_of(KEY_A_ARN, KEY_B_ARN))
    wait_until(lambda: has_arrived(server))


@pytest.mark.parametrize("name", ["AliyunKMSCryptoUserAccess", "AliyunKMSFullAccess"])
def test_system_policy_is_enough_for_the_role(server: LocalCloudServer, name: str) -> None:
    revoke_from_role(server, "use-source")
    revoke_from_role(server, "use-replica")
    put_rule(server, "src", "dst", kms=True)
    stays_away(server)
    attach_system_policy(server, name)
    wait_until(lambda: has_arrived(server))


@pytest.mark.parametrize("owner", ["a", "b"])
def test_disabled_key(server: LocalCloudServer, owner: str) -> None:
    kms, key = kms_client(server, owner), {"a": KEY_A, "b": KEY_B}[owner]
    kms.disable_key(models.DisableKeyRequest(key_id=key))
    put_rule(server, "src", "dst", kms=True)
    stays_away(server)
    kms.enable_key(models.EnableKeyRequest(key_id=key))
    wait_until(lambda: has_arrived(server))


def test_key_that_is_going_to_be_deleted(server: LocalCloudServer) -> None:
    kms = kms_client(server, "b")
    kms.schedule_key_deletion(models.ScheduleKeyDeletionRequest(key_id=KEY_B, pending_window_in_days=7))
    put_rule(server, "src", "dst", kms=True)
    stays_away(server)
    kms.cancel_key_deletion(models.CancelKeyDeletionRequest(key_id=KEY_B))
    wait_until(lambda: has_arrived(server))


def test_key_outside_any_instance_cannot_be_shared(server: LocalCloudServer) -> None:
    key = kms_client(server, "b").create_key(models.CreateKeyRequest()).body.key_metadata
    arn = f"acs:kms:{REGION_B}:{UID_B}:key/{key.key_id}"
    server.cloud.accounts[UID_B].kms.keys[key.key_id].region = REGION_B
    grant_role(server, "default", use_of(arn))
    put_rule(server, "src", "dst", kms=True, key=arn)
    stays_away(server)


def test_plain_objects_are_not_held_up(server: LocalCloudServer) -> None:
    share_key(server)
    bucket(server, "a", "src").put_object("plain", b"data")
    put_rule(server, "src", "dst", kms=True)
    wait_until(lambda: has_arrived(server, "plain"))
    stays_away(server)


def refused(server: LocalCloudServer, key: str) -> tuple[int, str]:
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        put_rule(server, "src", "dst", kms=True, key=key)
    return caught.value.status, caught.value.code


def test_what_the_put_checks_about_the_key(server: LocalCloudServer) -> None:
    bad = (400, "InvalidArgument")
    assert refused(server, KEY_A_ARN) == bad, "a key of another region"
    assert refused(server, KEY_B) == bad, "a foreign key without its ARN"
    assert refused(server, "no key!") == bad
    put_rule(server, "src", "dst", kms=True, key=f"acs:kms:{REGION_B}:{UID_B}:key/nonexistent")


@pytest.mark.parametrize("breakage", ["unknown", "disabled", "closed"])
def test_put_may_be_set_to_check_the_key_itself(server: LocalCloudServer, breakage: str) -> None:
    server.cloud.behaviour.replication_checks_kms_key = True
    key = KEY_B_ARN
    if breakage == "unknown":
        key += "x"
    elif breakage == "disabled":
        kms_client(server, "b").disable_key(models.DisableKeyRequest(key_id=KEY_B))
    else:
        share_key(server)
    assert refused(server, key) == (403, "NoPermission")


def test_source_key_may_be_set_not_to_matter(server: LocalCloudServer) -> None:
    server.cloud.behaviour.role_decrypts_source = False
    revoke_from_role(server, "use-source")
    put_rule(server, "src", "dst", kms=True)
    wait_until(lambda: has_arrived(server))


def test_right_taken_away_stops_new_objects_only(server: LocalCloudServer) -> None:
    put_rule(server, "src", "dst", kms=True)
    wait_until(lambda: has_arrived(server))
    share_key(server)
    bucket(server, "a", "src").put_object("later", b"data", headers=ENCRYPTED)
    task = next(iter(server.cloud.buckets["src"].rules.values())).task
    wait_until(lambda: "later" in task.waiting)
    assert not has_arrived(server, "later")
    assert bucket(server, "b", "dst").get_object("secret").read() == b"data"
