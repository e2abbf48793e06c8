"""The unmodified SDKs against a running local cloud, from the first role to the last replicated object."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import alibabacloud_oss_v2
import httpx
import oss2
import pytest
from alibabacloud_ram20150501 import models as ram_models
from alibabacloud_ram20150501.client import Client as RamClient
from alibabacloud_sts20150401 import models as sts_models
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config

from localcloud.server import LocalCloudServer
from tests.localcloud.conftest import TWO_ACCOUNTS, StartCloud

UID_A, UID_B = "1000000000000001", "1000000000000002"
SERVICE_TRUST = json.dumps(
    {
        "Version": "1",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}}],
    }
)


def auth_v1(key: str, token: str | None = None) -> oss2.ProviderAuth:
    return oss2.ProviderAuth(oss2.credentials.StaticCredentialsProvider(f"key-{key}", f"secret-{key}", token))


def auth_v4(key: str, token: str | None = None) -> oss2.ProviderAuthV4:
    return oss2.ProviderAuthV4(oss2.credentials.StaticCredentialsProvider(f"key-{key}", f"secret-{key}", token))


def oss2_bucket(
    server: LocalCloudServer, auth: object, name: str = "bucket-a", region: str = "cn-hangzhou"
) -> oss2.Bucket:
    return oss2.Bucket(auth, server.url, name, region=region)


def rpc_config(server: LocalCloudServer, key: str, **options: str) -> Config:
    return Config(
        access_key_id=f"key-{key}",
        access_key_secret=f"secret-{key}",
        endpoint=server.endpoint,
        protocol="HTTP",
        region_id="cn-hangzhou",
        **options,
    )


@pytest.mark.parametrize("auth", [auth_v1, auth_v4])
@pytest.mark.parametrize("key", ["plain", "a//b/.c", "a+b c%20&=?#", "你好/世界.txt"])
def test_oss2_round_trip(server: LocalCloudServer, auth: Callable[..., object], key: str) -> None:
    bucket = oss2_bucket(server, auth("a"))
    put = bucket.put_object(key, b"data", headers={"x-oss-meta-note": "two  blanks"})
    assert len(put.request_id) == 24
    assert bucket.get_object(key).read() == b"data"
    assert bucket.head_object(key).headers["x-oss-meta-note"] == "two  blanks"
    assert key in [entry.key for entry in bucket.list_objects_v2().object_list]
    assert httpx.get(bucket.sign_url("GET", key, 60, slash_safe=True)).content == b"data"


@pytest.mark.parametrize("auth", [auth_v1, auth_v4])
def test_oss2_errors(server: LocalCloudServer, auth: Callable[..., object]) -> None:
    bucket = oss2_bucket(server, auth("a"))
    with pytest.raises(oss2.exceptions.NoSuchBucketPolicy):
        bucket.get_bucket_policy()
    with pytest.raises(oss2.exceptions.NoSuchKey) as caught:
        bucket.head_object("nothing")
    assert (caught.value.status, caught.value.ec) == (404, "0026-00000001")
    assert caught.value.request_id == caught.value.headers["x-oss-request-id"]
    wrong = oss2.Bucket(oss2.Auth("key-a", "wrong"), server.url, "bucket-a")
    with pytest.raises(oss2.exceptions.SignatureDoesNotMatch) as mismatch:
        wrong.get_bucket_acl()
    assert mismatch.value.details["StringToSign"].startswith("GET\n")
    assert "wrong" not in mismatch.value.body.decode()


def test_every_answer_has_the_services_headers(server: LocalCloudServer) -> None:
    for response in (
        httpx.get(server.url),
        httpx.get(f"{server.url}/bucket-a?nonsense"),
        httpx.head(f"{server.url}/b/k"),
    ):
        assert response.headers["server"] == "AliyunOSS"
        assert len(response.headers["x-oss-request-id"]) == 24
        assert response.headers["date"].endswith("GMT")
        assert response.headers["x-oss-server-time"].isdigit()
        assert "uvicorn" not in str(response.headers)


def test_host_style_addresses(server: LocalCloudServer) -> None:
    url = urlsplit(
        oss2.Bucket(auth_v1("a"), "http://oss-cn-hangzhou.aliyuncs.com", "bucket-a").sign_url("GET", "object-00001", 60)
    )
    answer = httpx.get(f"{server.url}{url.path}?{url.query}", headers={"host": url.netloc})
    assert answer.text == "object-00001\nobject-"


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_oss_v2_round_trip(server: LocalCloudServer, version: str) -> None:
    client = alibabacloud_oss_v2.Client(
        alibabacloud_oss_v2.config.Config(
            region="cn-hangzhou",
            endpoint=server.url,
            signature_version=version,
            credentials_provider=alibabacloud_oss_v2.credentials.StaticCredentialsProvider("key-a", "secret-a"),
        )
    )
    client.put_object(alibabacloud_oss_v2.PutObjectRequest("bucket-a", "a b/+你", body=b"data"))
    got = client.get_object(alibabacloud_oss_v2.GetObjectRequest("bucket-a", "a b/+你"))
    assert got.body.content == b"data"
    presigned = client.presign(alibabacloud_oss_v2.GetObjectRequest("bucket-a", "a b/+你"))
    assert httpx.get(presigned.url).content == b"data"
    names = [entry.name for entry in client.list_buckets(alibabacloud_oss_v2.ListBucketsRequest()).buckets]
    assert names == ["bucket-a"]


@pytest.mark.parametrize("options", [{}, {"signature_algorithm": "v2"}])
def test_sts_under_both_signatures(server: LocalCloudServer, options: dict[str, str]) -> None:
    root = StsClient(rpc_config(server, "a", **options)).get_caller_identity().body
    assert (root.account_id, root.identity_type, root.arn) == (UID_A, "Account", f"acs:ram::{UID_A}:root")
    reader = StsClient(rpc_config(server, "reader", **options)).get_caller_identity().body
    assert (reader.identity_type, reader.arn) == ("RAMUser", f"acs:ram::{UID_A}:user/reader")
    with pytest.raises(ClientException, match="calculation") as caught:
        StsClient(Config("key-a", "wrong", endpoint=server.endpoint, protocol="HTTP", **options)).get_caller_identity()
    assert caught.value.code == "SignatureDoesNotMatch"


def test_a_user_without_the_right_is_refused(server: LocalCloudServer) -> None:
    request = ram_models.CreateRoleRequest(role_name="Replicator", assume_role_policy_document=SERVICE_TRUST)
    with pytest.raises(ClientException, match="not authorized") as caught:
        RamClient(rpc_config(server, "reader")).create_role(request)
    assert (caught.value.code, caught.value.status_code) == ("NoPermission", 403)


def test_temporary_credentials(server: LocalCloudServer) -> None:
    trust = {
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [f"acs:ram::{UID_A}:root"]}}]
    }
    ram = RamClient(rpc_config(server, "a"))
    document = json.dumps({"Version": "1", **trust})
    role = ram.create_role(
        ram_models.CreateRoleRequest(role_name="Guest", assume_role_policy_document=document)
    ).body.role
    policy = ram_models.AttachPolicyToRoleRequest(
        policy_name="AliyunOSSReadOnlyAccess", policy_type="System", role_name="Guest"
    )
    ram.attach_policy_to_role(policy)
    # The account itself may not assume roles, so its user is allowed to.
    grant = ram_models.AttachPolicyToUserRequest(
        policy_name="AliyunSTSAssumeRoleAccess", policy_type="System", user_name="reader"
    )
    ram.attach_policy_to_user(grant)
    assume = sts_models.AssumeRoleRequest(role_arn=role.arn, role_session_name="job", duration_seconds=900)
    credentials = StsClient(rpc_config(server, "reader")).assume_role(assume).body.credentials
    provider = oss2.credentials.StaticCredentialsProvider(
        credentials.access_key_id, credentials.access_key_secret, credentials.security_token
    )
    for auth in (oss2.ProviderAuth(provider), oss2.ProviderAuthV4(provider)):
        assert oss2_bucket(server, auth).get_object("object-00001").read() == b"object-00001\nobject-"
        with pytest.raises(oss2.exceptions.AccessDenied):
            oss2_bucket(server, auth).put_object("new", b"")


def grant_replication(server: LocalCloudServer) -> None:
    ram = RamClient(rpc_config(server, "a"))
    ram.create_role(ram_models.CreateRoleRequest(role_name="Replicator", assume_role_policy_document=SERVICE_TRUST))
    ram.attach_policy_to_role(
        ram_models.AttachPolicyToRoleRequest(
            policy_name="AliyunOSSFullAccess", policy_type="System", role_name="Replicator"
        )
    )
    statement = {
        "Effect": "Allow",
        "Action": ["oss:ReplicateList", "oss:ReplicateGet", "oss:ReplicatePut", "oss:ReplicateDelete"],
        "Principal": [f"arn:sts::{UID_A}:assumed-role/replicator/*"],
        "Resource": [f"acs:oss:*:{UID_B}:bucket-b", f"acs:oss:*:{UID_B}:bucket-b/*"],
    }
    policy = json.dumps({"Version": "1", "Statement": [statement]})
    oss2_bucket(server, auth_v4("b"), "bucket-b", "cn-shanghai").put_bucket_policy(policy)


def put_rule(bucket: oss2.Bucket) -> None:
    bucket.put_bucket_replication(
        oss2.models.ReplicationRule(
            rule_id="rule-1",
            target_bucket_name="bucket-b",
            target_bucket_location="oss-cn-shanghai",
            sync_role_name="Replicator",
        )
    )


def replicated(bucket: oss2.Bucket) -> bool:
    progress = bucket.get_bucket_replication_progress("rule-1").progress
    return progress.status == "doing" and float(progress.historical_object_progress) >= 1


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_objects_travel_between_accounts(start_cloud: StartCloud) -> None:
    server = start_cloud(TWO_ACCOUNTS)
    grant_replication(server)
    source = oss2_bucket(server, auth_v4("a"))
    put_rule(source)
    wait_until(lambda: replicated(source))
    source.put_object("later", b"new")
    destination = oss2_bucket(server, auth_v4("b"), "bucket-b", "cn-shanghai")
    wait_until(lambda: destination.object_exists("later"))
    assert [entry.key for entry in destination.list_objects_v2().object_list][-1] == "object-00005"
