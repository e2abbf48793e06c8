"""The trigger that waits for rules: its arguments survive, it ends when it should, and nothing else ends it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import pytest
from airflow.sdk.module_loading import import_string  # type: ignore[attr-defined]

from oss_crr.errors import PermissionDenied, ServiceUnavailable
from oss_crr.hooks.budget import Budget
from oss_crr.model import Progress
from oss_crr.progress import Goal, WaitedRule
from oss_crr.triggers import turns
from oss_crr.triggers.rules import RuleTrigger

RULE = WaitedRule("a → b", "oss_source", "cn-hangzhou", "a", "rule-1", has_history=True)
OTHER = WaitedRule("c → d", "oss_source", "cn-hangzhou", "c", "rule-2", has_history=True)

Answer = Progress | Exception | None


class ScriptedAccount:
    """Answers progress calls from a script, bucket by bucket; the last answer stays."""

    def __init__(self, **answers: list[Answer]) -> None:
        self._answers = answers
        self.polls = 0

    def oss(self, region: str) -> ScriptedAccount:
        return self

    def progress(self, bucket: str, rule_id: str) -> Progress | None:
        self.polls += 1
        script = self._answers[bucket]
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class ScriptedTrigger(RuleTrigger):
    """A trigger with an account of its own instead of Airflow's connections."""

    account: Any = None

    async def accounts(self) -> Mapping[str, Any]:
        return {"oss_source": self.account}


def at(history: float | None, status: Any = "doing") -> Progress:
    return Progress(status, True, history, None)


def wait(account: ScriptedAccount, *rules: WaitedRule, goal: Goal = "complete", seconds: float = 60) -> dict[str, Any]:
    """Run a trigger to its event."""
    trigger = ScriptedTrigger([asdict(rule) for rule in rules or (RULE,)], goal, 0.01, 0.0, time.time() + seconds)
    trigger.account = account

    async def first_event() -> dict[str, Any]:
        return dict((await anext(aiter(trigger.run()))).payload)

    return asyncio.run(first_event())


def states(event: dict[str, Any]) -> dict[str, str]:
    return {item["pair"]: item["state"] for item in event["progress"]}


def test_arguments_survive_serialisation() -> None:
    trigger = RuleTrigger([asdict(RULE)], "gone", 30.0, 6.0, 1234.5)
    path, arguments = trigger.serialize()
    again = import_string(path)(**arguments)
    assert isinstance(again, RuleTrigger)
    assert again.serialize() == (path, arguments)
    assert WaitedRule(**again.rules[0]) == RULE


def test_it_polls_until_the_history_is_complete() -> None:
    account = ScriptedAccount(a=[at(None, "starting"), at(0.4), at(1.0)])
    event = wait(account)
    assert (event["status"], states(event), account.polls) == ("done", {"a → b": "complete"}, 3)


def test_it_waits_for_every_rule() -> None:
    account = ScriptedAccount(a=[at(1.0)], c=[at(0.1), at(0.2), at(1.0)])
    event = wait(account, RULE, OTHER)
    assert states(event) == {"a → b": "complete", "c → d": "complete"}
    assert account.polls == 4, "a rule that has got there is not asked again"


@pytest.mark.parametrize(("answer", "state"), [(None, "vanished"), (at(0.5, "closing"), "closing")])
def test_a_rule_that_goes_away_ends_the_wait(answer: Answer, state: str) -> None:
    assert states(wait(ScriptedAccount(a=[at(0.1), answer]))) == {"a → b": state}


def test_waiting_until_a_rule_is_gone_outlasts_its_closing() -> None:
    account = ScriptedAccount(a=[at(0.5, "closing"), at(None, "closing"), None])
    assert (states(wait(account, goal="gone")), account.polls) == ({"a → b": "vanished"}, 3)


def test_a_passing_failure_does_not_end_the_wait() -> None:
    account = ScriptedAccount(a=[ServiceUnavailable("cut"), ServiceUnavailable("503"), at(1.0)])
    assert states(wait(account)) == {"a → b": "complete"}


def test_a_lasting_failure_of_one_rule_does_not_hide_the_others() -> None:
    event = wait(ScriptedAccount(a=[PermissionDenied("no right")], c=[at(0.1), at(1.0)]), RULE, OTHER)
    assert states(event) == {"a → b": "unreadable", "c → d": "complete"}
    assert event["progress"][0]["error"] == {"type": "PermissionDenied", "message": "no right", "retryable": False}


def test_the_deadline_ends_the_wait_with_what_was_seen_last() -> None:
    event = wait(ScriptedAccount(a=[at(0.37)]), seconds=0)
    assert (event["status"], states(event)) == ("timeout", {"a → b": "waiting"})
    assert event["progress"][0]["history"] == 0.37


def test_polls_of_all_triggers_share_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty polls at a hundred a second: time for fifteen of them is saved up at most."""
    monkeypatch.setattr(turns, "_polls", Budget(100.0))
    waited = [replace(RULE, pair=f"pair-{number}") for number in range(40)]
    account = ScriptedAccount(a=[at(1.0)])
    started = time.monotonic()
    wait(account, *waited)
    assert account.polls == 40
    assert time.monotonic() - started >= 0.13
