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
    ("create_rule", "rule"),
)


def caller_policy(side: str) -> dict[str, Any]:
    """Return the RAM policy that the README gives to one side's user."""
    policy: dict[str, Any] = json.loads((POLICIES / f"caller-{side}.json").read_text(encoding="utf-8"))
    return policy


def world_config(objects: int = 20) -> dict[str, Any]:
    """Return a cloud with two accounts, each with a user that has exactly the documented rights."""
    return {
        "behaviour": {"rule_start_seconds": 0, "rule_close_seconds": 0},
        "accounts": [
            _account(SOURCE_UID, "source", "crr-source", "cn-hangzhou", objects),
            _account(DESTINATION_UID, "destination", "crr-destination", "cn-beijing", 0),
        ],
    }


def _account(uid: str, side: str, bucket: str, region: str, objects: int) -> dict[str, Any]:
    seeded = {"objects": {"count": objects, "size": 100}} if objects else {}
    return {
        "uid": uid,
        "access_keys": [{"id": f"LTAI-{side}-root", "secret": f"{side}-root-secret"}],
        "users": [
            {
                "name": f"{side}-user",
                "access_keys": [{"id": f"LTAI-{side}-user", "secret": f"{side}-user-secret"}],
                "policies": [caller_policy(side)],
            }
        ],
        "buckets": [{"name": bucket, "region": region, **seeded}],
    }


class World:
    """A running local cloud with the accounts behind the two connections.

    :param user: ``user`` for the users with the documented rights, ``root`` for the accounts' own keys.
    """

    def __init__(self, server: LocalCloudServer, user: str = "user") -> None:
        self.server = server
        self.url = server.url
        self.accounts = Accounts(AccountPool(lambda conn_id: self._account(conn_id, user)).get)
        self.root = Accounts(AccountPool(lambda conn_id: self._account(conn_id, "root")).get)

    def _account(self, conn_id: str, user: str) -> Account:
        side = conn_id.removeprefix("oss_")
        credentials = Credentials(f"LTAI-{side}-{user}", f"{side}-{user}-secret")
        endpoints = Endpoints(oss=self.url, ram=self.url, sts=self.url, kms=self.url)
        config = AccountConfig(conn_id=conn_id, credentials=credentials, endpoints=endpoints)
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
        for step, resource in STEPS:
            plans = {found.pair.name: found.plans[resource]}
            convergence = Convergence(RESOURCES[resource], self.accounts, step, plans, datetime.now(UTC))
            outcomes[step] = convergence.run([found.resolved])[0]
            if not outcomes[step].ok:
                break
        return outcomes

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
