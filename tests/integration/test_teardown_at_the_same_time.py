"""Teardowns and setups of many pairs write one bucket's policy at the same time: nobody loses anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from localcloud.server import LocalCloudServer
from oss_crr.converge import Convergence
from oss_crr.operators.batch import utc_now
from oss_crr.outcome import Outcome
from oss_crr.resources.registry import RESOURCES
from oss_crr.teardown.registry import PARTS
from oss_crr.teardown.removal import Removal
from tests.integration.teardown import looks, plan
from tests.integration.teardown_worlds import policy_of, teardown_config
from tests.integration.world import World

GOING = [f"going-{number}" for number in range(6)]
COMING = [f"coming-{number}" for number in range(6)]
THEIRS = {"Effect": "Deny", "Action": ["oss:DeleteBucket"], "Principal": ["*"], "Resource": ["acs:oss:*:*:dst-1"]}
STEP = "destination_grant"

#: Writes, and looks again.
Run = tuple[Callable[[], list[Outcome]], Callable[[list[Outcome]], list[Outcome]]]


def fields(source: str) -> dict[str, Any]:
    return {"source_bucket": source, "destination_bucket": "dst-1"}


def come(server: LocalCloudServer, source: str) -> Run:
    """Return the step of a setup, as a run of its own does it."""
    world = World(server, "root")
    pair = world.preflight(**fields(source)).resolved
    assert pair is not None
    convergence = Convergence(RESOURCES[STEP], world.accounts, STEP, {}, utc_now())
    return lambda: convergence.run([pair]), lambda outcomes: convergence.look_again([pair], looks(outcomes))


def go(server: LocalCloudServer, source: str) -> Run:
    """Return the step of a teardown, as a run of its own does it."""
    world = World(server, "root")
    claim = plan(world, world.pair(**fields(source)))[world.pair(**fields(source)).name].claim
    assert claim is not None
    removal = Removal(PARTS[STEP], world.accounts, STEP, [claim])
    return lambda: removal.run([claim]), lambda outcomes: removal.look_again([claim], looks(outcomes))


@pytest.fixture
def runs() -> Any:
    config = teardown_config()
    config["accounts"][0]["buckets"] += [{"name": name, "region": "cn-hangzhou"} for name in (*GOING, *COMING)]
    with LocalCloudServer(config) as server:
        world = World(server, "root")
        world.root.get("oss_destination").oss("cn-beijing").put_bucket_policy("dst-1", policy_of(THEIRS))
        for source in GOING:
            world.set_up(**fields(source))
        prepared = [go(server, name) for name in GOING] + [come(server, name) for name in COMING]
        # Some writes are long under way: they arrive when others have read back what they wrote, and gone.
        fault = {"product": "oss", "action": "PutBucketPolicy", "delay_seconds": 1.0, "times": 4, "skip": 2}
        world.control("POST", "faults", json=fault)
        yield world, prepared


def test_nobody_loses_a_statement_and_nothing_comes_back(runs: tuple[World, list[Run]]) -> None:
    world, prepared = runs
    together = Barrier(len(prepared))

    def work(run: Run) -> list[Outcome]:
        write, look_again = run
        together.wait()
        outcomes = write()
        # A run whose writes were lost again and again is tried again by Airflow.
        while any(outcome.retryable for outcome in outcomes):
            outcomes = write()
        return outcomes + look_again(outcomes)

    with ThreadPoolExecutor(max_workers=len(prepared)) as pool:
        outcomes = [outcome for found in pool.map(work, prepared) for outcome in found]
    document = world.state()["buckets"]["dst-1"]["policy"]
    text = json.dumps(document)
    roles = {name: world.pair(**fields(name)).role for name in (*GOING, *COMING)}
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    assert [name for name in GOING if roles[name] in text] == []
    assert [name for name in COMING if roles[name] not in text] == []
    assert document["Statement"][0] == THEIRS
