"""Rights across two accounts, as oss2 sees them over the wire."""

from __future__ import annotations

from collections.abc import Iterator

import oss2
import pytest

from localcloud.server import LocalCloudServer
from tests.localcloud.documents import policy_document

A, B = "1000000000000001", "2000000000000002"
CONFIG = {
    "accounts": [
        {
            "uid": A,
            "access_keys": [{"id": "LTAIa", "secret": "a-secret"}],
            "users": [{"name": "alice", "access_keys": [{"id": "LTAIalice", "secret": "alice-secret"}]}],
        },
        {
            "uid": B,
            "access_keys": [{"id": "LTAIb", "secret": "b-secret"}],
            "buckets": [{"name": "dst", "region": "cn-shanghai"}],
        },
    ]
}


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    with LocalCloudServer(CONFIG) as running:
        yield running


def bucket(server: LocalCloudServer, key_id: str, secret: str) -> oss2.Bucket:
    auth = oss2.ProviderAuthV4(oss2.credentials.StaticCredentialsProvider(key_id, secret))
    return oss2.Bucket(auth, server.url, "dst", region="cn-shanghai", connect_timeout=5)


def test_a_foreign_bucket_opens_by_its_policy_and_closes_again(server: LocalCloudServer) -> None:
    owner, guest = bucket(server, "LTAIb", "b-secret"), bucket(server, "LTAIalice", "alice-secret")
    alice = server.cloud.accounts[A].ram.users["alice"]
    owner.put_object("k", b"content")

    with pytest.raises(oss2.exceptions.AccessDenied) as refused:
        guest.get_object("k")
    assert refused.value.ec == "0003-00000001"
    assert refused.value.details["AccessDeniedDetail"] is not None

    statement = {
        "Effect": "Allow",
        "Action": ["oss:GetObject"],
        "Principal": [alice.id],
        "Resource": [f"acs:oss:*:{B}:dst/*"],
    }
    owner.put_bucket_policy(policy_document(statement))
    assert guest.get_object("k").read() == b"content"
    with pytest.raises(oss2.exceptions.AccessDenied):
        guest.put_object("k", b"other")

    owner.delete_bucket_policy()
    with pytest.raises(oss2.exceptions.AccessDenied):
        guest.get_object("k")


def test_a_refused_head_is_a_403_too(server: LocalCloudServer) -> None:
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        bucket(server, "LTAIa", "a-secret").head_object("k")
    assert (refused.value.status, refused.value.code) == (403, "AccessDenied")


def test_a_policy_for_another_bucket_is_refused(server: LocalCloudServer) -> None:
    statement = {"Effect": "Allow", "Action": "oss:*", "Principal": ["*"], "Resource": [f"acs:oss:*:{B}:src"]}
    with pytest.raises(oss2.exceptions.ServerError) as refused:
        bucket(server, "LTAIb", "b-secret").put_bucket_policy(policy_document(statement))
    assert (refused.value.status, refused.value.code) == (400, "InvalidPolicyDocument")
