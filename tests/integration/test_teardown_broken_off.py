"""A teardown that dies at any of its writes is finished by clearing it, and by starting it again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from localcloud.server import LocalCloudServer
from oss_crr.hooks.oss_client import OssClient
from oss_crr.hooks.rpc import RpcClient
from oss_crr.pair import BucketPair
from tests.integration.teardown import carry_out, meaning, plan, tear_down
from tests.integration.teardown_worlds import ADOPTED, DESTINATIONS, FULL_ACCESS, SHARED, SOURCES, TRUST, policy_of
from tests.integration.world import KEY_ARN, World

#: Fields of the pairs of each scene. The last two leave questions that only the rule's id can answer.
SCENES: dict[str, list[dict[str, Any]]] = {
    "own role": [{}],
    "two pairs": [{"role_name": SHARED}, {"role_name": SHARED, "source_bucket": "src-2"}],
    "keys": [{"replicate_kms_objects": True, "kms_key_arn": KEY_ARN, "replication_policy": "add_delete_change"}],
    "full access": [{"role_permissions": FULL_ACCESS, "role_name": SHARED}],
    "adopted role": [{"role_name": ADOPTED, "role_permissions": FULL_ACCESS}],
    "acceleration": [{"destination_bucket": "dst-hk"}],
}
LOSES_KNOWLEDGE = ("adopted role", "acceleration")
WRITES = ("Create", "Delete", "Attach", "Detach", "Set", "Update")
#: More writes than any of the scenes makes.
TOO_MANY = 30


class Killed(BaseException):
    """The process ended here."""


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    from tests.integration.teardown_worlds import teardown_config

    with LocalCloudServer(teardown_config()) as server:
        yield server


@pytest.fixture
def monkey() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def begin(server: LocalCloudServer, name: str) -> tuple[World, list[BucketPair], Any]:
    """Return a world in which the scene's pairs are set up, and how it was before."""
    server.runtime.reset()
    world = World(server, "root")
    theirs = {"Effect": "Allow", "Action": ["oss:GetObject"], "Principal": ["3"], "Resource": ["acs:oss:*:*:dst-1/*"]}
    world.root.get("oss_destination").oss("cn-beijing").put_bucket_policy("dst-1", policy_of(theirs))
    world.root.get("oss_source").ram.create_role(ADOPTED, json.dumps(TRUST), "theirs")
    before = meaning(world.state())
    pairs = []
    for fields in SCENES[name]:
        filled = {"source_bucket": "src-1", "destination_bucket": "dst-1", **fields}
        filled["source_region"] = SOURCES[filled["source_bucket"]]
        filled["destination_region"] = DESTINATIONS[filled["destination_bucket"]]
        assert [item.error for item in world.set_up(**filled).values() if item.error] == []
        pairs.append(world.pair(**filled))
    return world, pairs, before


@contextmanager
def dying(patch: pytest.MonkeyPatch, at: int, *, after: bool) -> Iterator[list[str]]:
    """Let the process die at a write, before or after its effect; yield the writes so far."""
    writes: list[str] = []

    def wrapped(call: Any, is_write: Any) -> Any:
        def run(client: Any, *args: Any, **kwargs: Any) -> Any:
            if not is_write(args):
                return call(client, *args, **kwargs)
            writes.append(str(args[0]))
            dies = len(writes) - 1 == at
            if dies and not after:
                raise Killed
            answer = call(client, *args, **kwargs)
            if dies:
                raise Killed
            return answer

        return run

    patch.setattr(OssClient, "send", wrapped(OssClient.send, lambda args: args[0].method not in ("GET", "HEAD")))
    patch.setattr(RpcClient, "call", wrapped(RpcClient.call, lambda args: args[0].startswith(WRITES)))
    yield writes
    patch.undo()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", SCENES)
def test_cleared_after_any_write_it_ends_as_it_began(
    server: LocalCloudServer, monkey: pytest.MonkeyPatch, name: str, after: bool
) -> None:
    """Clearing goes on with the plan that was made while the rule still told everything."""
    for index in range(TOO_MANY):
        world, pairs, before = begin(server, name)
        planned = plan(world, *pairs)
        with dying(monkey, index, after=after) as writes:
            try:
                carry_out(world, planned)
            except Killed:
                monkey.undo()
            else:
                break
        finished = carry_out(world, planned)
        assert finished.errors() == [], writes
        assert meaning(world.state()) == before, writes
    assert 3 <= index < TOO_MANY


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", SCENES)
def test_started_again_after_any_write_it_takes_back_what_is_certain(
    server: LocalCloudServer, monkey: pytest.MonkeyPatch, name: str, after: bool
) -> None:
    """What only the rule's id could tell is not guessed when the rule is gone: it stays, and is named."""
    for index in range(TOO_MANY):
        world, pairs, before = begin(server, name)
        with dying(monkey, index, after=after) as writes:
            try:
                tear_down(world, *pairs)
            except Killed:
                monkey.undo()
            else:
                break
        again = tear_down(world, *pairs)
        assert again.errors() == [], writes
        by_hand = [text for item in again.planned.values() for text in item.by_hand]
        if name not in LOSES_KNOWLEDGE:
            assert by_hand == []
        assert bool(by_hand) == (meaning(world.state()) != before), (writes, by_hand)
    assert 3 <= index < TOO_MANY
