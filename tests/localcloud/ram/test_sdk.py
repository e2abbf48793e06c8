"""The vendor's unmodified SDKs for RAM and STS against the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from alibabacloud_ram20150501 import models as ram_models
from alibabacloud_ram20150501.client import Client as RamClient
from alibabacloud_sts20150401 import models as sts_models
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config

from localcloud.server import LocalCloudServer
from tests.localcloud.documents import policy_document

UID = "1000000000000001"
TRUST_OSS = policy_document(
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}}
)
TRUST_ACCOUNT = TRUST_OSS.replace('"Service": ["oss.aliyuncs.com"]', f'"RAM": ["acs:ram::{UID}:root"]')
DOCUMENT = policy_document({"Effect": "Allow", "Action": ["oss:ReplicateGet"], "Resource": "acs:oss:*:*:src/*"})


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    users = [{"name": "alice", "access_keys": [{"id": "LTAIalice", "secret": "alice-secret"}]}]
    account = {"uid": UID, "access_keys": [{"id": "LTAIroot", "secret": "root-secret"}], "users": users}
    with LocalCloudServer({"accounts": [account]}) as running:
        yield running


def config(server: LocalCloudServer, key_id: str, secret: str, token: str | None = None) -> Config:
    return Config(
        access_key_id=key_id,
        access_key_secret=secret,
        security_token=token,
        endpoint=server.endpoint,
        protocol="HTTP",
    )


@pytest.fixture
def ram(server: LocalCloudServer) -> RamClient:
    return RamClient(config(server, "LTAIroot", "root-secret"))


@pytest.fixture
def alice(server: LocalCloudServer) -> Config:
    return config(server, "LTAIalice", "alice-secret")


def error_of(call: Callable[..., object], *args: object) -> ClientException:
    """Return the exception that an SDK call ends in."""
    with pytest.raises(ClientException) as raised:
        call(*args)
    return raised.value


def test_a_role_from_creation_to_deletion(ram: RamClient) -> None:
    created = ram.create_role(
        ram_models.CreateRoleRequest(role_name="Crr", assume_role_policy_document=TRUST_OSS, description="d & <é>")
    ).body.role
    read = ram.get_role(ram_models.GetRoleRequest(role_name="crr")).body.role
    assert (read.role_name, read.arn, read.description) == ("Crr", f"acs:ram::{UID}:role/Crr", "d & <é>")
    assert read.assume_role_policy_document == TRUST_OSS
    assert (read.role_id, read.max_session_duration) == (created.role_id, 3600)

    ram.create_policy(ram_models.CreatePolicyRequest(policy_name="crr-src", policy_document=DOCUMENT))
    attach = {"policy_type": "Custom", "policy_name": "crr-src", "role_name": "Crr"}
    ram.attach_policy_to_role(ram_models.AttachPolicyToRoleRequest(**attach))
    policies = ram.list_policies_for_role(ram_models.ListPoliciesForRoleRequest(role_name="Crr")).body.policies.policy
    assert [(policy.policy_name, policy.default_version) for policy in policies] == [("crr-src", "v1")]
    found = ram.get_policy(ram_models.GetPolicyRequest(policy_type="Custom", policy_name="crr-src")).body
    assert found.default_policy_version.policy_document == DOCUMENT
    assert found.policy.attachment_count == 1
    entities = ram.list_entities_for_policy(
        ram_models.ListEntitiesForPolicyRequest(policy_type="Custom", policy_name="crr-src")
    ).body
    assert [role.role_name for role in entities.roles.role] == ["Crr"]

    conflict = error_of(ram.delete_role, ram_models.DeleteRoleRequest(role_name="Crr"))
    assert conflict.code == "DeleteConflict.Role.Policy"
    ram.detach_policy_from_role(ram_models.DetachPolicyFromRoleRequest(**attach))
    ram.delete_policy(ram_models.DeletePolicyRequest(policy_name="crr-src"))
    ram.delete_role(ram_models.DeleteRoleRequest(role_name="Crr"))
    assert error_of(ram.get_role, ram_models.GetRoleRequest(role_name="Crr")).code == "EntityNotExist.Role"


def test_policy_versions(ram: RamClient) -> None:
    ram.create_policy(ram_models.CreatePolicyRequest(policy_name="versions", policy_document=DOCUMENT))
    request = ram_models.CreatePolicyVersionRequest(
        policy_name="versions",
        policy_document=DOCUMENT,
        set_as_default=True,
        rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
    )
    made = [ram.create_policy_version(request).body.policy_version for _ in range(6)]
    assert [version.version_id for version in made] == ["v2", "v3", "v4", "v5", "v6", "v7"]
    listed = ram.list_policy_versions(
        ram_models.ListPolicyVersionsRequest(policy_type="Custom", policy_name="versions")
    ).body.policy_versions.policy_version
    assert [version.version_id for version in listed if version.is_default_version] == ["v7"]
    assert len(listed) == 5
    ram.delete_policy(ram_models.DeletePolicyRequest(policy_name="versions", cascading_delete=True))


def test_lists_are_paged(ram: RamClient) -> None:
    first = ram.list_policies(ram_models.ListPoliciesRequest(policy_type="System", max_items=4)).body
    rest = ram.list_policies(ram_models.ListPoliciesRequest(policy_type="System", marker=first.marker)).body
    names = [policy.policy_name for policy in (*first.policies.policy, *rest.policies.policy)]
    assert (first.is_truncated, rest.is_truncated, rest.marker) == (True, False, None)
    assert len(names) == len(set(names)) == 10


def test_a_user_without_the_right_gets_the_services_403(alice: Config) -> None:
    refused = error_of(
        RamClient(alice).create_role,
        ram_models.CreateRoleRequest(role_name="no", assume_role_policy_document=TRUST_OSS),
    )
    assert (refused.code, refused.status_code) == ("NoPermission", 403)
    assert "You are not authorized to do this action." in refused.message


def test_identities(server: LocalCloudServer, alice: Config) -> None:
    root = StsClient(config(server, "LTAIroot", "root-secret")).get_caller_identity().body
    assert (root.account_id, root.identity_type, root.user_id) == (UID, "Account", None)
    user = StsClient(alice).get_caller_identity().body
    assert (user.arn, user.identity_type) == (f"acs:ram::{UID}:user/alice", "RAMUser")


def test_temporary_credentials_work_for_the_next_call(server: LocalCloudServer, ram: RamClient, alice: Config) -> None:
    ram.create_role(ram_models.CreateRoleRequest(role_name="ops", assume_role_policy_document=TRUST_ACCOUNT))
    ram.attach_policy_to_user(
        ram_models.AttachPolicyToUserRequest(
            policy_type="System", policy_name="AliyunSTSAssumeRoleAccess", user_name="alice"
        )
    )
    ram.attach_policy_to_role(
        ram_models.AttachPolicyToRoleRequest(
            policy_type="System", policy_name="AliyunRAMReadOnlyAccess", role_name="ops"
        )
    )
    answer = (
        StsClient(alice)
        .assume_role(sts_models.AssumeRoleRequest(role_arn=f"acs:ram::{UID}:role/ops", role_session_name="airflow"))
        .body
    )
    credentials = answer.credentials
    assumed = config(server, credentials.access_key_id, credentials.access_key_secret, token=credentials.security_token)
    assert StsClient(assumed).get_caller_identity().body.arn == f"acs:ram::{UID}:assumed-role/ops/airflow"
    assert RamClient(assumed).get_role(ram_models.GetRoleRequest(role_name="ops")).body.role.role_name == "ops"
    refused = error_of(RamClient(assumed).delete_role, ram_models.DeleteRoleRequest(role_name="ops"))
    assert refused.code == "NoPermission"
