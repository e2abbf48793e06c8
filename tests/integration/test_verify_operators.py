"""The steps of a verification that check and repair a batch, with what they leave for one another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped, TaskDeferred

from localcloud.server import LocalCloudServer
from oss_crr.errors import ConnectionSetupError, TransientError
from oss_crr.fleet.entry import FleetEntry, VerifySettings
from oss_crr.operators.verify_batch import (
    TARGETS,
    CheckedCanaryOperator,
    CheckedCleanUpOperator,
    CheckedCompareOperator,
)
from oss_crr.operators.verify_check import CheckOperator
from oss_crr.operators.verify_repair import RepairOperator
from oss_crr.resources.base import Accounts
from oss_crr.triggers.rules import RuleTrigger
from oss_crr.verification.check import check_pairs
from oss_crr.verification.model import health
from tests.integration.drifting import SETTINGS, Hands, drift_config
from tests.plugins.verification.made import NOON

BATCH = 3


class FakeTaskInstance:
    """Passes data from step to step of one batch, as text as a database does."""

    map_index = BATCH

    def __init__(self, step: str, xcoms: dict[tuple[str, str], str], try_number: int = 1) -> None:
        self._step, self._xcoms = step, xcoms
        self.try_number, self.max_tries = try_number, 0
        self.pulls = 0

    def xcom_push(self, key: str, value: Any) -> None:
        self._xcoms[self._step, key] = json.dumps(value)

    def xcom_pull(self, task_ids: str, key: str = "return_value", map_indexes: int | None = None) -> Any:
        assert map_indexes == BATCH
        self.pulls += 1
        found = self._xcoms.get((task_ids, key))
        return json.loads(found) if found else None


class Store(dict[str, Any]):
    """The state of a task."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value


class Batch:
    """One batch that goes through the steps.

    :param conf: the run's parameters.
    """

    def __init__(self, hands: Hands, *entries: FleetEntry, **conf: Any) -> None:
        self.hands = hands
        self.entries = entries
        self.conf = conf
        self.xcoms: dict[tuple[str, str], str] = {}
        self.state = Store()
        self.skipped: set[str] = set()

    def context(self, step: str, try_number: int = 1) -> Any:
        return {
            "ti": FakeTaskInstance(f"batch.{step}", self.xcoms, try_number),
            "dag_run": SimpleNamespace(conf=self.conf),
            "params": {},
            "task_state_store": self.state,
        }

    def check(self, previous: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Run the check; return its items."""
        entries = [entry.to_dict() for entry in self.entries]
        batch = {"entries": entries, "previous": previous or {}, "others": []}
        operator = CheckOperator(task_id="batch.check", batch=batch)
        operator.accounts = self.hands.world.accounts
        try:
            operator.execute(self.context("check"))
        except DownstreamTasksSkipped as skipped:
            self.skipped = {task.removeprefix("batch.") for task, index in skipped.tasks if index == BATCH}
        return list(json.loads(self.xcoms["batch.check", "return_value"]))

    def prepared(self, operator: Any, step: str, try_number: int = 1) -> Any:
        """Return an operator with its batch."""
        operator.accounts = self.hands.world.accounts
        operator.render_template_fields(self.context(step, try_number))
        return operator

    def repair(self, try_number: int = 1) -> dict[str, dict[str, Any]]:
        """Run the repair; return its items by pair."""
        operator = self.prepared(RepairOperator(task_id="batch.repair"), "repair", try_number)
        return by_pair(operator.execute(self.context("repair", try_number)))

    def resume(self) -> dict[str, dict[str, Any]]:
        """Go on after waiting."""
        operator = self.prepared(RepairOperator(task_id="batch.repair"), "repair")
        return by_pair(operator.execute_complete(self.context("repair"), {"status": "done"}))


def by_pair(items: Any) -> dict[str, dict[str, Any]]:
    return {item["pair"]: item for item in json.loads(json.dumps(items))}


@pytest.fixture(scope="module")
def server() -> Iterator[LocalCloudServer]:
    with LocalCloudServer(drift_config()) as server:
        yield server


@pytest.fixture
def hands(server: LocalCloudServer) -> Hands:
    """Return a pair that is set up, and whose rule is at work."""
    hands = Hands(server, SETTINGS["plain"])
    hands.world.replicate()
    return hands


def entry(hands: Hands, **settings: Any) -> FleetEntry:
    return FleetEntry(hands.pairs[0], VerifySettings(**settings))


def parts(item: Mapping[str, Any]) -> list[str]:
    return [finding["part"] for finding in item["findings"]]


# --- check -----------------------------------------------------------------------------------------------------------


def test_healthy_pair(hands: Hands) -> None:
    batch = Batch(hands, entry(hands))
    (item,) = batch.check()
    assert item["findings"] == []
    assert item["measures"]["status"] == "doing"
    assert batch.skipped == {"repair"}


def test_verifying_writes_nothing_and_reads_little(hands: Hands) -> None:
    hands.world.reset_calls()
    check_pairs(hands.world.accounts, [entry(hands)], NOON, {})
    rows = hands.world.calls()["calls"]
    assert {row["access"] for row in rows} == {"read"}
    assert sum(row["count"] for row in rows) <= 10, rows


@pytest.mark.parametrize(
    ("settings", "conf", "skipped"),
    [
        ({}, {"canary": False, "compare": False}, {"repair", "canary", "clean_up", "compare"}),
        ({"canary": False, "compare": False}, {}, {"repair", "canary", "clean_up", "compare"}),
        ({"canary": False}, {"repair": "apply"}, {"repair", "canary", "clean_up"}),
        ({}, {"repair": "apply"}, {"repair"}),
    ],
)
def test_steps_that_no_pair_needs_are_skipped(hands: Hands, settings: Any, conf: Any, skipped: set[str]) -> None:
    batch = Batch(hands, entry(hands, **settings), **conf)
    batch.check()
    assert batch.skipped == skipped


def test_no_test_object_is_sent_through_a_broken_pair_unless_it_is_repaired(hands: Hands) -> None:
    take_grant(hands)
    batch = Batch(hands, entry(hands))
    batch.check()
    assert batch.skipped == {"repair", "canary", "clean_up"}
    assert batch.prepared(CheckedCanaryOperator(task_id="batch.canary"), "canary").entries == []
    batch = Batch(hands, entry(hands), repair="apply")
    batch.check()
    assert batch.skipped == set()
    batch.repair()
    assert len(batch.prepared(CheckedCanaryOperator(task_id="batch.canary"), "canary").entries) == 1


def test_comparison_goes_on_from_the_last_cursor(hands: Hands) -> None:
    batch = Batch(hands, entry(hands))
    cursor = {"after": "k", "since": NOON.isoformat(), "faults": [], "more": {}}
    batch.check({hands.pairs[0].name: {"compare": {"cursor": cursor}}})
    operator = batch.prepared(CheckedCompareOperator(task_id="batch.compare", max_objects="7"), "compare")
    assert operator.cursors == {hands.pairs[0].name: cursor}
    assert operator.batch_name == hands.pairs[0].name


def test_pair_without_a_connection_stops_no_other(hands: Hands) -> None:
    lost = hands.world.pair(label="lost", source_bucket="lost", source_conn_id="gone")
    whole = hands.world.accounts

    def get(conn_id: str) -> Any:
        if conn_id == "gone":
            raise ConnectionSetupError("connection `gone` does not exist")
        return whole.get(conn_id)

    checked = check_pairs(Accounts(get), [FleetEntry(lost), entry(hands)], NOON, {})
    assert [health(item.findings) for item in checked] == ["unknown", "healthy"]
    assert any("`gone` does not exist" in finding.cause for finding in checked[0].findings)


@pytest.mark.parametrize(("conf", "pulls"), [({}, 1), ({"repair": "apply"}, 2)])
def test_further_steps_ask_airflow_seldom(hands: Hands, conf: Any, pulls: int) -> None:
    batch = Batch(hands, entry(hands), **conf)
    batch.check()
    context = batch.context("canary")
    CheckedCanaryOperator(task_id="batch.canary").render_template_fields(context)
    assert context["ti"].pulls == pulls


# --- repair ----------------------------------------------------------------------------------------------------------


def take_grant(hands: Hands) -> None:
    """Remove the destination's policy."""
    hands.world.bucket(hands.pairs[0].destination_bucket).delete_bucket_policy()


def test_plan_writes_nothing(hands: Hands, capsys: pytest.CaptureFixture[str]) -> None:
    take_grant(hands)
    batch = Batch(hands, entry(hands), repair="plan")
    batch.check()
    hands.world.reset_calls()
    (item,) = batch.repair().values()
    assert hands.write_actions() == set()
    assert parts(item) == ["destination_grant"]
    assert (item["repair"]["mode"], item["repair"]["outcome"]["result"]) == ("plan", "planned")
    assert "oss:ReplicatePut" in capsys.readouterr().out


def test_repair_writes_and_checks_again(hands: Hands) -> None:
    take_grant(hands)
    batch = Batch(hands, entry(hands), repair="apply")
    batch.check()
    (item,) = batch.repair().values()
    assert item["findings"] == []
    assert item["repair"]["outcome"]["changes"]
    assert [finding["part"] for finding in item["repair"]["before"]] == ["destination_grant"]
    (target,) = json.loads(batch.xcoms["batch.repair", TARGETS])["pairs"]
    assert target["drift"]["findings"] == []
    assert hands.findings() == []


def test_what_is_left_to_a_person_is_told(hands: Hands) -> None:
    hands.cloud.buckets[hands.pairs[0].source_bucket].versioning = "Enabled"
    batch = Batch(hands, entry(hands), repair="apply")
    (before,) = batch.check()
    assert before["findings"]
    (item,) = batch.repair().values()
    assert item["findings"] == before["findings"]
    assert item["repair"]["outcome"]["details"]["left"]


def test_repair_waits_until_a_replaced_rule_is_gone(server: LocalCloudServer) -> None:
    hands = Hands(server, SETTINGS["replace"])
    hands.world.replicate()
    rule = hands.rule
    rule.prefixes = ("elsewhere/",)
    batch = Batch(hands, entry(hands), repair="apply")
    batch.check()
    with pytest.raises(TaskDeferred) as deferral:
        batch.repair()
    assert isinstance(deferral.value.trigger, RuleTrigger)
    assert [item["rule_id"] for item in deferral.value.trigger.rules] == [rule.id]
    hands.world.replicate()
    (item,) = batch.resume().values()
    assert item["findings"] == []
    assert item["repair"]["outcome"]["result"] == "repaired"
    assert "rule" in {finding["part"] for finding in item["repair"]["before"]}


def test_repair_that_may_succeed_later_is_tried_again_and_keeps_what_it_has_done(hands: Hands) -> None:
    take_grant(hands)
    batch = Batch(hands, entry(hands), repair="apply")
    batch.check()
    # So often the hooks themselves try.
    fault = {"product": "oss", "action": "PutBucketPolicy", "status": 503, "code": "InternalError", "times": 5}
    hands.world.control("POST", "faults", json=fault)
    context = batch.context("repair")
    context["ti"].max_tries = 1
    operator = batch.prepared(RepairOperator(task_id="batch.repair"), "repair")
    with pytest.raises(TransientError):
        operator.execute(context)
    assert parts(json.loads(batch.xcoms["batch.repair", "return_value"])[0]) == ["destination_grant"]
    (item,) = batch.repair(try_number=2).values()
    assert item["findings"] == []


@pytest.mark.parametrize(
    ("operator", "conf"),
    [
        (RepairOperator, {}),
        (RepairOperator, {"repair": "report"}),
        (CheckedCanaryOperator, {"canary": False}),
        (CheckedCleanUpOperator, {"canary": False}),
        (CheckedCompareOperator, {"compare": False}),
    ],
)
def test_a_step_that_the_run_does_not_want_does_nothing_though_it_was_started(
    hands: Hands, operator: Any, conf: dict[str, Any]
) -> None:
    """Airflow skips only tasks that it has expanded already, and anybody can clear a skipped one."""
    hands.world.bucket(hands.pairs[0].destination_bucket).delete_bucket_policy()
    batch = Batch(hands, entry(hands), **conf)
    batch.check()
    step = operator.__name__.removeprefix("Checked").removesuffix("Operator").lower()
    before = hands.world.calls()["writes"]
    with pytest.raises(AirflowSkipException, match="not asked for"):
        batch.prepared(operator(task_id=f"batch.{step}"), step).execute(batch.context(step))
    assert hands.world.calls()["writes"] == before
