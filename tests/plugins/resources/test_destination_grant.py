"""Our statement in somebody else's bucket policy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oss_crr import policy
from oss_crr.errors import PolicyError
from oss_crr.pair import ResolvedPair
from oss_crr.resources.destination_grant import DestinationGrant, grant, merged
from tests.plugins.fake_cloud import SOURCE_UID, FakeCloud, make_resolved

GRANT = DestinationGrant()
PAIR = make_resolved()
OTHER = make_resolved(source_bucket="src-2")
DELETING = make_resolved(source_bucket="src-3", replication_policy="add_delete_change")

FOREIGN: list[dict[str, Any]] = [
    {"Effect": "Deny", "Action": "oss:*", "Principal": ["*"], "Resource": ["acs:oss:*:2:dst/*"],
     "Condition": {"Bool": {"acs:SecureTransport": ["false"]}}},
    {"Effect": "Allow", "Action": "oss:GetObject", "Principal": "3", "Resource": "acs:oss:*:2:dst/public/*"},
    {"Sid": "x", "Principal": [], "Resource": ["acs:oss:*:2:dst"], "Action": ["oss:ListObjects"], "Effect": "Deny",
     "Condition": {"NotIpAddress": {"acs:SourceIp": "10.0.0.0/8"}, "StringLike": {"oss:Prefix": ["a*", "b*"]}}},
    {"Effect": "Deny", "Action": ["oss:DeleteBucket"], "Principal": ["*"], "Resource": ["acs:oss:*:2:dst"]},
    {"Effect": "Allow", "Action": ["oss:Put*"], "Principal": ["4", "5"], "Resource": ["acs:oss:*:2:dst/in/*"],
     "Condition": {"IpAddress": {"acs:SourceIp": ["192.0.2.0/24"]}, "StringEquals": {"acs:SourceVpc": "vpc-1"}}},
]  # fmt: skip


def apply(cloud: FakeCloud, *pairs: ResolvedPair) -> None:
    GRANT.apply(cloud.accounts, pairs, GRANT.observe(cloud.accounts, pairs[0]))


def remove(cloud: FakeCloud, *pairs: ResolvedPair) -> None:
    GRANT.remove(cloud.accounts, pairs, GRANT.observe(cloud.accounts, pairs[0]))


def is_open(cloud: FakeCloud, pair: ResolvedPair) -> bool:
    return bool(GRANT.changes(pair, GRANT.observe(cloud.accounts, pair)))


def statements(cloud: FakeCloud) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(cloud.dst.policy or '{"Statement": []}')["Statement"]
    return found


# --- granting --------------------------------------------------------------------------------------------------------


def test_bucket_without_a_policy_gets_one(cloud: FakeCloud) -> None:
    (change,) = GRANT.changes(PAIR, GRANT.observe(cloud.accounts, PAIR))
    assert (change.kind, change.before) == ("create", None)
    assert change.summary == f"bucket policy of `dst` does not let role `{PAIR.pair.role}` write"
    apply(cloud, PAIR)
    assert json.loads(cloud.dst.policy or "") == change.after == {"Version": "1", "Statement": [grant(PAIR)]}
    assert GRANT.desired(PAIR) == {"bucket": "dst", "statement": grant(PAIR)}
    assert not is_open(cloud, PAIR)


def test_five_foreign_statements_stay_as_they_were(cloud: FakeCloud) -> None:
    cloud.dst.policy = json.dumps({"Version": "1", "Statement": FOREIGN}, indent=2)
    (change,) = GRANT.changes(PAIR, GRANT.observe(cloud.accounts, PAIR))
    assert (change.kind, change.before) == ("update", {"Version": "1", "Statement": FOREIGN})
    apply(cloud, PAIR)
    assert statements(cloud) == [*FOREIGN, grant(PAIR)]
    assert not is_open(cloud, PAIR)


def test_foreign_policy_of_a_single_statement(cloud: FakeCloud) -> None:
    cloud.dst.policy = json.dumps({"Version": "1", "Statement": FOREIGN[0]})
    apply(cloud, PAIR)
    assert statements(cloud) == [FOREIGN[0], grant(PAIR)]


def test_policy_in_order_is_not_written(cloud: FakeCloud) -> None:
    apply(cloud, PAIR)
    cloud.forbid_writes()
    apply(cloud, PAIR)


def test_grant_written_by_hand_is_recognised(cloud: FakeCloud) -> None:
    """A grant made after the vendor's guide means the same in other words."""
    by_hand = {
        "Sid": "replication",
        "Principal": f"arn:sts::{SOURCE_UID}:assumed-role/{PAIR.pair.role}/*",
        "Resource": list(reversed(grant(PAIR)["Resource"])),
        "Effect": "Allow",
        "Action": ["oss:ReplicatePut", "oss:ReplicateGet", "oss:replicatelist"],
    }
    cloud.dst.policy = json.dumps({"Version": "1", "Statement": [by_hand]})
    assert not is_open(cloud, PAIR)


def test_pairs_of_equal_rights_share_a_statement(cloud: FakeCloud) -> None:
    assert GRANT.scope(PAIR) == GRANT.scope(OTHER) == ("dst",)
    apply(cloud, PAIR, OTHER)
    assert cloud.writes == ["PutBucketPolicy"]
    (statement,) = statements(cloud)
    assert statement["Principal"] == [*grant(PAIR)["Principal"], *grant(OTHER)["Principal"]]


def test_deleting_pair_gets_a_statement_of_its_own(cloud: FakeCloud) -> None:
    apply(cloud, PAIR, DELETING)
    assert statements(cloud) == [grant(PAIR), grant(DELETING)]
    assert "oss:ReplicateDelete" not in grant(PAIR)["Action"]
    assert "oss:ReplicateDelete" in grant(DELETING)["Action"]


@pytest.mark.parametrize(
    "principal", [["3"], ["*"], [], ["arn:sts::1:assumed-role/theirs/*"], ["arn:sts::1:assumed-role/OSS-CRR-x/*"]]
)
def test_foreign_statement_of_equal_rights_is_not_extended(cloud: FakeCloud, principal: list[str]) -> None:
    theirs = {**grant(PAIR), "Principal": principal}
    cloud.dst.policy = json.dumps({"Version": "1", "Statement": [theirs]})
    apply(cloud, PAIR)
    assert statements(cloud) == [theirs, grant(PAIR)]


def test_upper_case_role_is_granted_in_lower_case(cloud: FakeCloud) -> None:
    pair = make_resolved(role_name="Shared-ROLE")
    apply(cloud, pair)
    assert statements(cloud)[0]["Principal"] == [f"arn:sts::{SOURCE_UID}:assumed-role/shared-role/*"]
    assert not is_open(cloud, pair)


def test_upper_case_principal_is_no_grant(cloud: FakeCloud) -> None:
    wrong = {**grant(PAIR), "Principal": [grant(PAIR)["Principal"][0].upper()]}
    cloud.dst.policy = json.dumps({"Version": "1", "Statement": [wrong]})
    assert is_open(cloud, PAIR)


def test_policy_that_would_grow_too_large_is_not_written(cloud: FakeCloud) -> None:
    padding = [{"Effect": "Deny", "Sid": "x" * 4000, "Action": "oss:*", "Principal": ["9"], "Resource": "*"}] * 4
    cloud.dst.policy = json.dumps({"Version": "1", "Statement": padding}, separators=(",", ":"))
    with pytest.raises(PolicyError, match="OSS takes less than 16,384"):
        apply(cloud, PAIR)
    assert cloud.writes == []


def test_principals_are_spread_over_statements_before_one_grows_too_large() -> None:
    pairs = [make_resolved(source_bucket=f"src-{number}") for number in range(80)]
    document = merged(None, pairs)
    sizes = [len(json.dumps(item["Principal"], separators=(",", ":"))) for item in document["Statement"]]
    assert len(sizes) == 2
    assert max(sizes) <= 4095


# --- removal ---------------------------------------------------------------------------------------------------------


def test_removal_deletes_a_policy_that_was_ours_alone(cloud: FakeCloud) -> None:
    apply(cloud, PAIR)
    remove(cloud, PAIR)
    assert cloud.writes == ["PutBucketPolicy", "DeleteBucketPolicy"]
    assert cloud.dst.policy is None


def test_removal_restores_a_foreign_policy(cloud: FakeCloud) -> None:
    before = policy.dump({"Version": "1", "Statement": FOREIGN})
    cloud.dst.policy = before
    apply(cloud, PAIR, OTHER, DELETING)
    remove(cloud, PAIR, OTHER, DELETING)
    assert cloud.dst.policy == before


def test_removal_takes_one_role_out_of_a_shared_statement(cloud: FakeCloud) -> None:
    apply(cloud, PAIR, OTHER)
    remove(cloud, PAIR)
    assert (is_open(cloud, PAIR), is_open(cloud, OTHER)) == (True, False)


@pytest.mark.parametrize("foreign", [None, *([statement] for statement in FOREIGN)])
def test_removal_where_nothing_is_ours(cloud: FakeCloud, foreign: list[dict[str, Any]] | None) -> None:
    cloud.dst.policy = json.dumps({"Version": "1", "Statement": foreign}) if foreign else None
    cloud.forbid_writes()
    remove(cloud, PAIR)
