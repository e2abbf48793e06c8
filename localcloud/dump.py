"""The cloud's meaning as plain data, for tests that compare before and after."""

from __future__ import annotations

import json
from typing import Any

from localcloud.cloud import Cloud
from localcloud.identity import Account
from localcloud.kms.model import Key, KmsState
from localcloud.oss.model import Bucket
from localcloud.oss.replication.model import ReplicationRule
from localcloud.ram.model import Policy, Role, User

Json = dict[str, Any]


def dump_cloud(cloud: Cloud) -> Json:
    """Return accounts and buckets as plain data."""
    return {
        "accounts": {uid: _account(account) for uid, account in sorted(cloud.accounts.items())},
        "buckets": {name: _bucket(bucket) for name, bucket in sorted(cloud.buckets.items())},
    }


def _account(account: Account) -> Json:
    ram = account.ram
    return {
        "users": {user.name: _attached(user) for user in ram.users.values()},
        "roles": {role.name: _role(role) for role in ram.roles.values()},
        "policies": {policy.name: _policy(policy) for policy in ram.policies.values()},
        "kms_keys": {key.id: _key(key, account.kms) for key in account.kms.keys.values() if key.service is None},
    }


def _attached(holder: User | Role) -> list[str]:
    return sorted(f"{entry.policy_type}:{entry.policy_name}" for entry in holder.attachments.current)


def _role(role: Role) -> Json:
    return {
        "arn": role.arn,
        "description": role.description,
        "trust_policy": _document(role.trust_policy.current),
        "policies": _attached(role),
    }


def _policy(policy: Policy) -> Json:
    return {
        "default_version": policy.default_version,
        "document": _document(policy.versions[policy.default_version].document),
        "versions": sorted(policy.versions),
    }


def _key(key: Key, kms: KmsState) -> Json:
    return {
        "region": key.region,
        "instance": key.instance_id,
        "state": key.state,
        "policy": _document(key.policy.current),
        "aliases": sorted(alias.name for alias in kms.aliases.values() if alias.key_id == key.id),
        "tags": dict(key.tags),
    }


def _bucket(bucket: Bucket) -> Json:
    current = [versions[0] for versions in bucket.keys.values() if not versions[0].delete_marker]
    return {
        "owner": bucket.owner_uid,
        "region": bucket.region,
        "acl": bucket.acl,
        "versioning": bucket.versioning,
        "acceleration": bucket.acceleration,
        "policy": _document(bucket.policy.current),
        "rules": [_rule(rule) for rule in bucket.rules.values()],
        "objects": len(current),
        "bytes": sum(version.size for version in current),
        "versions": sum(map(len, bucket.keys.values())),
    }


def _rule(rule: ReplicationRule) -> Json:
    return {
        "id": rule.id,
        "destination": rule.destination_bucket,
        "location": rule.destination_location,
        "status": rule.status,
        "actions": list(rule.actions),
        "prefixes": list(rule.prefixes),
        "history": rule.history,
        "transfer_type": rule.transfer_type,
        "sync_role": rule.sync_role,
        "kms_key_id": rule.kms_key_id,
        "rtc": rule.rtc,
    }


def _document(text: str | None) -> object:
    """Return a policy as data, so that blanks and the order of members do not matter; text that is no JSON as it is."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text
