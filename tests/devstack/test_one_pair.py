"""The demo's story: it ends well only if each step gave exactly what it should."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from devstack import one_pair
from devstack.api import TaskState
from devstack.cloud_config import PAIR_NAME
from devstack.errors import DevstackError, NotAsExpected, RunFailed
from devstack.one_pair import SETUP, VERIFY, OnePair
from devstack.runs import EndedRun

ROLE = "oss-crr-demo"
GRANT = {"Action": ["oss:ReplicatePut"], "Principal": [f"arn:sts::1:assumed-role/{ROLE}/*"]}
FINDING = {
    "part": "destination_grant",
    "field": "statement",
    "severity": "broken",
    "cause": "the role may not write",
    "repair": "add the statement",
}
SETUP_ROW = {
    "pair": "a → b",
    "state": "complete",
    "steps": {"verify": "verified"},
    "rule_id": "rule",
    "objects": 1,
    "bytes": 1,
    "waited_seconds": 1.0,
    "cause": None,
}


class World:
    """A bucket policy, a set-up that grants, and a verification that looks and repairs; each can be made to fail."""

    def __init__(self) -> None:
        self.policy: list[dict[str, Any]] = []
        self.states = {SETUP: "success"}
        self.part = "destination_grant"
        self.repaired = GRANT
        self.health_after = "healthy"
        self.also_removes: list[dict[str, Any]] = []
        self.reports: dict[str, list[dict[str, Any]]] = {}

    # --- as devstack.runs.Runner -------------------------------------------------------------------------------------

    api = SimpleNamespace(put_connection=lambda *_: None)

    def prepare(self, dag_id: str) -> None:
        pass

    def run(self, dag_id: str, conf: Mapping[str, object], remark: Callable[[], str]) -> EndedRun:
        run_id = f"{dag_id}-{len(self.reports)}"
        if dag_id == SETUP:
            self.policy.append(GRANT)
            self.reports[run_id] = [{"pair": "a → b", "details": SETUP_ROW}]
            return self._ended(dag_id, run_id, self.states[SETUP])
        result = self._repair() if conf.get("repair") == "apply" else self._check()
        self.reports[run_id] = [{"pair": PAIR_NAME, **result}]
        return self._ended(dag_id, run_id, "failed" if result["health"] == "broken" else "success")

    def run_scheduled(self, dag_id: str) -> EndedRun:
        return self.run(dag_id, {}, lambda: "")

    def _check(self) -> dict[str, Any]:
        broken = GRANT not in self.policy
        return {"health": "broken" if broken else "healthy", "findings": [{**FINDING, "part": self.part}] * broken}

    def _repair(self) -> dict[str, Any]:
        self.policy = [statement for statement in self.policy if statement not in self.also_removes] + [self.repaired]
        return {"health": self.health_after, "findings": [], "repair": {"outcome": {"result": "repaired"}}}

    @staticmethod
    def _ended(dag_id: str, run_id: str, state: str) -> EndedRun:
        return EndedRun(dag_id, run_id, state, [TaskState("report", -1, state, 1, 1.0)])

    def report(self, run: EndedRun) -> list[dict[str, Any]]:
        return self.reports[run.run_id]

    def failures(self, run: EndedRun) -> str:
        return "the task's own words"

    # --- as devstack.owner.Owner -------------------------------------------------------------------------------------

    def statements(self) -> list[dict[str, Any]]:
        return list(self.policy)

    def add_statement(self, statement: dict[str, Any]) -> None:
        self.policy.append(statement)

    def remove_grants_for(self, role: str) -> list[dict[str, Any]]:
        removed = [statement for statement in self.policy if role in str(statement["Principal"])]
        self.policy = [statement for statement in self.policy if statement not in removed]
        return removed


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(one_pair, "Runner", lambda stack: world)
    monkeypatch.setattr(one_pair, "Owner", lambda side, url: world)
    return world


def tell() -> OnePair:
    stack: Any = SimpleNamespace(settings=SimpleNamespace(cloud_url="http://cloud"))
    story = OnePair(stack)
    story.tell()
    return story


def test_each_step_is_told(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    story = tell()
    text = capsys.readouterr().out

    assert [run.dag_id for run in story.runs] == [SETUP, VERIFY, VERIFY]
    for told in ("1. Replicate", "2. The owner", ROLE, "3. The hourly", "the role may not write", "4. The same"):
        assert told in text
    assert "now healthy" in text
    assert GRANT in world.policy


def test_it_can_be_told_again(world: World) -> None:
    tell()
    world.policy.remove(GRANT)
    tell()

    assert len(world.policy) == 2


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"states": {SETUP: "failed"}}, RunFailed, "oss_crr_setup ended as failed.\nthe task's own words"),
        ({"part": "rule"}, NotAsExpected, "does not name the grant, but ['rule']"),
        ({"health_after": "broken"}, RunFailed, "oss_crr_verify ended as failed"),
        ({"health_after": "lagging"}, NotAsExpected, "the pair is lagging"),
        ({"repaired": {**GRANT, "Action": ["oss:*"]}}, NotAsExpected, "the grant is not what it was"),
        ({"also_removes": [one_pair._FOREIGN]}, NotAsExpected, "another statement"),
    ],
)
def test_anything_else_is_a_failure(
    world: World, change: dict[str, Any], error: type[DevstackError], words: str
) -> None:
    for name, value in change.items():
        setattr(world, name, value)

    with pytest.raises(error) as raised:
        tell()
    assert words in str(raised.value)
