"""Setup, then teardown, over random worlds: the clouds end as they began."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from localcloud.server import LocalCloudServer
from oss_crr.converge import Convergence
from oss_crr.operators.batch import utc_now
from oss_crr.pair import BucketPair
from oss_crr.resources.registry import RESOURCES
from oss_crr.survey import survey
from tests.integration.teardown import meaning, tear_down
from tests.integration.teardown_worlds import Scene, scene, teardown_config
from tests.integration.world import DESTINATION_UID, STEPS, World

WORLDS = 120


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    """Return one cloud for all tests; each begins anew in it."""
    with LocalCloudServer(teardown_config()) as server:
        yield server


@pytest.fixture
def world(server: LocalCloudServer) -> World:
    server.runtime.reset()
    return World(server, "root")


def set_up(world: World, pair: BucketPair) -> None:
    fields = {key: value for key, value in pair.to_dict().items() if key != "label"}
    outcomes = world.set_up(**fields)
    assert [outcome.error for outcome in outcomes.values() if outcome.error] == []


def set_up_together(world: World, pairs: Sequence[BucketPair]) -> None:
    """Set pairs up as one batch of a fleet: nothing is there yet when all of them are surveyed."""
    surveys = survey(world.accounts, pairs, tuple(RESOURCES.values()))
    resolved = {found.pair.name: found.resolved for found in surveys if found.resolved}
    for step, name in STEPS:
        plans = {found.pair.name: found.plans[name] for found in surveys if name in found.plans}
        concerned = [pair for pair in resolved.values() if RESOURCES[name].applies(pair)]
        outcomes = Convergence(RESOURCES[name], world.accounts, step, plans, utc_now()).run(concerned)
        assert [outcome.error for outcome in outcomes if outcome.error] == []
        for outcome in outcomes:
            resolved[outcome.pair] = resolved[outcome.pair].with_key(outcome.details.get("kms_key_arn"))


def without_new_keys(state: Any, before: Any) -> Any:
    """Return the state without keys that setup created: they stay, and let nobody in but their owner."""
    keys = state["accounts"][DESTINATION_UID]["kms_keys"]
    for name in set(keys) - set(before["accounts"][DESTINATION_UID]["kms_keys"]):
        assert len(keys.pop(name)["policy"]["Statement"]) == 1
    return state


def differences(after: Any, before: Any, path: str = "") -> Iterator[str]:
    """Name what is not as it was."""
    if isinstance(after, dict) and isinstance(before, dict):
        for key in sorted(set(after) | set(before)):
            yield from differences(after.get(key), before.get(key), f"{path}/{key}")
    elif after != before:
        yield f"{path}: {before} became {after}"


def describe(found: Scene) -> str:
    pairs = [
        f"{pair.name} role={pair.role_name or '-'} {pair.role_permissions} kms={_kms(pair)}" for pair in found.pairs
    ]
    runs = [[pair.name for pair in run] for run in found.runs]
    return "\n".join([*pairs, *found.said, f"runs {runs}"])


def _kms(pair: BucketPair) -> str:
    return pair.kms_permissions if pair.replicate_kms_objects else "-"


@pytest.mark.parametrize("seed", range(WORLDS))
def test_the_clouds_end_as_they_began(world: World, seed: int) -> None:
    found = scene(world, seed)
    before = world.state()
    if seed % 3:
        for pair in found.pairs:
            set_up(world, pair)
    else:
        set_up_together(world, found.pairs)
    for run in found.runs:
        torn = tear_down(world, *run)
        assert torn.errors() == [], describe(found)
    after = meaning(without_new_keys(world.state(), before))
    assert after == meaning(before), "\n".join([describe(found), *differences(after, meaning(before))])
