"""The vendor's SDKs as clients of a running local cloud with KMS."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import oss2
from alibabacloud_kms20160120 import models as kms_models
from alibabacloud_kms20160120.client import Client as KmsClient
from alibabacloud_ram20150501 import models as ram_models
from alibabacloud_ram20150501.client import Client as RamClient
from alibabacloud_tea_openapi.models import Config

from localcloud.server import LocalCloudServer

UID_A, UID_B = "1000000000000001", "1000000000000002"
REGION_A, REGION_B = "cn-hangzhou", "cn-beijing"
ROLE = "Crr-Role"
KEY_A, KEY_B = "key-a", "key-b"
KEY_A_ARN = f"acs:kms:{REGION_A}:{UID_A}:key/{KEY_A}"
KEY_B_ARN = f"acs:kms:{REGION_B}:{UID_B}:key/{KEY_B}"


def config(server: LocalCloudServer, key: str, **options: str) -> Config:
    keys = {"access_key_id": f"{key}-id", "access_key_secret": f"{key}-secret"}
    return Config(endpoint=server.endpoint, protocol="HTTP", region_id=REGION_B, **keys | options)


def kms_client(server: LocalCloudServer, key: str, **options: str) -> KmsClient:
    return KmsClient(config(server, key, **options))


def bucket(server: LocalCloudServer, key: str, name: str) -> oss2.Bucket:
    credentials = oss2.credentials.StaticCredentialsProvider(f"{key}-id", f"{key}-secret")
    region = server.cloud.buckets[name].region
    return oss2.Bucket(oss2.ProviderAuthV4(credentials), server.url, name, region=region)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "1", "Statement": list(statements)})


def role_principal(role: str = ROLE) -> dict[str, list[str]]:
    return {"RAM": [f"acs:ram::{UID_A}:role/{role}"]}


def share_key(server: LocalCloudServer, *actions: str, role: str = ROLE) -> None:
    """Write the policy of B's key: B itself, and these actions for A's role."""
    own = {"Effect": "Allow", "Action": ["kms:*"], "Principal": {"RAM": [f"acs:ram::{UID_B}:*"]}, "Resource": ["*"]}
    shared = {**own, "Action": list(actions), "Principal": role_principal(role)}
    policy = document(own, *[shared] if actions else [])
    request = kms_models.SetKeyPolicyRequest(key_id=KEY_B, policy_name="default", policy=policy)
    kms_client(server, "b").set_key_policy(request)


def grant_role(server: LocalCloudServer, name: str, *statements: dict[str, Any]) -> None:
    """Give A's role a custom policy."""
    ram = RamClient(config(server, "a"))
    ram.create_policy(ram_models.CreatePolicyRequest(policy_name=name, policy_document=document(*statements)))
    ram.attach_policy_to_role(
        ram_models.AttachPolicyToRoleRequest(policy_name=name, policy_type="Custom", role_name=ROLE)
    )


def attach_system_policy(server: LocalCloudServer, name: str) -> None:
    """Give A's role a policy that every account has."""
    RamClient(config(server, "a")).attach_policy_to_role(
        ram_models.AttachPolicyToRoleRequest(policy_name=name, policy_type="System", role_name=ROLE)
    )


def revoke_from_role(server: LocalCloudServer, name: str) -> None:
    """Take a custom policy from A's role."""
    RamClient(config(server, "a")).detach_policy_from_role(
        ram_models.DetachPolicyFromRoleRequest(policy_name=name, policy_type="Custom", role_name=ROLE)
    )


def use_of(*arns: str, actions: tuple[str, ...] = ("kms:Decrypt", "kms:GenerateDataKey")) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(arns)}


def put_rule(server: LocalCloudServer, source: str, destination: str, kms: bool | None, key: str = KEY_B_ARN) -> None:
    """Put a rule with A's role; ``kms`` is the switch for encrypted objects, None leaves it out."""
    rule = oss2.models.ReplicationRule(
        target_bucket_name=destination,
        target_bucket_location=f"oss-{REGION_B}",
        action_list=["PUT"],
        sync_role_name=ROLE,
        replica_kms_keyid=key if kms else None,
        sse_kms_encrypted_objects_status={None: None, True: "Enabled", False: "Disabled"}[kms],
    )
    bucket(server, "a", source).put_bucket_replication(rule)


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for what replication does in the background."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def is_done(server: LocalCloudServer, source: str) -> bool:
    """Tell whether everything was copied or skipped."""
    rules = list(server.cloud.buckets[source].rules.values())
    return all(rule.task.history_finished is not None and not rule.task.has_work for rule in rules)


def settings(name_a: str = "src", name_b: str = "dst", **more: Any) -> dict[str, Any]:
    """Return a configuration: A with the role, B with the key, and a bucket on each side."""
    trust = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}})
    copying = {"Effect": "Allow", "Action": ["oss:ReplicateList", "oss:ReplicateGet"], "Resource": ["acs:oss:*:*:*"]}
    return {
        "accounts": [
            {
                "uid": UID_A,
                "access_keys": [{"id": "a-id", "secret": "a-secret"}],
                "users": [
                    {
                        "name": "writer",
                        "access_keys": [{"id": "writer-id", "secret": "writer-secret"}],
                        "policies": ["AliyunOSSFullAccess"],
                    }
                ],
                "roles": [
                    {
                        "name": ROLE,
                        "trust_policy": trust,
                        "policies": [json.loads(document(copying))],
                    }
                ],
                "kms_instances": [{"id": "kst-a", "region": REGION_A, "keys": [{"id": KEY_A}]}],
                "buckets": [{"name": name_a, "region": REGION_A}],
            },
            {
                "uid": UID_B,
                "access_keys": [{"id": "b-id", "secret": "b-secret"}],
                "kms_instances": [
                    {
                        "id": "kst-b",
                        "region": REGION_B,
                        "access_management_quantity": 2,
                        "keys": [{"id": KEY_B, "alias": "alias/replicas"}],
                    }
                ],
                "buckets": [destination_bucket(name_b)],
            },
        ],
        "behaviour": {"rule_start_seconds": 0, "rule_close_seconds": 0, "replication_retry_seconds": 0.02} | more,
    }


def destination_bucket(name: str) -> dict[str, Any]:
    """Return a bucket of B that A's role may write to."""
    grant = {
        "Effect": "Allow",
        "Action": ["oss:ReplicateList", "oss:ReplicateGet", "oss:ReplicatePut", "oss:ReplicateDelete"],
        "Principal": [f"arn:sts::{UID_A}:assumed-role/{ROLE.lower()}/*"],
        "Resource": [f"acs:oss:*:{UID_B}:{name}", f"acs:oss:*:{UID_B}:{name}/*"],
    }
    return {"name": name, "region": REGION_B, "policy": json.loads(document(grant))}
