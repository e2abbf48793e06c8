"""The steps that send and remove test objects, deferring as in Airflow, with the triggers run in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred
from airflow.sdk.module_loading import import_string  # type: ignore[attr-defined]

from oss_crr.errors import PermissionDenied, ServiceUnavailable
from oss_crr.fleet.entry import FleetEntry, VerifySettings
from oss_crr.operators.canary import CanaryOperator, CleanUpCanariesOperator
from oss_crr.triggers.canary import CanaryTrigger
from oss_crr.verification import canary
from oss_crr.verification.drift import find_drift
from tests.integration.world import DESTINATION_UID, PAIR, World

CONTEXT: Any = {"dag": SimpleNamespace(dag_id="oss_crr_verify")}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing longer than it takes here."""
    monkeypatch.setattr("oss_crr.operators.canary.first_poll_after", lambda: 0.0)
    monkeypatch.setattr(canary, "HOLD", timedelta(seconds=1))


def inputs(world: World, *entries: FleetEntry) -> dict[str, Any]:
    """Return a batch as it comes from earlier steps."""
    drifts = find_drift(world.root, [entry.pair for entry in entries])
    plain = {"entries": [entry.to_dict() for entry in entries], "drifts": [drift.to_dict() for drift in drifts]}
    return dict(json.loads(json.dumps(plain)))


def make(kind: Any, world: World, *entries: FleetEntry) -> Any:
    """Return a step that works for the world's users."""
    operator = kind(task_id="canary", **inputs(world, *entries))
    operator.accounts = world.accounts
    return operator


def entry(world: World, **settings: Any) -> FleetEntry:
    return FleetEntry(world.pair(label="logs"), VerifySettings(**settings))


def run(world: World, operator: Any) -> tuple[list[dict[str, Any]], int]:
    """Run a step to its end, as Airflow does; return its output, and how often it deferred."""
    step: Callable[[], Any] = partial(operator.execute, CONTEXT)
    count = 0
    while True:
        try:
            return step(), count
        except TaskDeferred as deferral:
            count += 1
            step = _resumption(world, operator, deferral)


def _resumption(world: World, operator: Any, deferral: TaskDeferred) -> Any:
    assert isinstance(deferral.trigger, CanaryTrigger)
    path, arguments = deferral.trigger.serialize()
    event = asyncio.run(_event(world, import_string(path)(**json.loads(json.dumps(arguments)))))
    kept = json.loads(json.dumps(deferral.kwargs))
    return lambda: operator.resume_execution(deferral.method_name, {**kept, "event": event}, CONTEXT)


async def _event(world: World, trigger: Any) -> Any:
    async def accounts() -> Mapping[str, Any]:
        return {conn_id: world.accounts.get(conn_id) for conn_id in ("oss_source", "oss_destination")}

    trigger.accounts = accounts
    found = [event async for event in trigger.run()]
    assert len(found) == 1
    return json.loads(json.dumps(found[0].payload))


@pytest.mark.parametrize("policy", ["add_change", "add_delete_change"])
def test_a_batch_is_sent_and_cleaned_up(world: World, policy: str) -> None:
    world.wait(world.set_up(replication_policy=policy))
    sent = FleetEntry(world.pair(label="logs", replication_policy=policy))
    off = FleetEntry(world.pair(label="off", replication_policy=policy), VerifySettings(canary=False))
    results, deferrals = run(world, make(CanaryOperator, world, sent, off))
    assert deferrals == 3
    assert [(result["pair"], result["findings"]) for result in results] == [("logs", []), ("off", [])]
    assert results[0]["measures"]["canary"] == "passed"
    assert results[0]["measures"]["arrival_seconds"] < 30
    (removed,) = make(CleanUpCanariesOperator, world, sent, off).execute(CONTEXT)
    assert removed["pair"] == "logs"
    assert not [key for key in world.object_keys() | world.object_keys(PAIR["source_bucket"]) if "canary" in key]


def test_fault_ends_one_canary_and_not_the_batch(world: World) -> None:
    world.wait(world.set_up())
    world.control("POST", "replication", json={"rule": "crr-source", "corrupt": ["oss-crr-canary/*"]})
    results, deferrals = run(world, make(CanaryOperator, world, entry(world)))
    assert deferrals == 1
    assert [finding["field"] for finding in results[0]["findings"]] == ["corruption"]


def test_second_try_begins_anew_and_removes_what_the_first_left(world: World) -> None:
    world.wait(world.set_up())
    crashed = make(CanaryOperator, world, entry(world))
    with pytest.raises(TaskDeferred):
        crashed.execute(CONTEXT)
    results, _ = run(world, make(CanaryOperator, world, entry(world)))
    assert results[0]["measures"]["canary"] == "passed"
    assert results[0]["measures"]["canaries_removed"] >= 1


def test_deferral_names_its_own_end(world: World) -> None:
    world.wait(world.set_up())
    operator = make(CanaryOperator, world, entry(world, max_lag_minutes=10))
    with pytest.raises(TaskDeferred) as caught:
        operator.execute(CONTEXT)
    assert isinstance(caught.value.timeout, timedelta)
    assert timedelta(minutes=11) < caught.value.timeout < timedelta(minutes=13)
    with pytest.raises(ServiceUnavailable, match="triggerer is running"):
        operator.resume_execution("__fail__", {"error": "Trigger timeout"}, CONTEXT)


def test_batch_without_canaries_neither_defers_nor_writes(world: World) -> None:
    world.wait(world.set_up())
    one_side = FleetEntry(
        world.pair(label="one side", destination_conn_id=None, destination_uid=DESTINATION_UID), VerifySettings()
    )
    world.reset_calls()
    operator = CanaryOperator(task_id="canary", entries=[one_side.to_dict(), entry(world).to_dict()], drifts=[])
    operator.accounts = world.accounts
    results, deferrals = run(world, operator)
    assert deferrals == 0
    assert [result["measures"]["canary"] for result in results] == [
        "none: only one side has a connection",
        "none: the pair could not be read",
    ]
    assert world.calls()["total"] == 0
    cleaner = CleanUpCanariesOperator(task_id="clean", entries=[one_side.to_dict()], drifts=None)
    cleaner.accounts = world.accounts
    with pytest.raises(AirflowSkipException):
        cleaner.execute(CONTEXT)


def test_clean_up_that_fails_says_why(world: World) -> None:
    world.wait(world.set_up())
    with pytest.raises(TaskDeferred):
        make(CanaryOperator, world, entry(world)).execute(CONTEXT)
    world.control("POST", "faults", json={"action": "DeleteObject", "status": 403, "code": "AccessDenied"})
    with pytest.raises(PermissionDenied, match="oss:DeleteObject"):
        make(CleanUpCanariesOperator, world, entry(world)).execute(CONTEXT)
