"""Who may do what with buckets and objects, and how a refusal looks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.cloud import Cloud
from localcloud.errors import OssError
from localcloud.http import Request
from localcloud.identity import ANONYMOUS, Account, Caller
from localcloud.operation import OssCall
from localcloud.oss.authorize import AccessResult, Reason, authorize, oss_may_assume, role_access
from localcloud.oss.model import Bucket, ObjectVersion
from localcloud.ram.backend.account import RamAccount
from localcloud.ram.backend.attachments import attach
from localcloud.ram.backend.policies import create_policy, get_policy
from localcloud.ram.backend.roles import create_role, update_role
from localcloud.ram.backend.users import create_user
from localcloud.ram.model import RamState, Role, User
from tests.localcloud.documents import Json, policy_document

A, B = "1000000000000001", "2000000000000002"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
TRUSTING_OSS: Json = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}}
LIST_AND_GET = ["oss:ReplicateList", "oss:ReplicateGet"]


class World:
    """Two accounts; A owns ``src``, B owns ``dst``; A has the user ``alice`` and the role ``Replicator``."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        for uid in (A, B):
            self.cloud.accounts[uid] = Account(uid, RamState())
        self.src = self.bucket("src", A, "cn-hangzhou")
        self.dst = self.bucket("dst", B, "cn-shanghai")
        self.ram = RamAccount.of(self.cloud, A)
        user = create_user(self.ram, "alice")
        self.role = create_role(self.ram, "Replicator", policy_document(TRUSTING_OSS))
        self.root_a = Caller("account", A)
        self.root_b = Caller("account", B)
        self.alice = Caller("ram_user", A, "alice", user.id)
        self.holders: dict[str, Role | User] = {"alice": user, "Replicator": self.role}
        self.policies = 0

    def bucket(self, name: str, owner: str, region: str) -> Bucket:
        self.cloud.buckets[name] = Bucket(name, owner, region, NOW)
        return self.cloud.buckets[name]

    def grant(self, holder: str, *statements: Json) -> None:
        """Attach a new policy to a user or role of account A."""
        self.policies += 1
        ram = RamAccount.of(self.cloud, A)
        policy = create_policy(ram, f"policy-{self.policies}", policy_document(*statements))
        attach(ram, self.holders[holder], policy)

    def bucket_policy(self, bucket: Bucket, *statements: Json) -> None:
        delay = self.cloud.behaviour.policy_propagation_seconds
        bucket.policy.set(policy_document(*statements), self.cloud.clock.now(), delay)

    def call(
        self, caller: Caller, query: str = "", headers: dict[str, str] | None = None, bucket_name: str | None = None
    ) -> OssCall:
        request = Request("GET", "/", query, headers or {}, client_ip="10.1.2.3")
        return OssCall(self.cloud, request, caller, "r", bucket_name=bucket_name)

    def passes(
        self, caller: Caller, action: str, bucket: Bucket | None, key: str | None = None, **request: Any
    ) -> bool:
        try:
            authorize(self.call(caller, **request), action, bucket, key)
        except OssError as error:
            if error.code != "AccessDenied":
                raise
            return False
        return True

    def refusal(
        self, caller: Caller, action: str, bucket: Bucket | None, key: str | None = None, **request: Any
    ) -> OssError:
        with pytest.raises(OssError) as refused:
            authorize(self.call(caller, **request), action, bucket, key)
        return refused.value

    def replicates(self, action: str, bucket: Bucket, key: str | None = None) -> AccessResult:
        return role_access(self.cloud, self.role, A, action, bucket, key)


def statement(effect: str, action: str | list[str], resource: str | list[str] = "*", **more: object) -> Json:
    return {"Effect": effect, "Action": action, "Resource": resource} | more


@pytest.fixture
def world() -> World:
    return World()


# ---------------------------------------------------------------- one account


def test_the_owner_passes_and_others_do_not(world: World) -> None:
    assert world.passes(world.root_a, "oss:DeleteBucket", world.src)
    assert not world.passes(world.root_b, "oss:DeleteBucket", world.src)
    assert not world.passes(ANONYMOUS, "oss:GetObject", world.src, "k")


def test_a_user_needs_a_ram_policy_for_the_resource(world: World) -> None:
    assert not world.passes(world.alice, "oss:GetObject", world.src, "a/1")
    world.grant("alice", statement("Allow", "oss:GetObject", "acs:oss:*:*:src/a/*"))
    assert world.passes(world.alice, "oss:GetObject", world.src, "a/1")
    assert not world.passes(world.alice, "oss:GetObject", world.src, "b/1")
    assert not world.passes(world.alice, "oss:PutObject", world.src, "a/1")


def test_a_bucket_policy_alone_opens_an_own_bucket(world: World) -> None:
    world.bucket_policy(
        world.src, statement("Allow", "oss:GetObject", "acs:oss:*:*:src/*", Principal=[world.alice.principal_id])
    )
    assert world.passes(world.alice, "oss:GetObject", world.src, "k")
    assert not world.passes(world.alice, "oss:PutObject", world.src, "k")


def test_system_policies_count(world: World) -> None:
    attach(world.ram, world.holders["alice"], get_policy(world.ram, "System", "AliyunOSSReadOnlyAccess"))
    assert world.passes(world.alice, "oss:GetObject", world.src, "k")
    assert not world.passes(world.alice, "oss:PutObject", world.src, "k")


def test_service_level_needs_a_ram_policy(world: World) -> None:
    assert world.passes(world.root_a, "oss:ListBuckets", None)
    assert world.refusal(world.alice, "oss:ListBuckets", None).message == "You are forbidden to list buckets."
    world.grant("alice", statement("Allow", "oss:ListBuckets", "acs:oss:*:*:*"))
    assert world.passes(world.alice, "oss:ListBuckets", None)


def test_a_bucket_to_be_made_is_authorised_by_its_name(world: World) -> None:
    world.grant("alice", statement("Allow", "oss:PutBucket", "acs:oss:*:*:mine-*"))
    assert world.passes(world.alice, "oss:PutBucket", None, bucket_name="mine-1")
    assert world.refusal(world.alice, "oss:PutBucket", None, bucket_name="other").ec == "0003-00000202"


def test_a_deleted_users_key_has_no_rights_left_even_under_the_same_name(world: World) -> None:
    world.grant("alice", statement("Allow", "oss:*"))
    former = Caller("ram_user", A, "alice", "2000")
    assert world.passes(world.alice, "oss:GetObject", world.src, "k")
    assert not world.passes(former, "oss:GetObject", world.src, "k")


# ---------------------------------------------------------------- denial


def test_deny_of_either_side_wins_and_is_told_apart(world: World) -> None:
    world.grant("alice", statement("Allow", "oss:*"))
    world.bucket_policy(world.src, statement("Deny", "oss:PutObject", Principal=["*"]))
    assert world.refusal(world.alice, "oss:PutObject", world.src, "k").ec == "0003-00000101"
    world.grant("alice", statement("Deny", ["oss:PutObject", "oss:DeleteObject"]))
    assert world.refusal(world.alice, "oss:DeleteObject", world.src, "k").ec == "0003-00000201"
    assert world.refusal(world.alice, "oss:PutObject", world.src, "k").ec == "0003-00000203"


def test_only_a_conditional_deny_binds_the_owner(world: World) -> None:
    world.bucket_policy(world.src, statement("Deny", "oss:*", Principal=["*"]))
    assert world.passes(world.root_a, "oss:GetObject", world.src, "k")
    outside = {"NotIpAddress": {"acs:SourceIp": ["192.168.0.0/16"]}}
    world.bucket_policy(world.src, statement("Deny", "oss:*", Principal=["*"], Condition=outside))
    assert not world.passes(world.root_a, "oss:GetObject", world.src, "k")


def test_a_refusal_carries_its_detail(world: World) -> None:
    world.grant("alice", statement("Deny", "oss:PutBucketReferer"))
    refused = world.refusal(world.alice, "oss:PutBucketReferer", world.src)
    assert refused.details == {
        "AccessDeniedDetail": {
            "PolicyType": "AccountLevelIdentityBasedPolicy",
            "AuthPrincipalOwnerId": A,
            "AuthPrincipalType": "SubUser",
            "AuthPrincipalDisplayName": world.alice.principal_id,
            "NoPermissionType": "ExplicitDeny",
            "AuthAction": "oss:PutBucketReferer",
        }
    }


def test_messages_differ_for_objects_buckets_and_anonymous_callers(world: World) -> None:
    messages = [
        world.refusal(world.root_b, "oss:GetObject", world.src, "k").message,
        world.refusal(world.root_b, "oss:GetBucketInfo", world.src).message,
        world.refusal(ANONYMOUS, "oss:GetBucketInfo", world.src).message,
    ]
    assert messages == [
        "You have no right to access this object because of bucket acl.",
        "The bucket you access does not belong to you.",
        "Anonymous access is forbidden for this operation.",
    ]


def test_a_foreign_bucket_can_look_absent(world: World) -> None:
    world.cloud.behaviour.foreign_bucket_error = "NoSuchBucket"
    refused = world.refusal(world.alice, "oss:GetBucketInfo", world.dst)
    assert (refused.status, refused.code) == (404, "NoSuchBucket")
    assert world.refusal(world.alice, "oss:GetBucketInfo", world.src).code == "AccessDenied"


# ---------------------------------------------------------------- two accounts


def test_a_ram_allow_never_opens_a_foreign_bucket(world: World) -> None:
    world.grant("alice", statement("Allow", "*"))
    assert not world.passes(world.alice, "oss:GetObject", world.dst, "k")


def test_the_bucket_policy_alone_opens_a_foreign_bucket(world: World) -> None:
    world.bucket_policy(world.dst, statement("Allow", "oss:GetObject", Principal=[world.alice.principal_id]))
    assert world.passes(world.alice, "oss:GetObject", world.dst, "k")


def test_a_ram_deny_counts_for_foreign_buckets_too(world: World) -> None:
    world.bucket_policy(world.dst, statement("Allow", "oss:*", Principal=[world.alice.principal_id]))
    world.grant("alice", statement("Deny", "oss:DeleteObject"))
    assert world.passes(world.alice, "oss:PutObject", world.dst, "k")
    assert not world.passes(world.alice, "oss:DeleteObject", world.dst, "k")


@pytest.mark.parametrize("covers", [False, True])
def test_an_accounts_uid_covers_its_users_only_by_setting(world: World, covers: bool) -> None:
    world.cloud.behaviour.account_principal_covers_users = covers
    world.bucket_policy(world.dst, statement("Allow", "oss:GetObject", Principal=[A]))
    assert world.passes(world.root_a, "oss:GetObject", world.dst, "k")
    assert world.passes(world.alice, "oss:GetObject", world.dst, "k") is covers


# ---------------------------------------------------------------- sessions


def test_a_session_policy_only_narrows(world: World) -> None:
    world.grant("Replicator", statement("Allow", ["oss:GetObject", "oss:PutObject"]))
    policy = policy_document(statement("Allow", ["oss:GetObject", "oss:DeleteObject"]))
    session = Caller("assumed_role", A, "Replicator", world.role.id, "s1", session_policy=policy)
    assert world.passes(session, "oss:GetObject", world.src, "k")
    assert not world.passes(session, "oss:DeleteObject", world.src, "k")
    assert world.refusal(session, "oss:PutObject", world.src, "k").ec == "0003-00000301"


def test_a_session_policy_also_narrows_a_bucket_policys_grant(world: World) -> None:
    world.bucket_policy(world.dst, statement("Allow", "oss:*", Principal=[f"arn:sts::{A}:assumed-role/replicator/*"]))
    policy = policy_document(statement("Allow", "oss:GetObject"))
    session = Caller("assumed_role", A, "Replicator", world.role.id, "s1", session_policy=policy)
    assert world.passes(session, "oss:GetObject", world.dst, "k")
    assert not world.passes(session, "oss:PutObject", world.dst, "k")


# ---------------------------------------------------------------- ACLs


@pytest.mark.parametrize(
    ("acl", "action", "key", "expected"),
    [
        ("private", "oss:GetObject", "k", False),
        ("public-read", "oss:GetObject", "k", True),
        ("public-read", "oss:PutObject", "k", False),
        ("public-read-write", "oss:PutObject", "new", True),
        ("public-read-write", "oss:DeleteObject", "k", True),
        ("public-read-write", "oss:PutObjectAcl", "k", False),
        ("public-read-write", "oss:ListObjects", None, False),
        ("public-read-write", "oss:PutBucketAcl", None, False),
    ],
)
@pytest.mark.parametrize("who", ["anonymous", "foreign account", "own user"])
def test_bucket_acl(world: World, acl: str, action: str, key: str | None, expected: bool, who: str) -> None:
    caller = {"anonymous": ANONYMOUS, "foreign account": world.root_b, "own user": world.alice}[who]
    world.src.acl = acl
    world.src.write(ObjectVersion("k", "null", NOW), "put", NOW)
    assert world.passes(caller, action, world.src, key) is expected


def test_an_objects_own_acl_overrides_the_buckets(world: World) -> None:
    world.src.acl = "public-read"
    world.src.write(ObjectVersion("hidden", "null", NOW, acl="private"), "put", NOW)
    world.dst.write(ObjectVersion("shown", "null", NOW, acl="public-read"), "put", NOW)
    assert not world.passes(ANONYMOUS, "oss:GetObject", world.src, "hidden")
    assert world.passes(ANONYMOUS, "oss:GetObject", world.dst, "shown")


def test_a_deny_beats_a_public_acl(world: World) -> None:
    world.src.acl = "public-read"
    world.bucket_policy(world.src, statement("Deny", "oss:GetObject", Principal=["*"]))
    assert not world.passes(ANONYMOUS, "oss:GetObject", world.src, "k")


def test_anonymous_access_by_bucket_policy(world: World) -> None:
    world.bucket_policy(world.src, statement("Allow", ["oss:GetObject", "oss:ListObjects"], Principal=["*"]))
    assert world.passes(ANONYMOUS, "oss:GetObject", world.src, "k")
    assert world.passes(ANONYMOUS, "oss:ListObjects", world.src)


# ---------------------------------------------------------------- conditions


@pytest.mark.parametrize(
    ("condition", "request_", "expected"),
    [
        ({"StringLike": {"oss:Prefix": "logs/*"}}, {"query": "prefix=logs/1"}, True),
        ({"StringLike": {"oss:Prefix": "logs/*"}}, {"query": "prefix=data/1"}, False),
        ({"StringEquals": {"oss:Prefix": ""}}, {}, True),
        ({"StringEquals": {"oss:Delimiter": "/"}}, {"query": "delimiter=%2F"}, True),
        ({"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}, {}, True),
        ({"NotIpAddress": {"acs:SourceIp": "10.0.0.0/8"}}, {}, False),
        ({"Bool": {"acs:SecureTransport": "true"}}, {}, False),
        ({"StringLike": {"acs:UserAgent": "aliyun-sdk-*"}}, {"headers": {"user-agent": "aliyun-sdk-python"}}, True),
        ({"DateLessThan": {"acs:CurrentTime": "2000-01-01T00:00:00Z"}}, {}, False),
        ({"StringEquals": {"oss:x-oss-acl": "private"}}, {"headers": {"x-oss-acl": "public-read"}}, False),
        ({"StringEquals": {"oss:BucketTag/team": "a"}}, {}, True),
    ],
)
def test_conditions_on_bucket_operations(world: World, condition: Json, request_: Json, expected: bool) -> None:
    world.src.tagging = {"team": "a"}
    world.grant("alice", statement("Allow", "oss:ListObjects", Condition=condition))
    assert world.passes(world.alice, "oss:ListObjects", world.src, **request_) is expected


def test_conditions_on_object_operations(world: World) -> None:
    world.src.write(ObjectVersion("k", "null", NOW, tagging={"open": "yes"}), "put", NOW)
    tagged = {"StringEquals": {"oss:ExistingObjectTag/open": "yes"}}
    world.grant("alice", statement("Allow", "oss:GetObject", Condition=tagged))
    assert world.passes(world.alice, "oss:GetObject", world.src, "k")
    assert not world.passes(world.alice, "oss:GetObject", world.src, "other")


def test_the_prefix_key_never_matches_object_operations(world: World) -> None:
    world.grant("alice", statement("Allow", "oss:GetObject", Condition={"StringLike": {"oss:Prefix": "*"}}))
    assert not world.passes(world.alice, "oss:GetObject", world.src, "k", query="prefix=k")


# ---------------------------------------------------------------- replication


def allow_replication(world: World, principal_role: str = "replicator") -> None:
    """Grant exactly what the vendor's procedure grants."""
    world.grant("Replicator", statement("Allow", LIST_AND_GET, ["acs:oss:*:*:src", "acs:oss:*:*:src/*"]))
    world.bucket_policy(
        world.dst,
        statement(
            "Allow",
            [*LIST_AND_GET, "oss:ReplicatePut", "oss:ReplicateDelete"],
            [f"acs:oss:*:{B}:dst", f"acs:oss:*:{B}:dst/*"],
            Principal=[f"arn:sts::{A}:assumed-role/{principal_role}/*"],
        ),
    )


def test_the_vendors_grants_suffice(world: World) -> None:
    allow_replication(world)
    assert world.replicates("oss:ReplicateList", world.src).reason is Reason.RAM_POLICY
    assert world.replicates("oss:ReplicateGet", world.src, "k").reason is Reason.RAM_POLICY
    for action in ("oss:ReplicateGet", "oss:ReplicatePut", "oss:ReplicateDelete"):
        assert world.replicates(action, world.dst, "k").reason is Reason.BUCKET_POLICY


def test_nothing_is_replicated_without_grants(world: World) -> None:
    assert world.replicates("oss:ReplicateGet", world.src, "k").reason is Reason.NO_ALLOW
    assert not world.replicates("oss:ReplicatePut", world.dst, "k")


def test_an_upper_case_principal_names_nobody(world: World) -> None:
    allow_replication(world, principal_role="Replicator")
    assert world.replicates("oss:ReplicatePut", world.dst, "k").reason is Reason.NO_ALLOW


def test_full_access_of_the_role_does_not_open_the_destination(world: World) -> None:
    attach(world.ram, world.role, get_policy(world.ram, "System", "AliyunOSSFullAccess"))
    assert world.replicates("oss:ReplicateGet", world.src, "k").allowed
    assert not world.replicates("oss:ReplicatePut", world.dst, "k").allowed


@pytest.mark.parametrize(
    ("side", "ordinary", "action"),
    [
        ("src", "oss:ListObjects", "oss:ReplicateList"),
        ("src", "oss:GetObject", "oss:ReplicateGet"),
        ("dst", "oss:PutObject", "oss:ReplicatePut"),
        ("dst", "oss:DeleteObject", "oss:ReplicateDelete"),
    ],
)
def test_a_deny_of_the_ordinary_action_stops_replication(world: World, side: str, ordinary: str, action: str) -> None:
    allow_replication(world)
    bucket = world.src if side == "src" else world.dst
    present = json.loads(bucket.policy.current)["Statement"] if bucket.policy.current else []
    assert world.replicates(action, bucket, "k").allowed
    world.bucket_policy(bucket, *present, statement("Deny", ordinary, Principal=["*"]))
    assert world.replicates(action, bucket, "k").reason is Reason.BUCKET_POLICY_DENY


def test_a_grant_takes_effect_after_the_propagation_delay(world: World) -> None:
    world.cloud.behaviour.policy_propagation_seconds = 60
    allow_replication(world)
    assert not world.replicates("oss:ReplicatePut", world.dst, "k")
    assert not world.replicates("oss:ReplicateGet", world.src, "k")
    world.cloud.clock.advance(61)
    assert world.replicates("oss:ReplicatePut", world.dst, "k")
    assert world.replicates("oss:ReplicateGet", world.src, "k")


def test_oss_assumes_only_roles_that_trust_it(world: World) -> None:
    assert oss_may_assume(world.cloud, world.role)
    account_trust = TRUSTING_OSS | {"Principal": {"RAM": [f"acs:ram::{A}:root"]}}
    update_role(world.ram, "replicator", trust_policy=policy_document(account_trust))
    assert not oss_may_assume(world.cloud, world.role)


def test_a_changed_trust_policy_propagates(world: World) -> None:
    world.cloud.behaviour.policy_propagation_seconds = 60
    late = create_role(RamAccount.of(world.cloud, A), "late", policy_document(TRUSTING_OSS))
    assert not oss_may_assume(world.cloud, late)
    world.cloud.clock.advance(61)
    assert oss_may_assume(world.cloud, late)
