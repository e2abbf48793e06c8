"""A fleet is counted against quotas before the first write: only what cannot fit is blocked, and named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from oss_crr import policy
from oss_crr.errors import CredentialsError, InputError, PermissionDenied
from oss_crr.fleet.quota_reading import read_quota_facts, resolve_accounts
from oss_crr.fleet.quotas import Count, QuotaFacts, causes, count
from oss_crr.model import AccountSummary, KmsInstanceInfo
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.resources import destination_grant
from oss_crr.resources.role_grant import RoleGrantState
from oss_crr.resources.source_grant import SourceGrant
from oss_crr.rule_quota import RULES_VARIABLE
from tests.plugins.fake_cloud import DESTINATION_UID, SOURCE_UID, FakeCloud, make_pair, make_resolved, make_rule

KEY = f"acs:kms:cn-shanghai:{DESTINATION_UID}:key/key-1"
EMPTY = AccountSummary(0, 1000, 0, 1500)


def many(number: int, **fields: Any) -> list[ResolvedPair]:
    """Return pairs that share nothing unless ``fields`` say so."""
    base = {"destination_bucket": "dst-{n}", "source_bucket": "src-{n}", **fields}
    pairs = []
    for n in range(number):
        values: dict[str, Any] = {key: _numbered(value, n) for key, value in base.items()}
        pair = make_resolved(label=f"p{n}", **values)
        pairs.append(pair.with_key(pair.pair.kms_key_arn))
    return pairs


def _numbered(value: Any, number: int) -> Any:
    return value.format(n=number) if isinstance(value, str) else value


def blocked(pairs: list[ResolvedPair], facts: QuotaFacts) -> list[str]:
    """Return the names of the pairs that do not fit."""
    return sorted(causes(count(pairs, facts)), key=lambda name: int(name[1:]))


def names(start: int, end: int) -> list[str]:
    return [f"p{n}" for n in range(start, end)]


# --- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hub", ["source_bucket", "destination_bucket"])
def test_the_rules_of_a_bucket_are_counted(hub: str) -> None:
    pairs = many(103, **{hub: "hub"})
    assert blocked(pairs, QuotaFacts()) == names(100, 103)
    (cause, *_) = causes(count(pairs, QuotaFacts())).values()
    assert cause.startswith("rules of bucket `hub`: 0 are there and 103 more are needed")


def test_a_raised_quota_of_rules_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = many(103, destination_bucket="hub")
    monkeypatch.setenv(RULES_VARIABLE, "200")
    assert blocked(pairs, QuotaFacts()) == []
    monkeypatch.setenv(RULES_VARIABLE, "many")
    with pytest.raises(InputError, match=f"{RULES_VARIABLE}: is 'many'"):
        count(pairs, QuotaFacts())


def test_rules_that_are_there_are_never_blocked_and_others_count() -> None:
    pairs = many(101, destination_bucket="hub")
    last = pairs[-1]
    there = {last.pair.source_bucket: [make_rule(last)]}
    assert blocked(pairs, QuotaFacts(rules=there)) == ["p99"]
    others = [make_resolved(source_bucket="hub", destination_bucket=f"other-{n}") for n in range(3)]
    foreign = {"hub": [make_rule(other) for other in others]}
    assert blocked(pairs, QuotaFacts(rules=there | foreign)) == names(96, 100)


# --- RAM -------------------------------------------------------------------------------------------------------------


def test_new_roles_are_counted_and_those_that_are_there_are_not_blocked() -> None:
    pairs = many(5)
    summary = replace(EMPTY, roles=998)
    facts = QuotaFacts(summaries={SOURCE_UID: summary}, existing={SOURCE_UID: frozenset()})
    assert blocked(pairs, facts) == names(2, 5)
    there = frozenset({pairs[3].pair.role, pairs[4].pair.role})
    assert blocked(pairs, replace(facts, existing={SOURCE_UID: there})) == ["p2"]


def test_pairs_that_share_a_role_need_one() -> None:
    facts = QuotaFacts(summaries={SOURCE_UID: replace(EMPTY, roles=999)}, existing={SOURCE_UID: frozenset()})
    assert blocked(many(5, role_name="shared"), facts) == []


def test_policies_are_counted_with_those_for_keys() -> None:
    pairs = many(5, replicate_kms_objects=True, kms_key_arn=KEY)
    facts = QuotaFacts(summaries={SOURCE_UID: replace(EMPTY, policies=1495)}, existing={SOURCE_UID: frozenset()})
    assert blocked(pairs, facts) == names(2, 5)
    assert blocked(many(5, role_permissions="AliyunOSSFullAccess"), facts) == []


def test_the_policies_of_a_shared_role_hold_a_limited_number_of_buckets() -> None:
    pairs = many(500, role_name="shared", source_bucket=f"src-{{n}}-{'x' * 50}")
    (first, *_) = found = blocked(pairs, QuotaFacts())
    fitting = int(first[1:])
    assert 200 < fitting < 500
    assert found == names(fitting, 500)
    packed = SourceGrant().packed(RoleGrantState(), pairs[:fitting])
    assert len(packed) == 10


def test_a_pair_that_one_quota_blocks_uses_up_no_other() -> None:
    pairs = [*many(102, destination_bucket="hub"), make_resolved(label="p102")]
    facts = QuotaFacts(summaries={SOURCE_UID: replace(EMPTY, roles=899)}, existing={SOURCE_UID: frozenset()})
    assert blocked(pairs, facts) == ["p100", "p101"]


# --- documents -------------------------------------------------------------------------------------------------------


def test_a_bucket_policy_takes_as_many_grants_as_fit() -> None:
    pairs = many(100, destination_bucket="hub")
    assert blocked(pairs, QuotaFacts()) == []
    filler = {"Effect": "Allow", "Action": ["oss:GetObject"], "Principal": ["1"], "Resource": ["x" * 3900]}
    others: policy.Document = {"Version": "1", "Statement": [filler] * 3}
    found = blocked(pairs, QuotaFacts(bucket_policies={"hub": others}))
    fitting = 100 - len(found)
    assert 0 < fitting < 100
    assert found == names(fitting, 100)
    policy.check_bucket_policy_size(destination_grant.merged(others, pairs[:fitting]))
    held = destination_grant.merged(others, pairs[90:])
    assert "p99" not in blocked(pairs, QuotaFacts(bucket_policies={"hub": held}))


def test_two_hundred_grants_fit_in_one_bucket_policy() -> None:
    pairs = many(200, destination_bucket="hub")
    policy.check_bucket_policy_size(destination_grant.merged(None, pairs))
    assert blocked(pairs, QuotaFacts()) == names(100, 200)
    assert all("rules of bucket" in cause for cause in causes(count(pairs, QuotaFacts())).values())


def test_a_key_policy_takes_as_many_roles_as_fit() -> None:
    pairs = many(800, replicate_kms_objects=True, kms_key_arn=KEY)
    counts = [item for item in count(pairs, QuotaFacts()) if item.quota.startswith("policy of key")]
    assert [(item.quota, 300 < 800 - len(item.blocked) < 800) for item in counts] == [(f"policy of key `{KEY}`", True)]


def test_a_kms_instance_shares_keys_with_a_limited_number_of_accounts() -> None:
    pairs = [
        replace(pair, source_uid=f"{n % 3 + 4}" * 16)
        for n, pair in enumerate(many(6, replicate_kms_objects=True, kms_instance_id="kst-1"))
    ]
    facts = QuotaFacts(instances={"kst-1": KmsInstanceInfo("kst-1", "Connected", 3)})
    assert blocked(pairs, facts) == ["p2", "p5"]
    unknown = QuotaFacts(instances={"kst-1": KmsInstanceInfo("kst-1", "Connected", None)})
    assert blocked(pairs, unknown) == []


def test_what_cannot_be_read_blocks_nothing() -> None:
    error = PermissionDenied("no")
    pairs = many(101, destination_bucket="hub", role_name="shared", replicate_kms_objects=True, kms_key_arn=KEY)
    facts = QuotaFacts(
        summaries={SOURCE_UID: error},
        rules={"src-0": error},
        bucket_policies={"hub": error},
        role_grants={("source_grant", SOURCE_UID, "shared", ""): error},
        key_policies={(DESTINATION_UID, KEY): error},
        instances={KEY: error},
    )
    assert blocked(pairs, facts) == ["p100"]  # Two rules more than a hundred would be too many whatever is there.


# --- reading ---------------------------------------------------------------------------------------------------------


def counted(cloud: FakeCloud, pairs: list[BucketPair]) -> list[Count]:
    cloud.forbid_writes()
    resolved = resolve_accounts(cloud.accounts, pairs)
    return count(resolved, read_quota_facts(cloud.accounts, resolved))


def test_pairs_that_share_nothing_cost_one_read_an_account(cloud: FakeCloud) -> None:
    pairs = [make_pair(label=f"p{n}", source_bucket=f"src-{n}", destination_bucket=f"dst-{n}") for n in range(50)]
    assert causes(counted(cloud, pairs)) == {}
    assert cloud.actions == ["GetAccountSummary"]


def test_what_pairs_share_is_read_once(cloud: FakeCloud) -> None:
    pairs = [make_pair(label=f"p{n}", source_bucket=f"src-{n}", role_name="shared") for n in range(50)]
    cloud.dst.policy = json.dumps({"Version": "1", "Statement": []})
    assert causes(counted(cloud, pairs)) == {}
    assert sorted(cloud.actions) == ["GetAccountSummary", "GetBucketPolicy", "GetBucketReplication", "GetPolicy"]


def test_what_is_there_is_read_only_where_it_might_not_fit(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [make_pair(label=f"p{n}", source_bucket=f"src-{n}", destination_bucket=f"dst-{n}") for n in range(4)]
    cloud.ram.create_role(pairs[3].role, "{}", "")
    monkeypatch.setattr(cloud.ram, "get_account_summary", lambda: replace(EMPTY, roles=998))
    assert sorted(causes(counted(cloud, pairs))) == ["p2"]
    assert cloud.actions[1:] == ["ListRoles", "ListPolicies"]


def test_names_that_may_not_be_listed_are_looked_up_one_by_one(
    cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [make_pair(label=f"p{n}", source_bucket=f"src-{n}", destination_bucket=f"dst-{n}") for n in range(4)]
    cloud.ram.create_role(pairs[3].role, "{}", "")
    monkeypatch.setattr(cloud.ram, "get_account_summary", lambda: replace(EMPTY, roles=998))
    cloud.source.journal.fail("ListRoles", PermissionDenied("grant it `ram:ListRoles`"))
    resolved = resolve_accounts(cloud.accounts, pairs)
    facts = read_quota_facts(cloud.accounts, resolved)
    assert sorted(causes(count(resolved, facts))) == ["p2"]
    assert (cloud.actions.count("GetRole"), cloud.actions.count("GetPolicy")) == (4, 0)
    assert facts.notes == [
        "4 names were looked up one by one, because they could not be listed: grant it `ram:ListRoles`"
    ]


def test_names_are_the_same_in_any_case(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [make_pair(label=f"p{n}", source_bucket=f"src-{n}", destination_bucket=f"dst-{n}") for n in range(4)]
    cloud.ram.create_role(pairs[3].role.upper(), "{}", "")
    monkeypatch.setattr(cloud.ram, "get_account_summary", lambda: replace(EMPTY, roles=998))
    assert sorted(causes(counted(cloud, pairs))) == ["p2"]


def test_pairs_of_an_account_that_cannot_be_told_are_left_to_preflight(cloud: FakeCloud) -> None:
    cloud.source.answer = CredentialsError("no")
    assert resolve_accounts(cloud.accounts, [make_pair()]) == []
    (pair,) = resolve_accounts(
        cloud.accounts, [make_pair(source_conn_id=None, source_uid=SOURCE_UID, role_name="given")]
    )
    assert (pair.source_uid, pair.destination_uid) == (SOURCE_UID, DESTINATION_UID)
