"""Random worlds for teardown: what was there before, which pairs are set up, and in which order they are torn down."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from oss_crr.model import RuleSpec
from oss_crr.pair import BucketPair, ResolvedPair, parse_pair
from oss_crr.resources import destination_grant, kms_key_grant
from oss_crr.resources.kms_role_grant import KmsRoleGrant
from oss_crr.resources.source_grant import SourceGrant
from tests.integration.world import DESTINATION_UID, INSTANCE, KEY_ARN, SOURCE_UID, World, kms_config

#: Region by bucket: plain ones, versioned ones, and one that only accelerated transfer reaches.
SOURCES = {"src-1": "cn-hangzhou", "src-2": "cn-hangzhou", "src-3": "cn-shanghai", "src-v": "cn-hangzhou"}
DESTINATIONS = {"dst-1": "cn-beijing", "dst-2": "cn-beijing", "dst-hk": "cn-hongkong", "dst-v": "cn-beijing"}
VERSIONED = ("src-v", "dst-v")
SHARED, ADOPTED = "oss-crr-shared", "Adopted.Role"
FULL_ACCESS = "AliyunOSSFullAccess"
KMS_PERMISSIONS = ("minimal", "AliyunKMSCryptoUserAccess", "AliyunKMSFullAccess")

TRUST = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}}],
}


def teardown_config() -> dict[str, Any]:
    """Return a cloud with several buckets on each side."""
    config = kms_config()
    for account, buckets in zip(config["accounts"], (SOURCES, DESTINATIONS), strict=True):
        account["buckets"] = [
            {"name": name, "region": region, **({"versioning": "Enabled"} if name in VERSIONED else {})}
            for name, region in buckets.items()
        ]
    config["accounts"][1]["buckets"].append({"name": "dst-foreign", "region": "cn-shenzhen"})
    return config


@dataclass
class Scene:
    """One random world.

    :param pairs: in the order of their setup.
    :param runs: which pairs each teardown takes back.
    """

    pairs: list[BucketPair]
    runs: list[list[BucketPair]]
    said: list[str] = field(default_factory=list)


def scene(world: World, seed: int) -> Scene:
    """Make a random world, before any setup."""
    rng = random.Random(seed)  # noqa: S311 - a seed makes a failure repeatable
    pairs = list(_pairs(rng))
    found = Scene(pairs, list(_runs(rng, pairs)))
    for prepare in (_foreign_statements, _acceleration, _adopted_role, _grants_ahead, _foreign_policy, _foreign_rule):
        prepare(world, rng, found)
    return found


def _pairs(rng: random.Random) -> Iterator[BucketPair]:
    versioned = rng.random() < 0.15
    sources = [name for name in SOURCES if (name in VERSIONED) == versioned]
    destinations = [name for name in DESTINATIONS if (name in VERSIONED) == versioned]
    places = [(source, destination) for source in sources for destination in destinations]
    roles = rng.choice(([""], [SHARED], [ADOPTED], ["", SHARED], ["", ADOPTED], ["", SHARED, ADOPTED]))
    for source, destination in rng.sample(places, k=min(len(places), rng.randint(1, 4))):
        yield parse_pair(
            {
                "source_bucket": source,
                "source_region": SOURCES[source],
                "destination_bucket": destination,
                "destination_region": DESTINATIONS[destination],
                "role_name": rng.choice(roles),
                "role_permissions": rng.choice(("minimal", "minimal", FULL_ACCESS)),
                "replication_policy": rng.choice(("add_change", "add_delete_change")),
                "prefixes": rng.choice(([], ["a/"], ["a/", "b/"])),
                **(_kms(rng) if DESTINATIONS[destination] == "cn-beijing" and rng.random() < 0.4 else {}),
            }
        )


def _kms(rng: random.Random) -> dict[str, Any]:
    key = {"kms_key_arn": KEY_ARN} if rng.random() < 0.7 else {"kms_instance_id": INSTANCE}
    return {"replicate_kms_objects": True, "kms_permissions": rng.choice(KMS_PERMISSIONS), **key}


def _runs(rng: random.Random, pairs: list[BucketPair]) -> Iterator[list[BucketPair]]:
    """Tear all pairs down in one run, one by one, or in two runs."""
    left = rng.sample(pairs, k=len(pairs))
    size = rng.choice((1, 2, len(left)))
    for start in range(0, len(left), size):
        yield left[start : start + size]


# --- what was there before -------------------------------------------------------------------------------------------


def _foreign_statements(world: World, rng: random.Random, found: Scene) -> None:
    for bucket, region in DESTINATIONS.items():
        if rng.random() < 0.5:
            world.root.get("oss_destination").oss(region).put_bucket_policy(bucket, policy_of(_foreign(rng, bucket)))
            found.said.append(f"{bucket} has foreign statements")


def _foreign(rng: random.Random, bucket: str) -> dict[str, Any]:
    return rng.choice(
        (
            {"Effect": "Deny", "Action": ["oss:DeleteBucket"], "Principal": ["*"], "Resource": _resource(bucket)},
            {
                "Effect": "Allow",
                "Action": "oss:GetObject",
                "Principal": SOURCE_UID,
                "Resource": _resource(f"{bucket}/*"),
            },
            {
                "Effect": "Allow",
                "Action": ["oss:ReplicateList", "oss:ReplicateGet", "oss:ReplicatePut"],
                "Principal": [f"arn:sts::{SOURCE_UID}:assumed-role/oss-crr-somebody/*"],
                "Resource": [_resource(bucket), _resource(f"{bucket}/*")],
            },
        )
    )


def _acceleration(world: World, rng: random.Random, found: Scene) -> None:
    if rng.random() < 0.4:
        world.root.get("oss_destination").oss("cn-hongkong").set_acceleration("dst-hk", True)
        found.said.append("dst-hk is accelerated")


def _adopted_role(world: World, rng: random.Random, found: Scene) -> None:
    ram = world.root.get("oss_source").ram
    if any(pair.role_name == ADOPTED for pair in found.pairs):
        ram.create_role(ADOPTED, json.dumps(TRUST), rng.choice(("", "of the storage team")))
        for name in (FULL_ACCESS, *KMS_PERMISSIONS[1:]):
            if rng.random() < 0.3:
                ram.attach_policy(ADOPTED, name, "System")
                found.said.append(f"{name} is attached")


def _grants_ahead(world: World, rng: random.Random, found: Scene) -> None:
    """Let somebody have granted already what a pair needs."""
    for pair in found.pairs:
        resolved = _resolved(pair)
        if rng.random() < 0.25 and pair.role_name != SHARED:
            _add_bucket_statement(world, pair, destination_grant.grant(resolved))
            found.said.append(f"{pair.destination_bucket} lets {pair.role} in")
        if rng.random() < 0.25 and pair.kms_key_arn and pair.role_name != SHARED:
            _add_key_statement(world, kms_key_grant.grant(resolved))
            found.said.append(f"the key lets {pair.role} in")


def _foreign_policy(world: World, rng: random.Random, found: Scene) -> None:
    """Let somebody have made policies that are named as ours would be."""
    ram = world.root.get("oss_source").ram
    for pair in found.pairs:
        for grant in (SourceGrant(), KmsRoleGrant()):
            resolved = _resolved(pair)
            name = grant.policy_name(resolved)
            if rng.random() < 0.15 and pair.role_name != SHARED and ram.get_policy(name) is None:
                other = {"Effect": "Allow", "Action": "oss:ListObjects", "Resource": "acs:oss:*:*:elsewhere"}
                ram.create_policy(name, policy_of(*rng.choice(([other], [other, *grant.grants(resolved)]))), "theirs")
                found.said.append(f"{name} is theirs")
                if pair.role_name == ADOPTED and rng.random() < 0.5:
                    ram.attach_policy(ADOPTED, name, "Custom")
                    found.said.append(f"{name} is attached")


def _foreign_rule(world: World, rng: random.Random, found: Scene) -> None:
    """Let a bucket replicate elsewhere already, with the adopted role."""
    pair = found.pairs[0]
    if pair.role_name != ADOPTED or pair.source_bucket in VERSIONED or rng.random() < 0.5:
        return
    other = parse_pair({**pair.to_dict(), "destination_bucket": "dst-foreign", "destination_region": "cn-shenzhen",
                        "replicate_kms_objects": False, "kms_key_arn": "", "kms_instance_id": "",
                        "kms_permissions": "minimal"})  # fmt: skip
    ram = world.root.get("oss_source").ram
    if ram.get_policy("foreign-read") is None:
        ram.create_policy("foreign-read", policy_of(*SourceGrant().grants(_resolved(other))), "theirs")
        ram.attach_policy(ADOPTED, "foreign-read", "Custom")
    _add_bucket_statement(world, other, destination_grant.grant(_resolved(other)))
    spec = RuleSpec("by-hand", "dst-foreign", "cn-shenzhen", ("PUT",), (), True, "internal", ADOPTED)
    world.root.get("oss_source").oss(pair.source_region).put_rule(pair.source_bucket, spec)
    found.said.append(f"{pair.source_bucket} has a foreign rule")


def _resolved(pair: BucketPair) -> ResolvedPair:
    versioned = pair.source_bucket in VERSIONED
    return ResolvedPair(pair, SOURCE_UID, DESTINATION_UID, versioned, "internal", pair.kms_key_arn or KEY_ARN)


def _add_bucket_statement(world: World, pair: BucketPair, statement: dict[str, Any]) -> None:
    oss = world.root.get("oss_destination").oss(pair.destination_region)
    text = oss.get_bucket_policy(pair.destination_bucket)
    oss.put_bucket_policy(pair.destination_bucket, _added(text, statement))


def _add_key_statement(world: World, statement: dict[str, Any]) -> None:
    kms = world.root.get("oss_destination").kms("cn-beijing")
    kms.set_key_policy("key-given", _added(kms.get_key_policy("key-given"), statement))


def _added(text: str | None, statement: dict[str, Any]) -> str:
    statements = json.loads(text)["Statement"] if text else []
    return policy_of(*statements, *([] if statement in statements else [statement]))


def policy_of(*statements: dict[str, Any]) -> str:
    """Return the text of a policy."""
    return json.dumps({"Version": "1", "Statement": list(statements)})


def _resource(name: str) -> str:
    return f"acs:oss:*:{DESTINATION_UID}:{name}"
