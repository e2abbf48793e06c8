"""What has to be read to know whether pairs are as they should be, as :class:`oss_crr.verification.reader.Ask`. Pure.

A healthy pair without KMS takes nine reads: both buckets, both bucket policies, the source's rules, the destination's
retention, the role, what is attached to it, and its policy. Who the credentials belong to is asked only where a bucket
cannot be read: the owner of a bucket and the name of a role tell the accounts otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial

from oss_crr import policy
from oss_crr.errors import OssCrrError
from oss_crr.model import KeyInfo, PolicyInfo, Rule
from oss_crr.pair import BucketPair, ResolvedPair
from oss_crr.preflight import known, transfer_type
from oss_crr.reading import attempt
from oss_crr.resources.kms_key import KmsKey, alias
from oss_crr.resources.kms_role_grant import KmsRoleGrant
from oss_crr.resources.role_grant import MAX_POLICIES, RoleGrant
from oss_crr.resources.rule import find_rule
from oss_crr.resources.source_grant import SourceGrant
from oss_crr.verification.reader import Ask, Reader

SOURCE_GRANT, KMS_GRANT, KMS_KEY = SourceGrant(), KmsRoleGrant(), KmsKey()

_SOURCE_RESOURCE = re.compile(r"acs:oss:\*:\*:([a-z0-9][a-z0-9-]{1,61}[a-z0-9])(?:/\*)?")


#: Source buckets of all known pairs, by role in lower case.
SourceBuckets = Mapping[str, frozenset[str]]


def source_buckets(pairs: Iterable[BucketPair]) -> SourceBuckets:
    """Return the buckets that roles have to read."""
    found: dict[str, set[str]] = {}
    for pair in pairs:
        found.setdefault(pair.role.lower(), set()).add(pair.source_bucket)
    return {role: frozenset(buckets) for role, buckets in found.items()}


def policy_names(grant: RoleGrant, pair: ResolvedPair) -> list[str]:
    """Return the names that the product's policies for a role's grant can have, the first one first."""
    first = grant.policy_name(pair)
    return [first, *(f"{first}-{number}" for number in range(2, MAX_POLICIES + 1))]


# --- what to ask -----------------------------------------------------------------------------------------------------


def first_asks(pair: BucketPair) -> Iterable[Ask]:
    """Return what can be asked from the pair alone."""
    if pair.manages_source:
        yield from (source_ask(pair, what) for what in ("bucket", "bucket policy", "rules"))
        yield from (Ask(what, pair.source_conn_id, pair.role) for what in ("role", "attached"))
        yield from (Ask("policy", pair.source_conn_id, name) for name in _first_policies(unresolved(pair)))
    if pair.manages_destination:
        yield from (destination_ask(pair, what) for what in ("bucket", "bucket policy", "retention"))
        yield from _key_asks(pair)


def _key_asks(pair: BucketPair) -> Iterable[Ask]:
    if KMS_KEY.applies(unresolved(pair)):
        yield key_ask(pair, pair.kms_key_arn or alias(unresolved(pair)))
        if pair.kms_instance_id:
            yield instance_ask(pair, pair.kms_instance_id)


def _first_policies(pair: ResolvedPair) -> list[str]:
    grants = [grant for grant in (SOURCE_GRANT, KMS_GRANT) if grant.applies(pair) and not grant.system_policy(pair)]
    return [grant.policy_name(pair) for grant in grants]


def second_asks(reader: Reader, pair: BucketPair) -> Iterable[Ask]:
    """Return what follows from the first answers: further policies, and whose credentials they are where in doubt."""
    if pair.manages_source:
        yield from (Ask("policy", pair.source_conn_id, name) for name in _own_attached(reader, pair))
        if isinstance(reader[source_ask(pair, "bucket")], OssCrrError):
            yield Ask("identity", pair.source_conn_id)
    if pair.manages_destination:
        if isinstance(reader[destination_ask(pair, "bucket")], OssCrrError):
            yield Ask("identity", pair.destination_conn_id)
        if pair.kms_key_arn and isinstance(key := reader[key_ask(pair, pair.kms_key_arn)], KeyInfo):
            yield from [instance_ask(pair, key.instance_id)] if key.instance_id else []
        if former := former_key(reader, pair):
            yield key_ask(pair, former)


def third_asks(reader: Reader, pair: ResolvedPair, sources: SourceBuckets) -> Iterable[Ask]:
    """Return what follows from the second answers: the policy of the key, and who uses what nobody here uses."""
    if pair.pair.manages_source:
        yield from (Ask("rules", pair.pair.source_conn_id, *place) for place in strangers(reader, pair, sources))
    if pair.kms_key_arn and KMS_KEY.applies(pair):
        yield key_policy_ask(pair)


def source_ask(pair: BucketPair, what: str) -> Ask:
    """Return the read of something about the source bucket."""
    return Ask(what, pair.source_conn_id, pair.source_bucket, pair.source_region)


def destination_ask(pair: BucketPair, what: str) -> Ask:
    """Return the read of something about the destination bucket."""
    return Ask(what, pair.destination_conn_id, pair.destination_bucket, pair.destination_region)


def key_ask(pair: BucketPair, key: str) -> Ask:
    """Return the read of a key, by its id, ARN or alias."""
    return Ask("key", pair.destination_conn_id, key, pair.destination_region)


def instance_ask(pair: BucketPair, instance: str) -> Ask:
    """Return the read of a KMS instance."""
    return Ask("instance", pair.destination_conn_id, instance, pair.destination_region)


def key_policy_ask(pair: ResolvedPair) -> Ask:
    """Return the read of the policy of the pair's key."""
    key_id = pair.kms_key_arn.rpartition("/")[2]
    return Ask("key policy", pair.pair.destination_conn_id, key_id, pair.pair.destination_region)


def _own_attached(reader: Reader, pair: BucketPair) -> list[str]:
    """Return the product's policies that are attached to the pair's role."""
    attached = known(reader[Ask("attached", pair.source_conn_id, pair.role)]) or ()
    own = {name for grant in (SOURCE_GRANT, KMS_GRANT) for name in policy_names(grant, unresolved(pair))}
    return sorted(own & {item.name for item in attached if item.type == "Custom"})


def strangers(reader: Reader, pair: ResolvedPair, sources: SourceBuckets) -> list[tuple[str, str]]:
    """Return the buckets, with a region, that the product's policies let the role read for no pair that is known."""
    named = {
        found[1]
        for resource in _resources(reader, pair, SOURCE_GRANT)
        if (found := _SOURCE_RESOURCE.fullmatch(resource))
    }
    return [(name, pair.pair.source_region) for name in sorted(named - sources[pair.pair.role.lower()])]


def former_key(reader: Reader, pair: BucketPair) -> str:
    """Return the key that replicas were encrypted with, where the product's alias names another key, or none.

    The rule tells; where there is none, the policy that lets the role use the key. Empty when nothing does.
    """
    if not (pair.kms_instance_id and pair.manages_destination):
        return ""
    key, rule = known(reader[key_ask(pair, alias(unresolved(pair)))]), pair_rule(reader, pair)
    used = rule.kms_key_arn if rule else None
    if key is not None:
        return used if used and used != key.arn else ""
    return used or _granted_key(reader, pair)


def _granted_key(reader: Reader, pair: BucketPair) -> str:
    """Return the one key in the destination's region that the role's policy for keys names."""
    resources = _resources(reader, unresolved(pair), KMS_GRANT) if pair.manages_source else []
    keys = {resource for resource in resources if resource.startswith(f"acs:kms:{pair.destination_region}:")}
    return keys.pop() if len(keys) == 1 and not any("*" in key for key in keys) else ""


def _resources(reader: Reader, pair: ResolvedPair, grant: RoleGrant) -> list[str]:
    """Return the resources in the product's policies for a grant of the role, as far as they can be read."""
    infos = [info for info in own_policies(reader, pair, [grant]).values() if isinstance(info, PolicyInfo)]
    documents = [known(attempt(partial(policy.parse, info.document))) for info in infos]
    statements = [statement for document in documents if document for statement in document["Statement"]]
    return [str(resource) for statement in statements for resource in policy.as_list(statement.get("Resource"))]


# --- what the asks rest on -------------------------------------------------------------------------------------------


def unresolved(pair: BucketPair) -> ResolvedPair:
    """Return a pair of which only what was given is known."""
    return ResolvedPair(pair, pair.source_uid, pair.destination_uid, False, transfer_type(pair), pair.kms_key_arn)


def pair_rule(reader: Reader, pair: BucketPair) -> Rule | None:
    """Return the pair's rule; None when there is none, or it could not be read."""
    rules = known(reader[source_ask(pair, "rules")]) if pair.manages_source else None
    return find_rule(rules, pair.destination_bucket) if rules else None


def own_policies(
    reader: Reader, pair: ResolvedPair, grants: Iterable[RoleGrant]
) -> dict[str, PolicyInfo | OssCrrError]:
    """Return the product's policies of the pair's role by name, those that exist or could not be read."""
    asked = {*_first_policies(pair), *_own_attached(reader, pair.pair)}
    names = [name for grant in grants for name in policy_names(grant, pair) if name in asked]
    found = {name: reader[Ask("policy", pair.pair.source_conn_id, name)] for name in names}
    return {name: info for name, info in found.items() if info is not None}
