"""The trigger that looks at canaries: its arguments survive, and it yields one event when every canary is through."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.module_loading import import_string  # type: ignore[attr-defined]

from oss_crr.errors import NotFound, PermissionDenied, ServiceUnavailable
from oss_crr.model import ObjectHead, Progress
from oss_crr.triggers import canary as module
from oss_crr.triggers.canary import CanaryTrigger
from oss_crr.verification.canary import Canary, Content, Place, Sight
from tests.plugins.fake_cloud import DAWN

HEAD = ObjectHead("k", 10, "E", "1", None, None, DAWN)
Answer = ObjectHead | Exception


def make_canary(bucket: str, seconds: float = 60, **changes: Any) -> Canary:
    """Return a canary that has just been written; its destination bucket is named like its pair."""
    canary = Canary(
        pair=bucket,
        source=Place("oss_source", "cn-hangzhou", "src"),
        destination=Place("oss_destination", "cn-shanghai", bucket),
        rule_id="r",
        key="k",
        versioned=False,
        deletes_travel=True,
        limit_seconds=seconds,
        done_at=DAWN.isoformat(),
        began=time.time(),
        wanted=Content(10, "E", "1"),
    )
    return replace(canary, **changes)


class ScriptedAccount:
    """Answers looks from a script, bucket by bucket; the last answer stays. Its watermark never moves."""

    def __init__(self, **answers: list[Answer]) -> None:
        self._answers = answers
        self.looks: list[str] = []

    def oss(self, region: str) -> ScriptedAccount:
        return self

    def head_object(self, bucket: str, key: str) -> ObjectHead:
        self.looks.append(bucket)
        script = self._answers[bucket]
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def progress(self, bucket: str, rule_id: str) -> Progress | None:
        return Progress("doing", True, 1.0, None)


class ScriptedTrigger(CanaryTrigger):
    """A trigger with an account of its own instead of Airflow's connections."""

    account: Any = None

    async def accounts(self) -> Mapping[str, Any]:
        return dict.fromkeys(("oss_source", "oss_destination"), self.account)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SHORTEST_PAUSE", 0.01)


def run(account: ScriptedAccount, *canaries: Canary, first_poll_after: float = 0.0) -> list[dict[str, Any]]:
    """Run a trigger to its end and return its events, as they come back from Airflow's database."""
    trigger = ScriptedTrigger([canary.to_dict() for canary in canaries], 0.01, first_poll_after)
    trigger.account = account

    async def events() -> list[dict[str, Any]]:
        return [json.loads(json.dumps(event.payload)) async for event in trigger.run()]

    return asyncio.run(asyncio.wait_for(events(), 30))


def test_arguments_survive_serialisation() -> None:
    trigger = CanaryTrigger([make_canary("a").to_dict()], 15.0, 6.0)
    path, arguments = trigger.serialize()
    again = import_string(path)(**json.loads(json.dumps(arguments)))
    assert isinstance(again, CanaryTrigger)
    assert again.serialize() == (path, arguments)
    assert Canary.from_dict(again.canaries[0]) == Canary.from_dict(trigger.canaries[0])


def test_one_event_when_every_canary_is_through() -> None:
    account = ScriptedAccount(a=[NotFound("no"), HEAD], b=[NotFound("no"), NotFound("no"), NotFound("no"), HEAD])
    (event,) = run(account, make_canary("a"), make_canary("b"))
    sights = {pair: Sight.from_dict(item) for pair, item in event["sights"].items()}
    assert {pair: sight.content for pair, sight in sights.items()} == dict.fromkeys("ab", Content(10, "E", "1"))
    assert (account.looks.count("a"), account.looks.count("b")) == (2, 4), "what is through is not looked at again"
    assert sights["a"].at < sights["b"].at


def test_deadline_ends_the_waiting() -> None:
    (event,) = run(ScriptedAccount(a=[NotFound("no")]), make_canary("a", seconds=0.05))
    assert event["sights"]["a"]["present"] is False
    assert event["sights"]["a"]["at"] <= time.time()


def test_passing_trouble_is_waited_out_and_lasting_trouble_is_told() -> None:
    account = ScriptedAccount(a=[ServiceUnavailable("503"), HEAD], b=[PermissionDenied("may not")])
    (event,) = run(account, make_canary("a"), make_canary("b"))
    assert event["sights"]["a"]["content"]["etag"] == "E"
    assert event["sights"]["b"]["error"]["message"] == "may not"


def test_first_look_waits_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    # The trigger's own name for it: asyncio's is also that of a local cloud in another thread.
    monkeypatch.setattr("oss_crr.triggers.canary.asyncio", SimpleNamespace(sleep=sleep, gather=asyncio.gather))
    run(ScriptedAccount(a=[HEAD]), make_canary("a"), first_poll_after=6.0)
    assert waited[0] == 6.0
    assert max(waited[1:], default=0.0) < 1, "and then there is no further wait"


def test_other_triggers_go_on_while_a_look_blocks() -> None:
    class WaitingAccount(ScriptedAccount):
        def head_object(self, bucket: str, key: str) -> ObjectHead:
            assert others_went_on.wait(10), "the event loop is blocked"
            return super().head_object(bucket, key)

    others_went_on = threading.Event()
    trigger = ScriptedTrigger([make_canary("a").to_dict()], 0.01, 0.0)
    trigger.account = WaitingAccount(a=[HEAD])

    async def both() -> None:
        asyncio.get_running_loop().call_later(0.01, others_went_on.set)
        await anext(aiter(trigger.run()))

    asyncio.run(both())
