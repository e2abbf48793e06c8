"""The role's right to read the source bucket: a policy of its own, shared by pairs that share a role."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from oss_crr import policy
from oss_crr.errors import AlreadyExists, LimitReached
from oss_crr.model import AttachedPolicy
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import CREATED_BY
from oss_crr.resources.role import Role
from oss_crr.resources.source_grant import SourceGrant
from tests.plugins.fake_cloud import FakeCloud, make_resolved

GRANT = SourceGrant()
PAIR = make_resolved()
NAME = f"{PAIR.pair.role}-source-read"
FULL = make_resolved(role_permissions="AliyunOSSFullAccess")
SHARED = [make_resolved(source_bucket=name, role_name="Shared") for name in ("src-1", "src-2", "src-3")]


@pytest.fixture
def with_roles(cloud: FakeCloud) -> FakeCloud:
    """Return the cloud with the roles of all pairs here."""
    for pair in (PAIR, SHARED[0]):
        Role().apply(cloud.accounts, [pair], None)
    cloud.source.journal.actions.clear()
    return cloud


def apply(cloud: FakeCloud, *pairs: ResolvedPair) -> None:
    GRANT.apply(cloud.accounts, pairs, GRANT.observe(cloud.accounts, pairs[0]))


def remove(cloud: FakeCloud, *pairs: ResolvedPair) -> None:
    GRANT.remove(cloud.accounts, pairs, GRANT.observe(cloud.accounts, pairs[0]))


def open_changes(cloud: FakeCloud, pair: ResolvedPair) -> list[tuple[str, str]]:
    return [(change.kind, change.summary) for change in GRANT.changes(pair, GRANT.observe(cloud.accounts, pair))]


def resources_of(cloud: FakeCloud, name: str) -> list[str]:
    document = policy.parse(cloud.ram.policies[name].document)
    return [resource for statement in document["Statement"] for resource in policy.as_list(statement["Resource"])]


# --- a role of its own -----------------------------------------------------------------------------------------------


def test_missing_policy_is_created_and_attached(with_roles: FakeCloud) -> None:
    assert open_changes(with_roles, PAIR) == [
        ("create", f"policy `{NAME}` does not exist"),
        ("create", f"policy `{NAME}` is not attached to role `{PAIR.pair.role}`"),
    ]
    apply(with_roles, PAIR)
    assert resources_of(with_roles, NAME) == ["acs:oss:*:*:src", "acs:oss:*:*:src/*"]
    assert with_roles.ram.policies[NAME].description.startswith(CREATED_BY)
    assert with_roles.ram.attached == {PAIR.pair.role: [AttachedPolicy(NAME, "Custom")]}
    assert open_changes(with_roles, PAIR) == []


def test_observing_a_missing_policy_takes_one_read(with_roles: FakeCloud) -> None:
    assert GRANT.observe(with_roles.accounts, PAIR) == GRANT.absent
    assert with_roles.actions == ["GetPolicy"]


def test_policy_in_order_is_not_written(with_roles: FakeCloud) -> None:
    apply(with_roles, PAIR)
    with_roles.forbid_writes()
    apply(with_roles, PAIR)


def test_policy_that_is_not_attached(with_roles: FakeCloud) -> None:
    apply(with_roles, PAIR)
    with_roles.ram.attached.clear()
    assert open_changes(with_roles, PAIR) == [("update", f"policy `{NAME}` is not attached to role `{PAIR.pair.role}`")]
    with_roles.source.journal.actions.clear()
    apply(with_roles, PAIR)
    assert with_roles.writes == ["AttachPolicyToRole"]
    assert open_changes(with_roles, PAIR) == []


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Action": "oss:*", "Resource": "*"},
        {"Effect": "Allow", "Action": ["oss:ReplicateList", "oss:ReplicateGet"], "Resource": "acs:oss:*:*:other"},
        {"Effect": "Allow", "Action": ["oss:ReplicateGet"], "Resource": ["acs:oss:*:*:src", "acs:oss:*:*:src/*"]},
    ],
)
def test_policy_that_somebody_changed_is_completed(with_roles: FakeCloud, statement: dict[str, Any]) -> None:
    apply(with_roles, PAIR)
    changed = policy.dump({"Version": "1", "Statement": [statement]})
    with_roles.ram.policies[NAME] = replace(with_roles.ram.policies[NAME], document=changed)
    assert open_changes(with_roles, PAIR) == [("update", f"policy `{NAME}` does not let the role read bucket `src`")]
    apply(with_roles, PAIR)
    assert open_changes(with_roles, PAIR) == []
    assert with_roles.ram.policies[NAME].version == "v2"


def test_read_right_is_seen_however_it_is_written(with_roles: FakeCloud) -> None:
    apply(with_roles, PAIR)
    written = {
        "Sid": "by hand",
        "Effect": "Allow",
        "Resource": ["acs:oss:*:*:src/*", "acs:oss:*:*:src"],
        "Action": ["OSS:replicateget", "oss:ReplicateList"],
    }
    document = policy.dump({"Version": "1", "Statement": [written]})
    with_roles.ram.policies[NAME] = replace(with_roles.ram.policies[NAME], document=document)
    assert open_changes(with_roles, PAIR) == []


def test_race_for_the_policy_is_told(with_roles: FakeCloud) -> None:
    with_roles.source.journal.fail("CreatePolicy", AlreadyExists("policy"))
    with pytest.raises(AlreadyExists):
        apply(with_roles, PAIR)


# --- a shared role ---------------------------------------------------------------------------------------------------


def test_buckets_of_a_shared_role_are_folded_into_one_write(with_roles: FakeCloud) -> None:
    assert len({GRANT.scope(pair) for pair in SHARED}) == 1
    apply(with_roles, *SHARED)
    assert with_roles.writes == ["CreatePolicy", "AttachPolicyToRole"]
    document = policy.parse(with_roles.ram.policies["Shared-source-read"].document)
    assert len(document["Statement"]) == 1
    assert resources_of(with_roles, "Shared-source-read") == [
        f"acs:oss:*:*:src-{number}{tail}" for number in (1, 2, 3) for tail in ("", "/*")
    ]
    assert [open_changes(with_roles, pair) for pair in SHARED] == [[], [], []]


def test_another_bucket_of_a_shared_role_makes_a_new_version(with_roles: FakeCloud) -> None:
    apply(with_roles, SHARED[0])
    with_roles.source.journal.actions.clear()
    apply(with_roles, SHARED[1])
    assert with_roles.writes == ["CreatePolicyVersion"]
    assert [open_changes(with_roles, pair) for pair in SHARED[:2]] == [[], []]


def many(count: int) -> list[ResolvedPair]:
    return [make_resolved(source_bucket=f"src-{number:050}", role_name="Shared") for number in range(count)]


def test_what_does_not_fit_into_one_policy_goes_into_further_ones(with_roles: FakeCloud) -> None:
    apply(with_roles, *many(60))
    assert with_roles.writes == ["CreatePolicy"] * 2 + ["AttachPolicyToRole"] * 2
    assert set(with_roles.ram.policies) == {"Shared-source-read", "Shared-source-read-2"}
    assert all(len(info.document) <= policy.RAM_POLICY_CHARACTERS for info in with_roles.ram.policies.values())
    assert [open_changes(with_roles, pair) for pair in many(60)] == [[]] * 60
    remove(with_roles, *many(60))
    assert with_roles.ram.policies == {}


@pytest.mark.parametrize("removed", [slice(0, 55), slice(0, 45), slice(50, 60), slice(20, 60)])
def test_further_policies_are_found_whatever_was_removed(with_roles: FakeCloud, removed: slice) -> None:
    pairs = many(60)
    apply(with_roles, *pairs)
    gone = pairs[removed]
    remove(with_roles, *gone)
    assert [pair for pair in pairs if open_changes(with_roles, pair)] == gone
    remove(with_roles, *(pair for pair in pairs if pair not in gone))
    assert (with_roles.ram.policies, with_roles.ram.attached) == ({}, {"Shared": []})


def test_more_buckets_than_a_role_can_hold_are_refused_before_anything_is_written(with_roles: FakeCloud) -> None:
    with pytest.raises(LimitReached, match="use another role_name"):
        apply(with_roles, *many(500))
    assert with_roles.writes == []


def test_overflow_policy_left_unattached_by_a_crash_is_found(with_roles: FakeCloud) -> None:
    apply(with_roles, *many(60))
    with_roles.ram.attached["Shared"].remove(AttachedPolicy("Shared-source-read-2", "Custom"))
    pair = many(60)[-1]
    assert open_changes(with_roles, pair) != []
    apply(with_roles, pair)
    assert open_changes(with_roles, pair) == []


def test_forty_buckets_fit_in_one_policy(with_roles: FakeCloud) -> None:
    apply(with_roles, *(make_resolved(source_bucket=f"src-{number:030}", role_name="Shared") for number in range(40)))


def test_policy_name_is_within_rams_limit() -> None:
    assert len(GRANT.policy_name(make_resolved(role_name="r" * 64))) <= 128


# --- full access -----------------------------------------------------------------------------------------------------


def test_full_access_attaches_the_system_policy(with_roles: FakeCloud) -> None:
    assert GRANT.desired(FULL) == {"role": FULL.pair.role, "attach": "AliyunOSSFullAccess"}
    assert [kind for kind, _ in open_changes(with_roles, FULL)] == ["update"]
    apply(with_roles, FULL)
    assert with_roles.writes == ["AttachPolicyToRole"]
    assert with_roles.ram.attached == {FULL.pair.role: [AttachedPolicy("AliyunOSSFullAccess", "System")]}
    assert open_changes(with_roles, FULL) == []


def test_full_access_is_not_shared_with_minimal_pairs() -> None:
    assert GRANT.scope(FULL) != GRANT.scope(PAIR)


def test_custom_policy_of_the_same_name_is_no_full_access(with_roles: FakeCloud) -> None:
    with_roles.ram.attached[FULL.pair.role] = [AttachedPolicy("AliyunOSSFullAccess", "Custom")]
    assert [kind for kind, _ in open_changes(with_roles, FULL)] == ["update"]


def test_role_that_does_not_exist_has_nothing_attached(cloud: FakeCloud) -> None:
    assert GRANT.observe(cloud.accounts, FULL).attached == ()


# --- removal ---------------------------------------------------------------------------------------------------------


def test_removal_leaves_nothing_behind(with_roles: FakeCloud) -> None:
    apply(with_roles, PAIR)
    with_roles.source.journal.actions.clear()
    remove(with_roles, PAIR)
    assert with_roles.writes == ["DetachPolicyFromRole", "DeletePolicy"]
    assert NAME not in with_roles.ram.policies


def test_removal_takes_one_bucket_out_of_a_shared_policy(with_roles: FakeCloud) -> None:
    apply(with_roles, *SHARED)
    remove(with_roles, SHARED[1])
    assert [len(open_changes(with_roles, pair)) for pair in SHARED] == [0, 1, 0]
    remove(with_roles, SHARED[0], SHARED[2])
    assert with_roles.ram.policies == {}
    assert with_roles.ram.attached == {"Shared": []}


def test_removal_keeps_what_others_added(with_roles: FakeCloud) -> None:
    apply(with_roles, PAIR)
    theirs = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:src/*"}
    document = policy.parse(with_roles.ram.policies[NAME].document)
    document["Statement"].insert(0, theirs)
    with_roles.ram.create_policy_version(NAME, policy.dump(document))
    remove(with_roles, PAIR)
    assert policy.parse(with_roles.ram.policies[NAME].document)["Statement"] == [theirs]
    assert with_roles.ram.attached[PAIR.pair.role] == [AttachedPolicy(NAME, "Custom")]


def test_removal_of_a_detached_policy(with_roles: FakeCloud) -> None:
    apply(with_roles, PAIR)
    with_roles.ram.attached.clear()
    with_roles.source.journal.actions.clear()
    remove(with_roles, PAIR)
    assert with_roles.writes == ["DeletePolicy"]


def test_removal_changes_no_foreign_policy(with_roles: FakeCloud) -> None:
    apply(with_roles, PAIR)
    with_roles.ram.policies[NAME] = replace(with_roles.ram.policies[NAME], description="theirs")
    with_roles.forbid_writes()
    remove(with_roles, PAIR)


@pytest.mark.parametrize("pair", [PAIR, FULL])
def test_removal_where_nothing_is_ours(with_roles: FakeCloud, pair: ResolvedPair) -> None:
    with_roles.ram.attached[pair.pair.role] = [AttachedPolicy("AliyunOSSFullAccess", "System")]
    with_roles.forbid_writes()
    remove(with_roles, pair)


def test_removal_of_a_bucket_that_was_never_granted(with_roles: FakeCloud) -> None:
    apply(with_roles, SHARED[0])
    with_roles.forbid_writes()
    remove(with_roles, SHARED[1])
