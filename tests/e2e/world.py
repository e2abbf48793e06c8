"""Pairs of accounts for the end-to-end tests: each test takes its own, so that tests may run side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from devstack.settings import CHECKOUT

SideName = Literal["source", "destination"]
Json = dict[str, Any]

OBJECTS = 20
OBJECT_BYTES = 64
#: So many that copying them takes long enough to watch it, see BEHAVIOUR.
MANY_OBJECTS = 2000

#: The pair that ``dags/consumer.py`` waits for.
CONSUMED = 1

USER = "replication-setup"
REGIONS: dict[SideName, str] = {"source": "cn-hangzhou", "destination": "cn-beijing"}
#: A few seconds for what takes minutes on the real service. A rule that is still starting when the sensor first looks
#: makes every run of the suite defer.
BEHAVIOUR = {"rule_start_seconds": 4.0, "rule_close_seconds": 4.0, "objects_per_second": 100}

_PAIRS = 80
#: The last ones have many objects.
_LARGE = 6


@dataclass(frozen=True)
class Side:
    """One account with one bucket, and a user who has the documented rights.

    :param name: which side of its pair it is.
    :param number: the number of its pair.
    """

    name: SideName
    number: int

    @property
    def uid(self) -> str:
        """The account's number."""
        return f"{1 if self.name == 'source' else 2}{self.number:015}"

    @property
    def bucket(self) -> str:
        """The account's bucket."""
        return f"pair-{self.number:02}-{self.name}"

    @property
    def region(self) -> str:
        """The bucket's region."""
        return REGIONS[self.name]

    @property
    def connection_id(self) -> str:
        """The Airflow connection with the user's key."""
        return f"pair_{self.number:02}_{self.name}"

    @property
    def key(self) -> tuple[str, str]:
        """Id and secret of the user's access key."""
        return f"LTAI-user-{self.uid}", f"user-secret-of-{self.uid}"

    @property
    def root_key(self) -> tuple[str, str]:
        """Id and secret of the account's own access key."""
        return f"LTAI-root-{self.uid}", f"root-secret-of-{self.uid}"

    def fields(self, endpoint: str, **changes: object) -> Json:
        """The extra fields of the Airflow connection.

        :param endpoint: the local cloud's address.
        :param changes: fields to add or to replace; None leaves a field out.
        """
        key_id, secret = self.key
        fields = {"access_key_id": key_id, "access_key_secret": secret, "account_uid": self.uid, "endpoint": endpoint}
        return {name: value for name, value in {**fields, **changes}.items() if value is not None}


@dataclass(frozen=True)
class Pair:
    """Two accounts and their buckets.

    :param number: from 1 on.
    :param objects: how many the source bucket has at first.
    """

    number: int
    objects: int = OBJECTS

    @property
    def source(self) -> Side:
        """The account whose bucket is replicated."""
        return Side("source", self.number)

    @property
    def destination(self) -> Side:
        """The account that receives the copies."""
        return Side("destination", self.number)

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both accounts."""
        return self.source, self.destination

    @property
    def name(self) -> str:
        """How reports call the pair."""
        return f"{self.source.bucket} → {self.destination.bucket}"

    def conf(self, **changes: object) -> Json:
        """The parameters of a run.

        :param changes: fields to add or to replace; None leaves a field out.
        """
        fields = {
            "source_bucket": self.source.bucket,
            "source_region": self.source.region,
            "source_conn_id": self.source.connection_id,
            "destination_bucket": self.destination.bucket,
            "destination_region": self.destination.region,
            "destination_conn_id": self.destination.connection_id,
        }
        return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def all_pairs() -> list[Pair]:
    """Every pair that the local cloud knows."""
    plain = [Pair(number) for number in range(1, _PAIRS + 1)]
    return plain + [Pair(_PAIRS + number, MANY_OBJECTS) for number in range(1, _LARGE + 1)]


def cloud_config() -> Json:
    """The local cloud's configuration."""
    accounts = [account(side, pair.objects) for pair in all_pairs() for side in pair.sides]
    return {"accounts": accounts, "behaviour": BEHAVIOUR}


def documented_rights(side: SideName, purpose: str = "") -> Json:
    """The RAM policy that the README gives to one side's user; with ``-canary``, the one that test objects need."""
    policy: Json = json.loads(_policy_text(CHECKOUT / "include" / "policies" / f"caller-{side}{purpose}.json"))
    return policy


def canary_rights(side: SideName) -> Json:
    """The RAM policy that one side's user needs for test objects."""
    policy: Json = json.loads(_policy_text(CHECKOUT / "include" / "policies" / f"caller-{side}-canary.json"))
    return policy


@cache
def _policy_text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def account(side: Side, objects: int = 0) -> Json:
    """One account for the local cloud's configuration.

    :param objects: how many its bucket has at first, where it is a source.
    """
    bucket: Json = {"name": side.bucket, "region": side.region}
    if side.name == "source":
        bucket["objects"] = {"count": objects, "size": OBJECT_BYTES}
    rights = [documented_rights(side.name, purpose) for purpose in ("", "-canary")]
    return {
        "uid": side.uid,
        "access_keys": [_key(side.root_key)],
        "users": [{"name": USER, "access_keys": [_key(side.key)], "policies": rights}],
        "buckets": [bucket],
    }


def _key(key: tuple[str, str]) -> Json:
    return {"id": key[0], "secret": key[1]}
