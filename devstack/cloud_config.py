"""The local cloud's configuration: two accounts, each with a bucket, and a user who has the documented rights only."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from devstack.settings import CHECKOUT

_POLICIES = CHECKOUT / "include" / "policies"
_OBJECT_BYTES = 1024
_OBJECTS = 500
#: Slow enough to watch, fast enough to be done when the wait looks for the first time after it began.
_OBJECTS_PER_SECOND = 100


@dataclass(frozen=True)
class Side:
    """One account of the demo. Its credentials are invented, and say so.

    :param role: ``source`` or ``destination``.
    :param uid: the account's number.
    :param bucket: its bucket.
    :param region: where the bucket is.
    """

    role: str
    uid: str
    bucket: str
    region: str

    @property
    def connection_id(self) -> str:
        """The Airflow connection with this account's credentials."""
        return f"oss_{self.role}"

    @property
    def key_id(self) -> str:
        """The access key id of the account's user."""
        return f"DEMO-{self.role}-key"

    @property
    def key_secret(self) -> str:
        """The access key's other half."""
        return f"demo-{self.role}-not-a-secret"

    @property
    def owner_key(self) -> tuple[str, str]:
        """Id and secret of the account's own key, which Airflow does not have."""
        return f"DEMO-{self.role}-owner", f"demo-{self.role}-owner-not-a-secret"

    def connection_extra(self, endpoint: str) -> dict[str, str]:
        """The extra fields of the Airflow connection.

        :param endpoint: the local cloud's address.
        """
        return {
            "access_key_id": self.key_id,
            "access_key_secret": self.key_secret,
            "account_uid": self.uid,
            "endpoint": endpoint,
        }


SOURCE = Side("source", "1000000000000001", "demo-source", "cn-hangzhou")
DESTINATION = Side("destination", "2000000000000002", "demo-destination", "cn-beijing")


#: What the inventory calls the pair.
PAIR_NAME = "demo"


def setup_conf() -> dict[str, str]:
    """The parameters of a run that sets the pair up."""
    return {
        "source_bucket": SOURCE.bucket,
        "source_region": SOURCE.region,
        "destination_bucket": DESTINATION.bucket,
        "destination_region": DESTINATION.region,
    }


def write_inventory(path: Path) -> None:
    """Write the inventory with the pair, for the DAGs that read one."""
    pairs = [{"name": PAIR_NAME, **setup_conf()}]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"pairs": pairs}, sort_keys=False), encoding="utf-8")


def write(path: Path, *, objects: int = _OBJECTS, objects_per_second: float = _OBJECTS_PER_SECOND) -> None:
    """Write the configuration file.

    :param path: where; its folder is made.
    :param objects: how many objects the source bucket has at first.
    :param objects_per_second: how fast the local cloud replicates; 0 means as fast as it can.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    accounts = [_account(SOURCE, objects), _account(DESTINATION, 0)]
    behaviour = {"rule_start_seconds": 0.5, "objects_per_second": objects_per_second}
    path.write_text(yaml.safe_dump({"accounts": accounts, "behaviour": behaviour}, sort_keys=False), encoding="utf-8")


def _account(side: Side, objects: int) -> dict[str, Any]:
    documents = (_POLICIES / f"caller-{side.role}{purpose}.json" for purpose in ("", "-canary"))
    user = {
        "name": "replication-setup",
        "access_keys": [{"id": side.key_id, "secret": side.key_secret}],
        "policies": [json.loads(document.read_text(encoding="utf-8")) for document in documents],
    }
    bucket: dict[str, Any] = {"name": side.bucket, "region": side.region}
    if objects:
        bucket["objects"] = {"count": objects, "size": _OBJECT_BYTES}
    owner_id, owner_secret = side.owner_key
    owner = {"id": owner_id, "secret": owner_secret}
    return {"uid": side.uid, "access_keys": [owner], "users": [user], "buckets": [bucket]}


if __name__ == "__main__":
    write(Path(sys.argv[1]))
