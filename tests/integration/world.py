"""Two accounts on a local cloud, and the pipeline's steps run without Airflow."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import oss2

from localcloud.server import LocalCloudServer
from oss_crr.converge import Convergence
from oss_crr.hooks.account import Account, AccountPool
from oss_crr.hooks.connection import AccountConfig, Credentials, Endpoints
from oss_crr.hooks.retry import Retrier
from oss_crr.inventory import Comparison
from oss_crr.outcome import Outcome
from oss_crr.pair import BucketPair, ResolvedPair, parse_pair
from oss_crr.poll import poll_rules
from oss_crr.progress import RuleProgress, WaitedRule
from oss_crr.resources.base import Accounts
from oss_crr.resources.registry import RESOURCES
from oss_crr.survey import Survey, survey
from oss_crr.verify import verify_pair

SOURCE_UID = "1111111111111111"
DESTINATION_UID = "2222222222222222"
POLICIES = Path(__file__).parents[2] / "include" / "policies"

PAIR: dict[str, Any] = {
    "source_bucket": "crr-source",
    "source_region": "cn-hangzhou",
    "destination_bucket": "crr-destination",
    "destination_region": "cn-beijing",
}

#: Steps in the pipeline's order, as (task, resource).
STEPS = (
    ("create_role", "role"),
    ("grant_source", "source_grant"),
    ("grant_destination", "destination_grant"),
    ("prepare_kms_key", "kms_key"),
    ("grant_kms_key", "kms_key_grant"),
    ("grant_kms_role", "kms_role_grant"),
    ("create_rule", "rule"),
)


def caller_policy(side: str, purpose: str = "") -> dict[str, Any]:
    """Return the RAM policy that the README gives to one side's user.

    :param purpose: ``-canary`` for the one with what test objects need.
    """
    policy: dict[str, Any] = json.loads((POLICIES / f"caller-{side}{purpose}.json").read_text(encoding="utf-8"))
    return policy


SOURCE_KEY_ARN = f"acs:kms:cn-hangzhou:{SOURCE_UID}:key/key-source"
KEY_ARN = f"acs:kms:cn-beijing:{DESTINATION_UID}:key/key-given"
INSTANCE = "kst-destination"


def world_config(objects: int = 20) -> dict[str, Any]:
    """Return a cloud with two accounts, each with a user that has exactly the documented rights."""
    return {
        "behaviour": {"rule_start_seconds": 0, "rule_close_seconds": 0},
        "accounts": [
            _account(SOURCE_UID, "source", "crr-source", "cn-hangzhou", objects),
            _account(DESTINATION_UID, "destination", "crr-destination", "cn-beijing", 0),
        ],
    }


def kms_config(objects: int = 0) -> dict[str, Any]:
    """Return the usual cloud, with a KMS instance and a key on each side; the source's policy lets OSS's users in."""
    config = world_config(objects)
    source, destination = config["accounts"]
    source["kms_instances"] = [{"id": "kst-source", "region": "cn-hangzhou", "keys": [{"id": "key-source"}]}]
    destination["kms_instances"] = [
        {
            "id": INSTANCE,
            "region": "cn-beijing",
            "access_management_quantity": 2,
            "keys": [{"id": "key-given", "alias": "alias/replicas"}],
        }
    ]
    return config


def _account(uid: str, side: str, bucket: str, region: str, objects: int) -> dict[str, Any]:
    seeded = {"objects": {"count": objects, "size": 100}} if objects else {}
    return {
        "uid": uid,
        "access_keys": [{"id": f"LTAI-{side}-root", "secret": f"{side}-root-secret"}],
        "users": [
            {
                "name": f"{side}-user",
                "access_keys": [{"id": f"LTAI-{side}-user", "secret": f"{side}-user-secret"}],
                "policies": [caller_policy(side), caller_policy(side, "-canary")],
            }
        ],
        "buckets": [{"name": bucket, "region": region, **seeded}],
    }


class World:
    """A running local cloud with the accounts behind the two connections.

    :param user: ``user`` for the users with the documented rights, ``root`` for the accounts' own keys.
    :param settings: further settings of connections, by connection id.
    """

    def __init__(
        self, server: LocalCloudServer, user: str = "user", settings: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        self.server = server
        self.url = server.url
        self._settings = settings or {}
        self.accounts = Accounts(AccountPool(lambda conn_id: self._account(conn_id, user)).get)
        self.root = Accounts(AccountPool(lambda conn_id: self._account(conn_id, "root")).get)

    def _account(self, conn_id: str, user: str) -> Account:
        side = conn_id.removeprefix("oss_")
        credentials = Credentials(f"LTAI-{side}-{user}", f"{side}-{user}-secret")
        endpoints = Endpoints(oss=self.url, ram=self.url, sts=self.url, kms=self.url)
        more = self._settings.get(conn_id, {})
        config = AccountConfig(conn_id=conn_id, credentials=credentials, endpoints=endpoints, **more)
        return Account(config, Retrier(sleep=lambda _: None))

    # --- the pipeline, step by step ----------------------------------------------------------------------------------

    def preflight(self, **fields: Any) -> Survey:
        """Run preflight for the pair."""
        return survey(self.accounts, [self.pair(**fields)], tuple(RESOURCES.values()))[0]

    @staticmethod
    def pair(**fields: Any) -> BucketPair:
        """Return the pair with some fields changed."""
        return parse_pair({**PAIR, **fields})

    def set_up(self, **fields: Any) -> dict[str, Outcome]:
        """Run preflight and the writing steps; stop at the first that fails, as Airflow does."""
        found = self.preflight(**fields)
        outcomes = {"preflight": found.outcome("preflight")}
        if found.resolved is None or not outcomes["preflight"].ok:
            return outcomes
        pair = found.resolved
        for step, resource in STEPS:
            if RESOURCES[resource].applies(pair):
                outcomes[step] = self.converge(resource, pair, found, step)
                if not outcomes[step].ok:
                    break
                pair = pair.with_key(outcomes[step].details.get("kms_key_arn"))
        return outcomes

    def converge(self, resource: str, pair: ResolvedPair, found: Survey | None = None, step: str = "") -> Outcome:
        """Run one writing step.

        :param found: what preflight saw; None reads again.
        """
        plans = {pair.name: found.plans[resource]} if found else {}
        return Convergence(RESOURCES[resource], self.accounts, step or resource, plans, datetime.now(UTC)).run([pair])[
            0
        ]

    def wait(self, outcomes: Mapping[str, Outcome], seconds: float = 20.0) -> RuleProgress:
        """Poll until the history is complete or waiting makes no sense."""
        rule = WaitedRule(
            pair="p",
            conn_id="oss_source",
            region=PAIR["source_region"],
            bucket=PAIR["source_bucket"],
            rule_id=outcomes["create_rule"].details["rule_id"],
            has_history=True,
        )
        deadline = time.monotonic() + seconds
        while True:
            found = poll_rules([rule], self.accounts.get)[0]
            if found.is_final("complete") or time.monotonic() > deadline:
                return found
            time.sleep(0.05)

    def verify(self, outcomes: Mapping[str, Outcome], copied_until: datetime | None = None) -> Comparison:
        """Compare both buckets."""
        resolved = ResolvedPair.from_dict(outcomes["preflight"].details["resolved"])
        return verify_pair(self.accounts, resolved, copied_until)

    # --- objects -----------------------------------------------------------------------------------------------------

    def bucket(self, name: str = PAIR["source_bucket"]) -> oss2.Bucket:
        """Return a bucket as its owner's SDK sees it."""
        bucket = self.server.cloud.buckets[name]
        side = "source" if bucket.owner_uid == SOURCE_UID else "destination"
        provider = oss2.credentials.StaticCredentialsProvider(f"LTAI-{side}-root", f"{side}-root-secret")
        return oss2.Bucket(oss2.ProviderAuthV4(provider), self.url, name, region=bucket.region)

    def object_keys(self, name: str = PAIR["destination_bucket"]) -> set[str]:
        """Return the keys of a bucket's objects."""
        return {found.key for found in oss2.ObjectIteratorV2(self.bucket(name))}

    def take_over(self) -> None:
        """Let replication run only when :meth:`replicate` says so: what does not arrive then never will."""
        self.server.runtime.engine.has_work = lambda: False  # type: ignore[method-assign]
        self.server.cloud.behaviour.replication_retry_seconds = 0.0

    def replicate(self) -> None:
        """Copy all that can be copied now, and try again what waits for a right."""
        for _ in range(2):
            self.server.runtime.engine.tick(max_seconds=5.0)

    # --- the cloud's control -----------------------------------------------------------------------------------------

    def control(self, method: str, path: str, **kwargs: Any) -> Any:
        """Call the local cloud's control interface."""
        return httpx.request(method, f"{self.url}/_localcloud/{path}", **kwargs).raise_for_status().json()

    def calls(self) -> dict[str, Any]:
        """Return the calls since the last :meth:`reset_calls`."""
        found: dict[str, Any] = self.control("GET", "calls")
        return found

    def reset_calls(self) -> None:
        """Start counting anew."""
        self.control("GET", "calls", params={"reset": "1"})

    def state(self) -> Any:
        """Return the meaning of everything in the cloud."""
        return copy.deepcopy(self.control("GET", "state"))
