"""Two accounts in memory, with the methods of the hooks that resources, preflight and verification call.

Nothing here judges rights or speaks a protocol: it keeps what was written, records every call, and lets a test step in
before a call to fail it or to play somebody else who writes at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from oss_crr.errors import AlreadyExists, Conflict, NotFound, OssCrrError
from oss_crr.model import (
    AccountSummary,
    AttachedPolicy,
    BucketInfo,
    Identity,
    ObjectHead,
    ObjectSummary,
    PolicyInfo,
    PolicyType,
    Progress,
    ReplicationLocations,
    Retention,
    RoleInfo,
    Rule,
    RuleSpec,
)
from oss_crr.pair import BucketPair, ResolvedPair, parse_pair
from oss_crr.resources.base import Accounts
from tests.plugins.journal import Journal

SOURCE_UID = "1111111111111111"
DESTINATION_UID = "2222222222222222"
DAWN = datetime(2026, 11, 1, 6, tzinfo=UTC)


def make_pair(**changes: Any) -> BucketPair:
    """Return a pair of two mainland regions, with some fields changed."""
    values: dict[str, Any] = {
        "source_bucket": "src",
        "source_region": "cn-hangzhou",
        "destination_bucket": "dst",
        "destination_region": "cn-shanghai",
    }
    return parse_pair({**values, **changes})


def make_resolved(*, versioned: bool = False, **changes: Any) -> ResolvedPair:
    """Return a resolved pair of the two accounts, with some of the pair's fields changed."""
    return ResolvedPair(make_pair(**changes), SOURCE_UID, DESTINATION_UID, versioned, "internal")


def make_rule(pair: ResolvedPair, **changes: Any) -> Rule:
    """Return the rule that a pair asks for as the service lists it, with some fields changed."""
    rule = Rule(
        id=pair.pair.rule_id,
        status="doing",
        destination_bucket=pair.pair.destination_bucket,
        destination_region=pair.pair.destination_region,
        actions=("ALL",) if pair.pair.replicates_deletes else ("PUT",),
        prefixes=pair.pair.prefixes,
        historical_data=pair.pair.replicate_historical_data,
        transfer_type=pair.transfer_type,
    )
    return replace(rule, **changes)


@dataclass
class FakeBucket:
    """A bucket with its policy, rules and objects."""

    info: BucketInfo
    policy: str | None = None
    retention: Retention | None = None
    deleting_lifecycle_rules: int = 0
    rules: list[Rule] = field(default_factory=list)
    objects: dict[str, ObjectHead] = field(default_factory=dict)
    storage_classes: dict[str, str] = field(default_factory=dict)


class FakeOss:
    """OSS of one account; every region is answered by the same object."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.buckets: dict[str, FakeBucket] = {}
        self.reachable = ReplicationLocations(frozenset({"cn-shanghai", "cn-beijing"}), {}, frozenset())
        self.progresses: dict[str, Progress] = {}

    def get_bucket_info(self, bucket: str) -> BucketInfo:
        self.journal.enter("GetBucketInfo")
        return self._bucket(bucket).info

    def list_buckets(self) -> dict[str, str]:
        self.journal.enter("ListBuckets")
        return {name: bucket.info.region for name, bucket in self.buckets.items()}

    def locations(self, bucket: str) -> ReplicationLocations:
        self.journal.enter("GetBucketReplicationLocation")
        self._bucket(bucket)
        return self.reachable

    def get_worm(self, bucket: str) -> Retention | None:
        self.journal.enter("GetBucketWorm")
        return self._bucket(bucket).retention

    def get_lifecycle_deletes(self, bucket: str) -> int:
        self.journal.enter("GetBucketLifecycle")
        return self._bucket(bucket).deleting_lifecycle_rules

    def get_bucket_policy(self, bucket: str) -> str | None:
        self.journal.enter("GetBucketPolicy")
        return self._bucket(bucket).policy

    def put_bucket_policy(self, bucket: str, policy: str) -> None:
        self.journal.enter("PutBucketPolicy")
        self._bucket(bucket).policy = policy

    def delete_bucket_policy(self, bucket: str) -> None:
        self.journal.enter("DeleteBucketPolicy")
        self._bucket(bucket).policy = None

    def list_rules(self, bucket: str) -> tuple[Rule, ...]:
        self.journal.enter("GetBucketReplication")
        return tuple(self._bucket(bucket).rules)

    def put_rule(self, bucket: str, spec: RuleSpec) -> str:
        self.journal.enter("PutBucketReplication")
        rules = self._bucket(bucket).rules
        if any(rule.destination_bucket == spec.destination_bucket for rule in rules):
            raise AlreadyExists("BucketReplicationAlreadyExist")
        rules.append(
            Rule(
                id=spec.id,
                status="starting",
                destination_bucket=spec.destination_bucket,
                destination_region=spec.destination_region,
                actions=spec.actions,
                prefixes=spec.prefixes,
                historical_data=spec.historical_data,
                transfer_type=spec.transfer_type,
                rtc="enabling" if spec.rtc else "disabled",
            )
        )
        return spec.id

    def delete_rule(self, bucket: str, rule_id: str) -> None:
        self.journal.enter("DeleteBucketReplication")
        self._replace_rule(bucket, rule_id, status="closing")

    def set_rtc(self, bucket: str, rule_id: str, enabled: bool) -> None:
        self.journal.enter("PutBucketRtc")
        self._replace_rule(bucket, rule_id, rtc="enabling" if enabled else "disabled")

    def progress(self, bucket: str, rule_id: str) -> Progress | None:
        self.journal.enter("GetBucketReplicationProgress")
        self._bucket(bucket)
        return self.progresses.get(rule_id)

    def list_pages(self, bucket: str, prefix: str = "", start_after: str = "") -> Iterator[tuple[ObjectSummary, ...]]:
        self.journal.enter("ListObjects")
        found = self._bucket(bucket)
        keys = [key for key in sorted(found.objects) if key.startswith(prefix) and key > start_after]
        classes = found.storage_classes
        yield tuple(_summary(found.objects[key], classes.get(key, "Standard")) for key in keys)

    def head_object(self, bucket: str, key: str) -> ObjectHead:
        self.journal.enter("HeadObject")
        objects = self._bucket(bucket).objects
        if key not in objects:
            raise NotFound(f"no object {key}")
        return objects[key]

    def _bucket(self, name: str) -> FakeBucket:
        if name not in self.buckets:
            raise NotFound(f"bucket `{name}` does not exist")
        return self.buckets[name]

    def _replace_rule(self, bucket: str, rule_id: str, **changes: Any) -> None:
        rules = self._bucket(bucket).rules
        rules[:] = [replace(rule, **changes) if rule.id == rule_id else rule for rule in rules]


def _summary(head: ObjectHead, storage_class: str) -> ObjectSummary:
    return ObjectSummary(head.key, head.size, head.etag, head.last_modified, storage_class, "Normal")


class FakeRam:
    """RAM of one account."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.roles: dict[str, RoleInfo] = {}
        self.policies: dict[str, PolicyInfo] = {}
        self.attached: dict[str, list[AttachedPolicy]] = {}

    def get_account_summary(self) -> AccountSummary:
        self.journal.enter("GetAccountSummary")
        return AccountSummary(len(self.roles), 1000, len(self.policies), 1500, 10, 6144)

    def get_role(self, name: str) -> RoleInfo | None:
        self.journal.enter("GetRole")
        return self.roles.get(name)

    def create_role(self, name: str, trust_policy: str, description: str) -> RoleInfo:
        self.journal.enter("CreateRole")
        if name in self.roles:
            raise AlreadyExists(f"role `{name}`")
        self.roles[name] = RoleInfo(name, f"acs:ram::{SOURCE_UID}:role/{name}", description, trust_policy, 3600)
        return self.roles[name]

    def role_names(self) -> frozenset[str]:
        self.journal.enter("ListRoles")
        return frozenset(self.roles)

    def custom_policy_names(self) -> frozenset[str]:
        self.journal.enter("ListPolicies")
        return frozenset(name for name, policy in self.policies.items() if policy.type == "Custom")

    def delete_role(self, name: str) -> None:
        self.journal.enter("DeleteRole")
        if self.attached.get(name):
            raise Conflict("DeleteConflict.Role.Policy")
        self.roles.pop(name, None)

    def get_policy(self, name: str, policy_type: PolicyType = "Custom") -> PolicyInfo | None:
        self.journal.enter("GetPolicy")
        return self.policies.get(name)

    def create_policy(self, name: str, document: str, description: str) -> None:
        self.journal.enter("CreatePolicy")
        if name in self.policies:
            raise AlreadyExists(f"policy `{name}`")
        self.policies[name] = PolicyInfo(name, "Custom", description, document, "v1", 0)

    def create_policy_version(self, name: str, document: str) -> None:
        self.journal.enter("CreatePolicyVersion")
        old = self.policies[name]
        version = f"v{int(old.version[1:]) + 1}"
        self.policies[name] = replace(old, document=document, version=version)

    def delete_policy(self, name: str) -> None:
        self.journal.enter("DeletePolicy")
        if any(policy.name == name for policies in self.attached.values() for policy in policies):
            raise Conflict("DeleteConflict.Role.Policy")
        self.policies.pop(name, None)

    def attach_policy(self, role: str, policy: str, policy_type: PolicyType = "Custom") -> None:
        self.journal.enter("AttachPolicyToRole")
        if role not in self.roles or (policy_type == "Custom" and policy not in self.policies):
            raise NotFound(f"role `{role}` or policy `{policy}`")
        self.attached.setdefault(role, []).append(AttachedPolicy(policy, policy_type))

    def detach_policy(self, role: str, policy: str, policy_type: PolicyType = "Custom") -> None:
        self.journal.enter("DetachPolicyFromRole")
        self.attached[role].remove(AttachedPolicy(policy, policy_type))

    def list_policies_for_role(self, role: str) -> tuple[AttachedPolicy, ...] | None:
        self.journal.enter("ListPoliciesForRole")
        return tuple(self.attached.get(role, ())) if role in self.roles else None


class FakeAccount:
    """One account behind one connection.

    ``regions`` are those that OSS was asked for, one entry a call.
    """

    def __init__(self, uid: str) -> None:
        self.journal = Journal()
        self.allowed_destinations: frozenset[str] = frozenset()
        self.answer: Identity | OssCrrError = Identity(uid, f"acs:ram::{uid}:user/ops", "RAMUser")
        self.ram = FakeRam(self.journal)
        self.storage = FakeOss(self.journal)
        self.regions: list[str] = []

    def identity(self) -> Identity:
        if isinstance(self.answer, OssCrrError):
            raise self.answer
        return self.answer

    def oss(self, region: str) -> FakeOss:
        self.regions.append(region)
        return self.storage


class FakeCloud:
    """The two accounts, each with one empty bucket."""

    def __init__(self) -> None:
        self.source = FakeAccount(SOURCE_UID)
        self.destination = FakeAccount(DESTINATION_UID)
        self.add_bucket("src")
        self.add_bucket("dst")

    @property
    def accounts(self) -> Accounts:
        """Return the accounts the way resources take them."""
        known: dict[str, Any] = {"oss_source": self.source, "oss_destination": self.destination}
        return Accounts(known.__getitem__)

    @property
    def ram(self) -> FakeRam:
        """Return RAM of the source account."""
        return self.source.ram

    @property
    def src(self) -> FakeBucket:
        """Return the source bucket."""
        return self.source.storage.buckets["src"]

    @property
    def dst(self) -> FakeBucket:
        """Return the destination bucket."""
        return self.destination.storage.buckets["dst"]

    @property
    def actions(self) -> list[str]:
        """Return all calls: the source account's, then the destination account's."""
        return self.source.journal.actions + self.destination.journal.actions

    @property
    def writes(self) -> list[str]:
        """Return all calls that write: the source account's, then the destination account's."""
        return self.source.journal.writes + self.destination.journal.writes

    def add_bucket(self, name: str, **changes: Any) -> FakeBucket:
        """Add a bucket; one whose name begins with ``src`` lies in the source account."""
        is_source = name.startswith("src")
        account, uid = (self.source, SOURCE_UID) if is_source else (self.destination, DESTINATION_UID)
        region = "cn-hangzhou" if is_source else "cn-shanghai"
        info = replace(BucketInfo(name, region, uid, ""), **changes)
        bucket = account.storage.buckets[name] = FakeBucket(info)
        return bucket

    def forbid_writes(self) -> None:
        """Fail the test on any call that writes."""
        self.source.journal.read_only = self.destination.journal.read_only = True

    def put_object(self, bucket: FakeBucket, key: str, **changes: Any) -> ObjectHead:
        """Put an object of ten bytes into a bucket."""
        head = replace(ObjectHead(key, 10, f"ETAG-{key}", f"crc-{key}", None, None, DAWN), **changes)
        bucket.objects[key] = head
        return head
