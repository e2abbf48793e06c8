"""One destination bucket, and many runs that write its policy at the same time, over the wire and in real time."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from oss_crr import policy
from oss_crr.concurrency import Look
from oss_crr.converge import Convergence
from oss_crr.outcome import Outcome
from oss_crr.pair import ResolvedPair
from oss_crr.resources.base import Accounts, Change
from oss_crr.resources.destination_grant import DestinationGrant, grant
from tests.integration.world import DESTINATION_UID, PAIR, SOURCE_UID, World, world_config

DESTINATION = PAIR["destination_bucket"]
FOREIGN = {
    "Effect": "Deny",
    "Action": ["oss:DeleteBucket"],
    "Principal": ["*"],
    "Resource": [f"acs:oss:*:{DESTINATION_UID}:{DESTINATION}"],
}


class NoGrant(DestinationGrant):
    """The grant is not there, as a teardown wants it."""

    def changes(self, pair: ResolvedPair, observed: Any) -> tuple[Change, ...]:
        there = policy.holds(observed, grant(pair), "Principal")
        return (Change(self.name, "delete", f"{pair.name} may write"),) if there else ()

    def apply(self, accounts: Accounts, pairs: Sequence[ResolvedPair], observed: Any) -> None:
        self.remove(accounts, pairs, observed)


def pairs_from(prefix: str, count: int, **fields: Any) -> list[ResolvedPair]:
    return [
        ResolvedPair(
            World.pair(source_bucket=f"{prefix}-{number:03}", **fields), SOURCE_UID, DESTINATION_UID, False, "internal"
        )
        for number in range(count)
    ]


def bucket_policy(world: World, bucket: str = DESTINATION) -> str:
    return world.accounts.get("oss_destination").oss("cn-beijing").get_bucket_policy(bucket) or '{"Statement": []}'


def statements(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(bucket_policy(world))["Statement"]
    return found


def granted(world: World, pairs: Sequence[ResolvedPair]) -> list[str]:
    """Return the names of the pairs whose grant is in the policy."""
    document = {"Version": "1", "Statement": statements(world)}
    return [pair.name for pair in pairs if policy.holds(document, grant(pair), "Principal")]


def run(world: World, resource: DestinationGrant, pairs: Sequence[ResolvedPair]) -> list[Outcome]:
    """Write, and look again, as a run does; each run has accounts of its own."""
    accounts = World(world.server).accounts
    convergence = Convergence(resource, accounts, "step", {}, datetime.now(UTC))
    outcomes = convergence.run(pairs)
    looks = {item.pair: look for item in outcomes if (look := Look.in_details(item.details))}
    return convergence.look_again(pairs, looks) if looks else outcomes


@pytest.mark.parametrize("seed", range(3))
def test_two_hundred_grants_among_other_runs_are_all_there(make_world: Any, seed: int) -> None:
    """A fleet's batch, single setups and teardowns; writes take up to a second to arrive."""
    draw = random.Random(seed)  # noqa: S311
    world: World = make_world(world_config(objects=0))
    fleet, singles, leaving = pairs_from("fleet", 188), pairs_from("single", 6), pairs_from("leaving", 6)
    world.accounts.get("oss_destination").oss("cn-beijing").put_bucket_policy(
        DESTINATION, policy.dump({"Version": "1", "Statement": [FOREIGN]})
    )
    run_quietly(world, leaving)
    world.control("POST", "behaviour", json={"latency_ms": 50})
    for _ in range(8):
        slow = {"product": "oss", "action": "PutBucketPolicy", "delay_seconds": draw.uniform(0.1, 1), "times": 1}
        world.control("POST", "faults", json={**slow, "skip": draw.randrange(12)})
    outcomes: list[Outcome] = []

    def later(resource: DestinationGrant, pairs: Sequence[ResolvedPair]) -> Callable[[], None]:
        wait = draw.uniform(0, 1.5)

        def work() -> None:
            time.sleep(wait)
            outcomes.extend(run(world, resource, pairs))

        return work

    work = [later(DestinationGrant(), fleet)]
    work += [later(DestinationGrant(), [pair]) for pair in singles]
    work += [later(NoGrant(), leaving[:3]), *(later(NoGrant(), [pair]) for pair in leaving[3:])]
    threads = [threading.Thread(target=item) for item in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [item.error for item in outcomes if item.error] == []
    assert len(outcomes) == 200
    assert granted(world, [*fleet, *singles]) == [pair.name for pair in (*fleet, *singles)]
    assert granted(world, leaving) == []
    assert statements(world)[0] == FOREIGN


def run_quietly(world: World, pairs: Sequence[ResolvedPair]) -> None:
    """Grant without looking again: nobody else is there."""
    convergence = Convergence(DestinationGrant(), world.accounts, "step", {}, datetime.now(UTC))
    assert all(outcome.ok for outcome in convergence.run(pairs))


def test_two_hundred_grants_fit_into_a_bucket_policy(make_world: Any) -> None:
    """With the longest bucket names, and the limits as the service checks them: 16 KB, and 4,095 bytes an element."""
    config = world_config(objects=0)
    name = f"{'d' * 59}-dst"
    config["accounts"][1]["buckets"][0]["name"] = name
    world: World = make_world(config)
    pairs = pairs_from("s" * 59, 200, destination_bucket=name)
    assert len(pairs[0].pair.source_bucket) == len(name) == 63
    run_quietly(world, pairs)
    text = bucket_policy(world, name)
    document = json.loads(text)
    assert [pair.name for pair in pairs if not policy.holds(document, grant(pair), "Principal")] == []
    assert len(text.encode()) < 16 * 1024
    assert len(document["Statement"]) == 4
