"""A fleet of fifty pairs that share buckets, roles and keys in every way, one of them broken on purpose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from devstack.settings import CHECKOUT, Settings

OBJECTS = 20
OBJECT_BYTES = 1024
_POLICIES = CHECKOUT / "include" / "policies"
_KEY_ID = "key-of-the-fleet"


@dataclass(frozen=True)
class Account:
    """An account, whose user has the documented rights on either side of a pair.

    :param name: one letter.
    """

    name: str
    uid: str
    region: str

    @property
    def connection_id(self) -> str:
        """The Airflow connection with the user's key."""
        return f"fleet_{self.name}"

    def connection_extra(self, endpoint: str) -> dict[str, str]:
        """The extra fields of the connection.

        :param endpoint: the local cloud's address.
        """
        key = {"access_key_id": f"DEMO-{self.name}-key", "access_key_secret": f"demo-{self.name}-not-a-secret"}
        return {**key, "account_uid": self.uid, "endpoint": endpoint}


A = Account("a", "1000000000000011", "cn-hangzhou")
B = Account("b", "2000000000000012", "cn-beijing")
C = Account("c", "3000000000000013", "cn-shanghai")
ACCOUNTS = (A, B, C)


@dataclass(frozen=True)
class Bucket:
    """A bucket.

    :param objects: how many it has at first.
    :param missing: it is in the inventory, but not in the cloud.
    """

    account: Account
    name: str
    objects: int = 0
    missing: bool = False


@dataclass(frozen=True)
class FleetPair:
    """A pair of the inventory.

    :param options: further fields of the pair.
    """

    name: str
    source: Bucket
    destination: Bucket
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def broken(self) -> bool:
        """Whether it cannot be set up."""
        return self.source.missing or self.destination.missing

    def fields(self) -> dict[str, Any]:
        """The pair as the inventory has it."""
        return {
            "name": self.name,
            "source_conn_id": self.source.account.connection_id,
            "source_bucket": self.source.name,
            "source_region": self.source.account.region,
            "destination_conn_id": self.destination.account.connection_id,
            "destination_bucket": self.destination.name,
            "destination_region": self.destination.account.region,
            **self.options,
        }


class FleetWorld:
    """The pairs, and the cloud that they are in."""

    @cached_property
    def pairs(self) -> tuple[FleetPair, ...]:
        """All pairs; in the order of the inventory."""
        return (*_into_one(), *_from_one(), *_one_role(), *_one_key(), *_both_ways(), *_on_their_own())

    @cached_property
    def buckets(self) -> tuple[Bucket, ...]:
        """All buckets that are in the cloud."""
        named = {bucket.name: bucket for pair in self.pairs for bucket in (pair.source, pair.destination)}
        return tuple(bucket for bucket in named.values() if not bucket.missing)

    def write(self, settings: Settings) -> None:
        """Write the local cloud's configuration, and the inventory."""
        settings.cloud_config.parent.mkdir(parents=True, exist_ok=True)
        settings.cloud_config.write_text(yaml.safe_dump(self.cloud_config(), sort_keys=False), encoding="utf-8")
        settings.fleet_file.write_text(yaml.safe_dump(self.inventory(), sort_keys=False), encoding="utf-8")

    def inventory(self) -> dict[str, Any]:
        """The inventory."""
        return {"pairs": [pair.fields() for pair in self.pairs]}

    def cloud_config(self) -> dict[str, Any]:
        """The local cloud's configuration."""
        behaviour = {"rule_start_seconds": 0.5, "objects_per_second": 10}
        return {"accounts": [self._account(account) for account in ACCOUNTS], "behaviour": behaviour}

    def _account(self, account: Account) -> dict[str, Any]:
        extra = account.connection_extra("")
        user = {
            "name": "replication-setup",
            "access_keys": [{"id": extra["access_key_id"], "secret": extra["access_key_secret"]}],
            "policies": [_policy("caller-source"), _policy("caller-destination")],
        }
        buckets = [_bucket(bucket) for bucket in self.buckets if bucket.account == account]
        config = {"uid": account.uid, "users": [user], "buckets": buckets}
        if account == B:
            config["kms_instances"] = [{"id": "kst-fleet", "region": B.region, "keys": [{"id": _KEY_ID}]}]
        return config


def _into_one() -> Iterator[FleetPair]:
    """Twelve sources, one destination; the seventh source was deleted."""
    archive = Bucket(B, "fleet-b-archive")
    for number in range(1, 13):
        source = Bucket(A, f"fleet-a-logs-{number:02}", OBJECTS, missing=number == 7)
        yield FleetPair(f"archive-{number:02}", source, archive)


def _from_one() -> Iterator[FleetPair]:
    """One source, eight destinations in two accounts."""
    hub = Bucket(A, "fleet-a-hub", OBJECTS)
    for number in range(1, 9):
        account = B if number % 2 else C
        yield FleetPair(f"hub-{number}", hub, Bucket(account, f"fleet-{account.name}-hub-copy-{number}"))


def _one_role() -> Iterator[FleetPair]:
    """Eight pairs with one role, which somebody chose."""
    for number in range(1, 9):
        source, destination = Bucket(A, f"fleet-a-team-{number}", OBJECTS), Bucket(C, f"fleet-c-team-{number}")
        yield FleetPair(f"team-{number}", source, destination, {"role_name": "oss-crr-team"})


def _one_key() -> Iterator[FleetPair]:
    """Six pairs whose replicas one key encrypts."""
    key = {"replicate_kms_objects": True, "kms_key_arn": f"acs:kms:{B.region}:{B.uid}:key/{_KEY_ID}"}
    for number in range(1, 7):
        source, destination = Bucket(A, f"fleet-a-secret-{number}", OBJECTS), Bucket(B, f"fleet-b-secret-{number}")
        yield FleetPair(f"secret-{number}", source, destination, key)


def _both_ways() -> Iterator[FleetPair]:
    """Three times two buckets, each replicated to the other."""
    for number in range(1, 4):
        east, north = Bucket(A, f"fleet-a-site-{number}", OBJECTS), Bucket(B, f"fleet-b-site-{number}", OBJECTS)
        yield FleetPair(f"site-{number}-north", east, north)
        yield FleetPair(f"site-{number}-east", north, east)


def _on_their_own() -> Iterator[FleetPair]:
    """Ten pairs that share nothing, between all accounts, half of them with a prefix."""
    ways = [(A, B), (B, C), (C, A), (A, C), (C, B)]
    for number in range(1, 11):
        here, there = ways[number % len(ways)]
        source = Bucket(here, f"fleet-{here.name}-own-{number:02}", OBJECTS)
        options = {"prefixes": [_prefix(source)], "replication_policy": "add_delete_change"} if number % 2 else {}
        yield FleetPair(f"own-{number:02}", source, Bucket(there, f"fleet-{there.name}-own-copy-{number:02}"), options)


def _prefix(bucket: Bucket) -> str:
    """Where a bucket's objects are, so that many sources can go into one destination."""
    return f"from-{bucket.name}/"


def _bucket(bucket: Bucket) -> dict[str, Any]:
    config: dict[str, Any] = {"name": bucket.name, "region": bucket.account.region}
    if bucket.objects:
        config["objects"] = {"count": bucket.objects, "size": OBJECT_BYTES, "prefix": _prefix(bucket)}
    return config


def _policy(name: str) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads((_POLICIES / f"{name}.json").read_text(encoding="utf-8"))
    return policy
