"""Checks on accounts and buckets, whatever is configured already. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from oss_crr.errors import Conflict, OssCrrError
from oss_crr.model import BucketInfo, Identity, ReplicationLocations
from oss_crr.pair import BucketPair
from oss_crr.preflight import Check, Facts, known, transfer_type, unreadable


def check_facts(facts: Facts) -> list[Check]:
    """Run every check that needs no knowledge of what is configured already."""
    return [check for run in _CHECKS for check in run(facts)]


def _identities(facts: Facts) -> Iterable[Check]:
    for side, identity in (("source", facts.source_identity), ("destination", facts.destination_identity)):
        name = f"{side} identity"
        if isinstance(identity, OssCrrError):
            yield unreadable(name, identity)
        elif identity is None:
            yield Check(name, "warning", f"no {side}_conn_id: the {side}'s owner takes care of that account")
        else:
            yield Check(name, "ok", f"{identity.arn} of account {identity.account_uid}")
            yield from _expected_uid(side, identity, getattr(facts.pair, f"{side}_uid"))


def _expected_uid(side: str, identity: Identity, expected: str) -> Iterable[Check]:
    if expected and identity.account_uid != expected:
        found = f"the connection belongs to account {identity.account_uid}, and {side}_uid says {expected}"
        yield Check(f"{side} uid", "blocks", found, f"correct {side}_uid, or give the other account's connection")


def _different_accounts(facts: Facts) -> Iterable[Check]:
    source, destination = facts.source_uid, facts.destination_uid
    if not source or not destination:
        return
    name = "different accounts"
    if source == destination:
        connections = f"`{facts.pair.source_conn_id}` and `{facts.pair.destination_conn_id}`"
        found = f"connections {connections} both belong to account {source}"
        yield Check(name, "blocks", found, "give the connection of the other account")
    else:
        yield Check(name, "ok", f"{source} → {destination}")


def _allowed_destination(facts: Facts) -> Iterable[Check]:
    """Keep data within the accounts that the source connection's owner listed."""
    if not facts.allowed_destinations or not facts.destination_uid:
        return
    name = "allowed destination"
    if facts.destination_uid in facts.allowed_destinations:
        yield Check(name, "ok", f"account {facts.destination_uid} may receive data")
    else:
        found = f"account {facts.destination_uid} is not among the accounts that may receive data"
        action = f"add it to allowed_destination_uids of connection `{facts.pair.source_conn_id}`, if it may"
        yield Check(name, "blocks", found, action)


def _buckets(facts: Facts) -> Iterable[Check]:
    sides = (
        ("source", facts.source_bucket, facts.source_identity, facts.pair.source_region),
        ("destination", facts.destination_bucket, facts.destination_identity, facts.pair.destination_region),
    )
    for side, bucket, identity, region in sides:
        if bucket is None:
            continue
        if isinstance(bucket, OssCrrError):
            # Where the credentials did not work, nothing was read with them, and their own check says so.
            if bucket is not identity:
                yield _bucket_problem(side, bucket)
            continue
        yield _region_check(side, bucket, region)
        if isinstance(identity, Identity):
            yield _owner_check(side, bucket, identity)


def _bucket_problem(side: str, error: OssCrrError) -> Check:
    if isinstance(error, Conflict):
        # OSS in one region knows of a bucket in another one, and says where it is.
        return Check(f"{side} region", "blocks", str(error), f"correct {side}_region")
    return unreadable(f"{side} bucket", error)


def _region_check(side: str, bucket: BucketInfo, region: str) -> Check:
    name = f"{side} region"
    if bucket.region != region:
        found = f"bucket `{bucket.name}` is in {bucket.region}, not in {region}"
        return Check(name, "blocks", found, f"set {side}_region to {bucket.region}")
    return Check(name, "ok", f"`{bucket.name}` is in {region}")


def _owner_check(side: str, bucket: BucketInfo, identity: Identity) -> Check:
    name = f"{side} owner"
    if bucket.owner_uid != identity.account_uid:
        found = (
            f"bucket `{bucket.name}` belongs to account {bucket.owner_uid}, the connection to {identity.account_uid}"
        )
        return Check(name, "blocks", found, f"give {side}_conn_id the connection of account {bucket.owner_uid}")
    return Check(name, "ok", f"`{bucket.name}` belongs to {identity.account_uid}")


def _versioning(facts: Facts) -> Iterable[Check]:
    sides = (("source", known(facts.source_bucket)), ("destination", known(facts.destination_bucket)))
    found = {side: bucket.versioning for side, bucket in sides if bucket is not None}
    if not found:
        return
    name = "versioning"
    states = ", ".join(f"{side} {state or 'never enabled'}" for side, state in found.items())
    if "Suspended" in found.values():
        yield Check(
            name, "blocks", states, "OSS does not replicate buckets with suspended versioning: enable it on both"
        )
    elif len(set(found.values())) > 1:
        yield Check(name, "blocks", states, "both buckets must be versioned, or neither: enable it on the other one")
    else:
        yield Check(name, "ok", states)


def _encryption(facts: Facts) -> Iterable[Check]:
    """Objects bound for a bucket that encrypts with a key of its own are left out silently without the KMS switch."""
    bucket = known(facts.destination_bucket)
    if bucket is None or facts.pair.replicate_kms_objects:
        return
    if bucket.encryption == "KMS" and bucket.kms_key_id:
        found = f"`{bucket.name}` encrypts with KMS key {bucket.kms_key_id}: OSS would silently copy no plain object"
        yield Check("destination encryption", "blocks", found, "switch replicate_kms_objects on and name the key")


def _key_owner(facts: Facts) -> Iterable[Check]:
    """Only keys of the destination's account can be shared by its key policies; OSS takes any ARN without a word."""
    key = facts.pair.kms_key_arn
    if not key or not facts.destination_uid:
        return
    owner = key.split(":")[3]
    if owner != facts.destination_uid:
        found = f"key `{key}` belongs to account {owner}, the destination to {facts.destination_uid}"
        yield Check("kms key owner", "blocks", found, "set kms_key_arn to a key of the destination's account")
    else:
        yield Check("kms key owner", "ok", f"the key belongs to {owner}")


def _location(facts: Facts) -> Iterable[Check]:
    name = "replication location"
    target = facts.pair.destination_region
    if facts.locations is None:
        return
    if isinstance(facts.locations, OssCrrError):
        if facts.locations is not facts.source_identity:
            yield unreadable(name, facts.locations)
    elif target not in facts.locations.locations:
        allowed = ", ".join(sorted(facts.locations.locations)) or "none"
        found = f"OSS does not replicate from {facts.pair.source_region} to {target}"
        yield Check(name, "blocks", found, f"choose a destination in one of: {allowed}")
    else:
        yield Check(name, "ok", f"{facts.pair.source_region} → {target}")
        yield from _transfer(facts.pair, facts.locations)


def _transfer(pair: BucketPair, locations: ReplicationLocations) -> Iterable[Check]:
    wanted = transfer_type(pair)
    allowed = locations.transfer_types.get(pair.destination_region)
    if allowed and wanted not in allowed:
        found = f"{wanted!r} is not offered, only {', '.join(sorted(allowed))}"
        yield Check("transfer type", "blocks", found, "set transfer_type to one that is offered")
    else:
        yield Check("transfer type", "ok", wanted)
    if pair.rtc and pair.destination_region not in locations.rtc:
        yield Check("rtc", "blocks", f"not offered to {pair.destination_region}", "switch rtc off")


def _permissions(facts: Facts) -> Iterable[Check]:
    for field in ("role_permissions", "kms_permissions"):
        name = getattr(facts.pair, field)
        if name != "minimal":
            found = f"the role gets {name}, which is far more than replication needs"
            yield Check(field, "warning", found, "use 'minimal' unless there is a reason not to")


_CHECKS: tuple[Callable[[Facts], Iterable[Check]], ...] = (
    _identities,
    _different_accounts,
    _allowed_destination,
    _buckets,
    _versioning,
    _encryption,
    _key_owner,
    _location,
    _permissions,
)
