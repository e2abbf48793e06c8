"""Why the service refused the rule: each cause alone is named, and nothing is named that is in order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from oss_crr import policy
from oss_crr.errors import NotYetEffective, PermissionDenied, ServiceAnswer, ServiceUnavailable
from oss_crr.pair import ResolvedPair
from oss_crr.refusal import explain_refusal
from oss_crr.resources.destination_grant import DestinationGrant
from oss_crr.resources.role import Role
from oss_crr.resources.rule import ReplicationRule
from oss_crr.resources.source_grant import SourceGrant
from tests.plugins.fake_cloud import DESTINATION_UID, SOURCE_UID, FakeCloud, make_resolved

PAIR = make_resolved()
ROLE = PAIR.pair.role
POLICY = f"{ROLE}-source-read"
SOURCE_GRANTS: tuple[Any, ...] = (Role(), SourceGrant())
GRANTS = (*SOURCE_GRANTS, DestinationGrant())
REFUSAL = PermissionDenied("NoPermission")


@pytest.fixture
def granted(cloud: FakeCloud) -> FakeCloud:
    """Return the cloud with everything in order."""
    return grant_all(cloud, PAIR)


def grant_all(cloud: FakeCloud, pair: ResolvedPair) -> FakeCloud:
    for resource in GRANTS:
        resource.apply(cloud.accounts, [pair], resource.observe(cloud.accounts, pair))
    return cloud


def explain(cloud: FakeCloud, pair: ResolvedPair = PAIR) -> PermissionDenied | NotYetEffective:
    cloud.forbid_writes()
    return explain_refusal(cloud.accounts, pair, REFUSAL, GRANTS)


def deny(bucket: str, action: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": [action], "Principal": ["*"], "Resource": [f"acs:oss:*:1:{bucket}/*"], **more}


def add_statement(bucket: Any, statement: dict[str, Any]) -> None:
    document = policy.parse(bucket.policy) if bucket.policy else {"Version": "1", "Statement": []}
    bucket.policy = json.dumps({**document, "Statement": [*document["Statement"], statement]})


# --- each cause alone ------------------------------------------------------------------------------------------------


def without_role(cloud: FakeCloud) -> None:
    cloud.ram.roles.clear()


def with_foreign_trust(cloud: FakeCloud) -> None:
    cloud.ram.roles[ROLE] = replace(cloud.ram.roles[ROLE], trust_policy='{"Statement": []}')


def without_source_policy(cloud: FakeCloud) -> None:
    cloud.ram.policies.clear()


def with_detached_policy(cloud: FakeCloud) -> None:
    cloud.ram.attached.clear()


def with_another_bucket(cloud: FakeCloud) -> None:
    other = cloud.ram.policies[POLICY].document.replace(":src", ":other")
    cloud.ram.policies[POLICY] = replace(cloud.ram.policies[POLICY], document=other)


def without_destination_grant(cloud: FakeCloud) -> None:
    cloud.dst.policy = None


def with_denial_at_the_source(cloud: FakeCloud) -> None:
    add_statement(cloud.src, deny("src", "oss:GetObject"))


def with_denial_at_the_destination(cloud: FakeCloud) -> None:
    add_statement(cloud.dst, deny("dst", "oss:Put*"))


CAUSES = {
    without_role: [f"role `{ROLE}` does not exist", f"policy `{POLICY}` is not attached to role `{ROLE}`"],
    with_foreign_trust: [f"role `{ROLE}` exists, but its trust policy does not let oss.aliyuncs.com assume it"],
    without_source_policy: [
        f"policy `{POLICY}` does not exist",
        f"policy `{POLICY}` is not attached to role `{ROLE}`",
    ],
    with_detached_policy: [f"policy `{POLICY}` is not attached to role `{ROLE}`"],
    with_another_bucket: [f"policy `{POLICY}` does not let the role read bucket `src`"],
    without_destination_grant: [f"bucket policy of `dst` does not let role `{ROLE}` write"],
    with_denial_at_the_source: ["bucket policy of `src` denies oss:GetObject to the role"],
    with_denial_at_the_destination: ["bucket policy of `dst` denies oss:Put* to the role"],
}


@pytest.mark.parametrize(("spoil", "named"), CAUSES.items(), ids=[spoil.__name__ for spoil in CAUSES])
def test_each_cause_alone_is_named(granted: FakeCloud, spoil: Callable[[FakeCloud], None], named: list[str]) -> None:
    spoil(granted)
    error = explain(granted)
    assert type(error) is PermissionDenied
    start = f"OSS refused the replication rule for role `{ROLE}`: "
    assert str(error).startswith(start)
    causes = str(error).removeprefix(start).split("; ")
    assert len(causes) == len(named)
    for cause, expected in zip(causes, named, strict=True):
        assert cause.startswith(expected)


def test_several_causes_are_named_together(granted: FakeCloud) -> None:
    with_detached_policy(granted)
    without_destination_grant(granted)
    with_denial_at_the_source(granted)
    assert len(str(explain(granted)).split("; ")) == 3


def test_upper_case_principal_is_named_with_the_right_one(granted: FakeCloud) -> None:
    pair = make_resolved(role_name="Shared")
    grant_all(granted, pair)
    granted.dst.policy = (granted.dst.policy or "").replace("assumed-role/shared/", "assumed-role/Shared/")
    text = str(explain(granted, pair))
    assert f"names `arn:sts::{SOURCE_UID}:assumed-role/Shared/*`; OSS matches lower case only" in text
    assert f"grant `arn:sts::{SOURCE_UID}:assumed-role/shared/*`" in text


@pytest.mark.parametrize(("versioned", "error"), [(False, NotYetEffective), (True, PermissionDenied)])
def test_denied_deletion_matters_where_deletions_travel(cloud: FakeCloud, versioned: bool, error: type) -> None:
    pair = make_resolved(versioned=versioned)
    grant_all(cloud, pair)
    add_statement(cloud.dst, deny("dst", "oss:DeleteObject"))
    assert type(explain(cloud, pair)) is error


# --- nothing is wrong for sure ---------------------------------------------------------------------------------------


def test_rights_in_order_are_not_effective_yet(granted: FakeCloud) -> None:
    error = explain(granted)
    assert type(error) is NotYetEffective
    assert f"although role `{ROLE}` has every right it needs" in str(error)
    assert str(error).endswith("or the caller lacks oss:PutBucketReplication (NoPermission)")


def test_leftover_in_upper_case_is_no_cause(granted: FakeCloud) -> None:
    pair = make_resolved(role_name="Shared")
    wrong = {"Effect": "Allow", "Action": "oss:*", "Principal": f"arn:sts::{SOURCE_UID}:assumed-role/Shared/*"}
    add_statement(granted.dst, wrong)
    grant_all(granted, pair)
    assert type(explain(granted, pair)) is NotYetEffective


@pytest.mark.parametrize("bucket", ["src", "dst"])
def test_conditional_denial_may_be_the_cause(granted: FakeCloud, bucket: str) -> None:
    """Many buckets deny everything that comes without TLS: that must not end the waiting for rights to take effect."""
    statement = deny(bucket, "oss:*", Condition={"Bool": {"acs:SecureTransport": "false"}})
    add_statement(granted.src if bucket == "src" else granted.dst, statement)
    error = explain(granted)
    assert type(error) is NotYetEffective
    assert f"It may also be that: bucket policy of `{bucket}` denies oss:* to the role under a condition" in str(error)


@pytest.mark.parametrize(
    "failure", [PermissionDenied("may not call oss:GetBucketPolicy"), ServiceUnavailable("cut off")]
)
def test_what_cannot_be_looked_at_is_said(granted: FakeCloud, failure: Exception) -> None:
    granted.source.journal.fail("GetBucketPolicy", failure)
    error = explain(granted)
    assert type(error) is NotYetEffective
    assert f"(could not look: {failure})" in str(error)


def test_certain_cause_stands_beside_what_cannot_be_looked_at(granted: FakeCloud) -> None:
    with_detached_policy(granted)
    granted.source.journal.fail("GetBucketPolicy", ServiceUnavailable("cut off"))
    error = explain(granted)
    assert type(error) is PermissionDenied
    assert f"is not attached to role `{ROLE}`; (could not look: cut off)" in str(error)


def test_grant_of_another_team_cannot_be_seen(cloud: FakeCloud) -> None:
    pair = make_resolved(destination_conn_id=None, destination_uid=DESTINATION_UID)
    for resource in SOURCE_GRANTS:
        resource.apply(cloud.accounts, [pair], resource.observe(cloud.accounts, pair))
    error = explain(cloud, pair)
    assert type(error) is NotYetEffective
    assert f"has every right it needs in account {SOURCE_UID}" in str(error)
    assert f"account {DESTINATION_UID} has not granted what it has to" in str(error)
    assert "could not look" not in str(error)


# --- the caller's own right ------------------------------------------------------------------------------------------


def refusal_of_the_caller() -> PermissionDenied:
    refusal = PermissionDenied("may not call oss:PutBucketReplication")
    refusal.answer = ServiceAnswer(403, "AccessDenied", access_denied={"AuthAction": "oss:PutBucketReplication"})
    return refusal


def test_refusal_that_names_the_callers_right_is_kept(granted: FakeCloud) -> None:
    granted.source.journal.actions.clear()
    refusal = refusal_of_the_caller()
    assert explain_refusal(granted.accounts, PAIR, refusal, GRANTS) is refusal
    assert granted.source.journal.actions == []


def test_refusal_is_not_its_own_cause(granted: FakeCloud) -> None:
    """A chain of causes that leads to itself sends whoever prints it in circles."""
    refusal = refusal_of_the_caller()
    granted.source.journal.fail("PutBucketReplication", refusal)
    with pytest.raises(PermissionDenied) as caught:
        ReplicationRule(sleep=lambda _: None).apply(granted.accounts, [PAIR], ())
    assert caught.value is refusal
    assert caught.value.__cause__ is None
