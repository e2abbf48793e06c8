"""The rights of a rule's role: checked when the rule is put, and again for everything it copies.

Which rights: "Introduction to data replication permissions" and "RAM policy overview" (the Replicate* actions).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from localcloud.cloud import Cloud
from localcloud.identity import Caller
from localcloud.oss.authorize import oss_may_assume, role_access
from localcloud.oss.model import Bucket
from localcloud.oss.replication.model import ReplicationRule
from localcloud.oss.replication.selection import syncs_deletes
from localcloud.policy.grammar import parse_policy
from localcloud.policy.identity import documents_in_effect
from localcloud.ram.model import Role

LIST = "oss:ReplicateList"
GET = "oss:ReplicateGet"
PUT = "oss:ReplicatePut"
DELETE = "oss:ReplicateDelete"

#: The last part of a resource that treats all objects of a bucket alike: ``*``, ``bucket``, ``bucket*``, ``bucket/*``.
_WHOLE_BUCKET = re.compile(r"\*|[^*?/]+(/?\*)?")


class RoleRights(Protocol):
    """Answers what OSS may do with a role at this moment."""

    def may_assume(self, cloud: Cloud, role: Role) -> bool:
        """Tell whether the role's trust policy lets OSS assume it."""
        ...

    def allows(self, cloud: Cloud, role: Role, owner_uid: str, action: str, bucket: Bucket, key: str | None) -> bool:
        """Tell whether the role may do ``action``.

        :param owner_uid: account that the role belongs to.
        :param key: object key; None for an action on the bucket itself.
        """
        ...

    def depends_on_key(self, cloud: Cloud, role: Role, owner_uid: str, bucket: Bucket) -> bool:
        """Tell whether the role's rights in a bucket may differ from object to object."""
        ...


class PolicyRights:
    """Rights as the trust policy, the role's policies and both bucket policies give them."""

    def may_assume(self, cloud: Cloud, role: Role) -> bool:
        """Evaluate the trust policy."""
        return oss_may_assume(cloud, role)

    def allows(self, cloud: Cloud, role: Role, owner_uid: str, action: str, bucket: Bucket, key: str | None) -> bool:
        """Evaluate the policies."""
        return role_access(cloud, role, owner_uid, action, bucket, key).allowed

    def depends_on_key(self, cloud: Cloud, role: Role, owner_uid: str, bucket: Bucket) -> bool:
        """Look for resources that are neither a bucket, nor everything in one."""
        caller = Caller("assumed_role", owner_uid, role.name, role.id)
        documents = list(documents_in_effect(cloud, caller))
        bucket_policy = bucket.policy.effective(cloud.clock.now())
        if bucket_policy is not None:
            documents.append(parse_policy(bucket_policy, "bucket"))
        statements = (statement for document in documents for statement in document.statements)
        resources = (resource for s in statements for resource in (*s.resources, *s.not_resources))
        return any(not _WHOLE_BUCKET.fullmatch(resource.split(":", 4)[-1]) for resource in resources)


@dataclass(frozen=True)
class RuleIdentity:
    """The identity that a rule copies with, at one moment: its decisions are remembered.

    :param role: None for a rule without a role, which works only within one account and needs no grants: OSS then
        acts for the account.
    :param owner_uid: account of the source bucket, which is also the role's.
    """

    cloud: Cloud
    rights: RoleRights
    role: Role | None
    owner_uid: str
    _depends_on_key: dict[str, bool] = field(default_factory=dict)
    _decisions: dict[tuple[str, str], bool] = field(default_factory=dict)

    def allows(self, action: str, bucket: Bucket, key: str | None = None) -> bool:
        """Tell whether this identity may do ``action`` on a bucket, or on an object in it."""
        if self.role is None:
            return True
        if key is None or self._is_key_decisive(self.role, bucket):
            return self.rights.allows(self.cloud, self.role, self.owner_uid, action, bucket, key)
        decision = self._decisions.get((action, bucket.name))
        if decision is None:
            decision = self.rights.allows(self.cloud, self.role, self.owner_uid, action, bucket, key)
            self._decisions[action, bucket.name] = decision
        return decision

    def _is_key_decisive(self, role: Role, bucket: Bucket) -> bool:
        """Evaluating policies takes longer than copying an object, so it is done once where all objects are alike."""
        known = self._depends_on_key.get(bucket.name)
        if known is None:
            known = self.rights.depends_on_key(self.cloud, role, self.owner_uid, bucket)
            self._depends_on_key[bucket.name] = known
        return known


def find_role(cloud: Cloud, owner_uid: str, sync_role: str) -> Role | None:
    """Find a rule's role in the account of the source bucket.

    :param sync_role: bare role name, or ``acs:ram::<uid>:role/<name>``. Both forms are in the vendor's samples.
    :returns: None when there is no such role, or the ARN names another account.
    """
    name = sync_role
    if sync_role.startswith("acs:"):
        prefix, _, name = sync_role.partition("/")
        if prefix != f"acs:ram::{owner_uid}:role":
            return None
    account = cloud.accounts.get(owner_uid)
    return account.ram.roles.get(name.lower()) if account else None


def identity_of(cloud: Cloud, rights: RoleRights, rule: ReplicationRule, source: Bucket) -> RuleIdentity | None:
    """Assume the rule's role.

    :returns: the identity to copy with, or None when the role is gone or does not trust OSS.
    """
    if rule.sync_role is None:
        return RuleIdentity(cloud, rights, None, source.owner_uid)
    role = find_role(cloud, source.owner_uid, rule.sync_role)
    if role is None or not rights.may_assume(cloud, role):
        return None
    return RuleIdentity(cloud, rights, role, source.owner_uid)


def may_replicate(identity: RuleIdentity, source: Bucket, destination: Bucket) -> bool:
    """Tell whether the identity may list both buckets, without which nothing is copied."""
    return identity.allows(LIST, source) and identity.allows(LIST, destination)


def has_every_right(identity: RuleIdentity, rule: ReplicationRule, source: Bucket, destination: Bucket) -> bool:
    """Tell whether the role can do everything that the rule asks for, as the service checks it at the put."""
    return may_replicate(identity, source, destination) and all(
        identity.allows(action, bucket, key) for action, bucket, key in _object_rights(rule, source, destination)
    )


def _object_rights(
    rule: ReplicationRule, source: Bucket, destination: Bucket
) -> Iterator[tuple[str, Bucket, str | None]]:
    """Yield the rights on objects; ``<prefix>*`` stands for any object under a prefix."""
    deletes = (DELETE,) if _may_delete(rule, destination) else ()
    for prefix in rule.prefixes or ("",):
        key = prefix + "*"
        yield GET, source, key
        yield from ((action, destination, key) for action in (GET, PUT, *deletes))


def _may_delete(rule: ReplicationRule, destination: Bucket) -> bool:
    """Tell whether the rule can delete: delete markers travel under every action."""
    return syncs_deletes(rule) or destination.versioning == "Enabled"
