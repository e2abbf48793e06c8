"""Two accounts on the local cloud with many bucket pairs: each measured setup takes one that nobody has touched."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from devstack.cloud_config import DESTINATION, SOURCE, Side
from devstack.settings import CHECKOUT

#: Data in the form of JSON.
Json = dict[str, Any]

OBJECT_BYTES = 1024


@dataclass(frozen=True)
class Pair:
    """One bucket pair of the two accounts.

    :param number: tells pairs apart.
    :param source_objects: how many objects the source bucket has at first.
    :param destination_objects: how many of the same objects the destination bucket has at first.
    """

    number: int
    source_objects: int = 20
    destination_objects: int = 0

    @property
    def source_bucket(self) -> str:
        """The bucket of account A."""
        return f"bench-{self.number:04}-source"

    @property
    def destination_bucket(self) -> str:
        """The bucket of account B."""
        return f"bench-{self.number:04}-destination"

    @property
    def conf(self) -> Json:
        """The fields of the setup form."""
        return {
            "source_bucket": self.source_bucket,
            "source_region": SOURCE.region,
            "destination_bucket": self.destination_bucket,
            "destination_region": DESTINATION.region,
        }


def write(path: Path, pairs: Iterable[Pair], *, empty_buckets: int = 0, behaviour: Json | None = None) -> None:
    """Write the local cloud's configuration file.

    :param path: where.
    :param empty_buckets: further buckets of account A.
    :param behaviour: the local cloud's settings.
    """
    known = list(pairs)
    source = [_bucket(pair.source_bucket, SOURCE, pair.source_objects) for pair in known]
    destination = [_bucket(pair.destination_bucket, DESTINATION, pair.destination_objects) for pair in known]
    source += [_bucket(f"bench-empty-{number:05}", SOURCE, 0) for number in range(empty_buckets)]
    accounts = [_account(SOURCE, source), _account(DESTINATION, destination)]
    path.write_text(yaml.safe_dump({"accounts": accounts, "behaviour": behaviour or {}}), encoding="utf-8")


def _bucket(name: str, side: Side, objects: int) -> Json:
    seeded = {"objects": {"count": objects, "size": OBJECT_BYTES}} if objects else {}
    return {"name": name, "region": side.region, **seeded}


def _account(side: Side, buckets: list[Json]) -> Json:
    policy = json.loads((CHECKOUT / "include" / "policies" / f"caller-{side.role}.json").read_text(encoding="utf-8"))
    user = {
        "name": "replication-setup",
        "access_keys": [{"id": side.key_id, "secret": side.key_secret}],
        "policies": [policy],
    }
    key_id, secret = root_key(side)
    return {"uid": side.uid, "access_keys": [{"id": key_id, "secret": secret}], "users": [user], "buckets": buckets}


def root_key(side: Side) -> tuple[str, str]:
    """Id and secret of an account's own access key."""
    return f"BENCH-{side.role}-root", f"bench-{side.role}-not-a-secret"
