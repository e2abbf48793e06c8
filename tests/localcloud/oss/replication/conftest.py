"""Two accounts with buckets, a replication engine and a clock that only moves when it is told to."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.clock import Clock
from localcloud.cloud import Cloud
from localcloud.http import Request, Response
from localcloud.identity import Account, Caller
from localcloud.operation import OssCall
from localcloud.oss import objects
from localcloud.oss.model import Bucket, ObjectVersion
from localcloud.oss.replication.engine import ReplicationEngine
from localcloud.oss.replication.faults import ReplicationFaults
from localcloud.oss.replication.model import ReplicationRule
from localcloud.oss.replication.operations import OPERATIONS
from localcloud.oss.replication.recorder import open_rule
from localcloud.propagation import Propagating
from localcloud.ram.model import Attachment, Policy, RamState, Role

SOURCE_UID = "1111111111111111"
DESTINATION_UID = "2222222222222222"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["oss.aliyuncs.com"]}}


class StillClock(Clock):
    """A clock that stands still between calls of ``advance``."""

    def __init__(self) -> None:
        super().__init__()
        self._time = datetime(2026, 11, 22, 12, 0, 0, 123_456, tzinfo=UTC)

    def now(self) -> datetime:
        return self._time

    def advance(self, seconds: float) -> None:
        self._time += timedelta(seconds=seconds)


class World:
    """A cloud with buckets ``src`` (account A, Hangzhou) and ``dst`` (account B, Beijing) and a role that may copy."""

    def __init__(self, versioning: str = "") -> None:
        self.cloud = Cloud()
        self.clock = self.cloud.clock = StillClock()
        self.faults = ReplicationFaults()
        for uid in (SOURCE_UID, DESTINATION_UID):
            self.cloud.accounts[uid] = Account(uid, RamState())
        self.source = self.bucket("src", versioning=versioning)
        self.destination = self.bucket("dst", DESTINATION_UID, "cn-beijing", versioning=versioning)
        self.role = self._add_role()
        self.grant_source()
        self.grant_destination()
        self.engine = ReplicationEngine(self.cloud, faults=self.faults)

    def bucket(self, name: str, uid: str = SOURCE_UID, region: str = "cn-hangzhou", **settings: Any) -> Bucket:
        bucket = self.cloud.buckets[name] = Bucket(name, uid, region, self.clock.now(), **settings)
        return bucket

    def _add_role(self) -> Role:
        now = self.clock.now()
        role = Role("Crr-Role", "300", f"acs:ram::{SOURCE_UID}:role/Crr-Role", "", now, now, Propagating(""))
        self.cloud.accounts[SOURCE_UID].ram.roles["crr-role"] = role
        role.attachments.set((Attachment("crr", "Custom", now),), now, 0)
        self.trust(TRUST)
        return role

    def trust(self, *statements: dict[str, Any]) -> None:
        role = self.cloud.accounts[SOURCE_UID].ram.roles["crr-role"]
        role.trust_policy.set(document(*statements), self.clock.now(), 0)

    def grant_source(
        self, actions: tuple[str, ...] = ("oss:ReplicateList", "oss:ReplicateGet"), *, more: tuple[Any, ...] = ()
    ) -> None:
        """Replace the role's policy."""
        now = self.clock.now()
        resources = [f"acs:oss:*:*:{name}" for name in ("src", "src/*", "other", "other/*")]
        text = document({"Effect": "Allow", "Action": list(actions), "Resource": resources}, *more)
        policy = Policy("crr", "Custom", "", now, now, {}, "v1", Propagating[str | None](text))
        self.cloud.accounts[SOURCE_UID].ram.policies["crr"] = policy

    def grant_destination(self, *missing: str, role: str = "crr-role", more: tuple[Any, ...] = ()) -> None:
        """Replace the destination's bucket policy by a grant without the rights named."""
        actions = {f"oss:Replicate{verb}" for verb in ("List", "Get", "Put", "Delete")} - set(missing)
        statement = {
            "Effect": "Allow",
            "Action": sorted(actions),
            "Principal": [f"arn:sts::{SOURCE_UID}:assumed-role/{role}/*"],
            "Resource": [f"acs:oss:*:{DESTINATION_UID}:dst", f"acs:oss:*:{DESTINATION_UID}:dst/*"],
        }
        self.destination.policy.set(document(statement, *more), self.clock.now(), 0)

    def rule(self, source: str = "src", destination: str = "dst", **settings: Any) -> ReplicationRule:
        """Open a rule without the checks of PutBucketReplication; it has the role unless told otherwise."""
        settings = {"sync_role": "Crr-Role", **settings}
        rule_id = settings.pop("id", f"{source}-{destination}")
        location = "oss-" + self.cloud.buckets[destination].region
        rule = ReplicationRule(rule_id, source, destination, location, self.clock.now(), **settings)
        open_rule(self.cloud.buckets[source], rule)
        return rule

    def put(self, key: str, body: bytes = b"x", bucket: Bucket | None = None, **settings: Any) -> ObjectVersion:
        """Write an object at the time of the clock, which moves on a little so that times differ."""
        self.clock.advance(0.001)
        now = self.clock.now()
        return objects.store(bucket or self.source, ObjectVersion(key, "", now, body, **settings), now)

    def delete(self, key: str, version_id: str | None = None, bucket: Bucket | None = None) -> str | None:
        self.clock.advance(0.001)
        return objects.delete(bucket or self.source, key, version_id, self.clock.now()).version_id

    def run(self, seconds: float = 1.0) -> None:
        """Move the clock, then let the engine do what can be done now."""
        self.clock.advance(seconds)
        self.engine.tick(60)

    def call(self, name: str, body: str = "", query: str = "", bucket: str = "src") -> Response:
        """Call an operation's handler as account A."""
        operation = next(operation for operation in OPERATIONS if operation.name == name)
        request = Request(operation.method, f"/{bucket}/", query, {}, body.encode())
        caller = Caller("account", SOURCE_UID, principal_id=SOURCE_UID)
        return operation.handler(OssCall(self.cloud, request, caller, "0" * 24, bucket))


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "1", "Statement": list(statements)})


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def versioned() -> World:
    return World(versioning="Enabled")


@pytest.fixture(scope="session")
def make_world() -> Callable[..., World]:
    return World
