"""Who else uses a role: the buckets that its policies name, and the rules of these buckets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oss_crr import policy
from oss_crr.model import AttachedPolicy
from oss_crr.pair import ResolvedPair
from oss_crr.resources.registry import RESOURCES
from oss_crr.resources.rule import rule_spec
from oss_crr.teardown.claim import Claim, RoleOrigin
from oss_crr.teardown.reader import Reader
from oss_crr.teardown.users import find_users, named_buckets
from tests.plugins.fake_cloud import SOURCE_UID, FakeCloud, make_resolved, make_rule

SHARED = make_resolved(role_name="Shared")
SECOND = make_resolved(role_name="Shared", source_bucket="src-2")
OWN = make_resolved()


@pytest.fixture
def shared(cloud: FakeCloud) -> FakeCloud:
    """Return a cloud in which two buckets may be read by one role."""
    cloud.add_bucket("src-2")
    RESOURCES["role"].apply(cloud.accounts, [SHARED], None)
    grant = RESOURCES["source_grant"]
    grant.apply(cloud.accounts, [SHARED, SECOND], grant.observe(cloud.accounts, SHARED))
    return cloud


def users(cloud: FakeCloud, pair: ResolvedPair = SHARED, role: RoleOrigin = "created", *leaving: Claim) -> list[str]:
    return [str(user) for user in find_users(Reader(cloud.accounts), Claim(pair, role), leaving)]


def put_rule(cloud: FakeCloud, pair: ResolvedPair, **changes: Any) -> None:
    bucket = cloud.source.storage.buckets[pair.pair.source_bucket]
    bucket.rules.append(make_rule(pair, **{"id": rule_spec(pair).id, **changes}))


def test_another_bucket_with_a_rule_of_the_role(shared: FakeCloud) -> None:
    put_rule(shared, SHARED)
    put_rule(shared, SECOND)
    assert users(shared) == [f"rule `{rule_spec(SECOND).id}` of bucket `src-2`"]
    assert users(shared, SHARED, "created", Claim(SECOND, "created")) == []


def test_another_rule_of_the_same_bucket(shared: FakeCloud) -> None:
    put_rule(shared, SHARED)
    put_rule(shared, make_resolved(role_name="Shared", destination_bucket="dst-2"))
    put_rule(shared, make_resolved(role_name="Other", destination_bucket="dst-3"))
    put_rule(shared, make_resolved(destination_bucket="dst-4"))
    assert [text for text in users(shared) if "`src`" in text] == [
        f"rule `{rule_spec(make_resolved(role_name='Shared', destination_bucket='dst-2')).id}` of bucket `src`"
    ]


def test_a_bucket_without_a_rule_counts_while_its_setup_may_go_on(shared: FakeCloud) -> None:
    assert users(shared) == ["bucket `src-2`, which the role may read, although no rule of it is there"]


def test_a_bucket_that_is_gone_does_not_count(shared: FakeCloud) -> None:
    del shared.source.storage.buckets["src-2"]
    assert users(shared) == []


def test_a_role_of_its_own_is_not_looked_for_elsewhere(cloud: FakeCloud) -> None:
    put_rule(cloud, OWN)
    assert users(cloud, OWN) == []
    assert "ListBuckets" not in cloud.actions


def test_all_buckets_are_looked_at_where_the_role_may_read_all(cloud: FakeCloud) -> None:
    cloud.add_bucket("src-9")
    full = make_resolved(role_name="Shared", role_permissions="AliyunOSSFullAccess")
    RESOURCES["role"].apply(cloud.accounts, [full], None)
    cloud.ram.attached["Shared"] = [AttachedPolicy("AliyunOSSFullAccess", "System")]
    put_rule(cloud, make_resolved(role_name="Shared", source_bucket="src-9"))
    assert [text for text in users(cloud, full) if "`src-9`" in text] != []


@pytest.mark.parametrize(
    ("principal", "role", "counts"),
    [
        (f"arn:sts::{SOURCE_UID}:assumed-role/shared/*", "created", True),
        ("*", "created", True),
        (f"arn:sts::{SOURCE_UID}:assumed-role/other/*", "created", False),
        (f"arn:sts::{SOURCE_UID}:assumed-role/shared/*", "adopted", False),
    ],
)
def test_a_rule_of_somebody_else_counts_where_its_destination_lets_a_role_of_ours_in(
    shared: FakeCloud, principal: str, role: RoleOrigin, counts: bool
) -> None:
    bucket = shared.add_bucket("dst-2")
    statement = {"Effect": "Allow", "Action": ["oss:*"], "Principal": [principal], "Resource": ["acs:oss:*:*:dst-2"]}
    bucket.policy = json.dumps({"Version": "1", "Statement": [statement]})
    put_rule(shared, SHARED, id="by-hand", destination_bucket="dst-2")
    assert any("by-hand" in text for text in users(shared, SHARED, role)) is counts


def test_a_rule_whose_destination_cannot_be_seen_counts(shared: FakeCloud) -> None:
    put_rule(shared, SHARED, id="by-hand", destination_bucket="not-ours")
    assert any("by-hand" in text for text in users(shared))


def test_the_buckets_that_a_policy_names() -> None:
    document: policy.Document = {
        "Statement": [{"Resource": ["acs:oss:*:*:a", "acs:oss:*:*:a/*", "acs:oss:*:1:b", "*"]}, {"Resource": "x"}]
    }
    assert named_buckets(document) == {"a"}
