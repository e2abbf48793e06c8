"""When a run looks again at what it granted, and what it does when somebody else took it out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from oss_crr import concurrency, policy
from oss_crr.concurrency import LAST_LOOK
from oss_crr.errors import PermissionDenied, ServiceUnavailable, TransientError
from oss_crr.model import Progress
from oss_crr.operators.batch import BatchOperator
from oss_crr.operators.create_rule import CreateRuleOperator
from oss_crr.operators.later_look import HEALED, REST
from oss_crr.operators.report import ReportOperator
from oss_crr.operators.steps import ConvergeOperator
from oss_crr.outcome import Outcome
from oss_crr.resources.destination_grant import grant
from oss_crr.sensors.history import WaitForHistorySensor
from tests.plugins.converging import FOREIGN, overwrite_policy
from tests.plugins.fake_cloud import FakeCloud
from tests.plugins.operators.test_batches import ONE, FakeTaskInstance, context, passed

GRANTED = ("grant_destination",)


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "QUIET_SECONDS", 0.0)


def granted(cloud: FakeCloud, **xcoms: Any) -> FakeTaskInstance:
    """Grant the pair its rights at the destination; return the task instance of a later step."""
    ti = FakeTaskInstance({"preflight": passed(ONE), **xcoms})
    outcomes = execute(cloud, ConvergeOperator(task_id="grant_destination", resource="destination_grant"), ti)
    cloud.destination.journal.actions.clear()
    return FakeTaskInstance({**ti.xcoms, "grant_destination": outcomes})


def execute(cloud: FakeCloud, operator: BatchOperator, ti: FakeTaskInstance, **more: Any) -> list[dict[str, Any]]:
    operator.__dict__["accounts"] = cloud.accounts
    task_context: Any = {**context(ti), **more}
    result: list[dict[str, Any]] = operator.execute(task_context)
    return result


def report(cloud: FakeCloud, ti: FakeTaskInstance) -> dict[str, Any]:
    (outcome,) = execute(
        cloud, ReportOperator(task_id="report", after=[*GRANTED, "create_rule", "wait_for_history"]), ti
    )
    row: dict[str, Any] = outcome["details"]
    return row


def is_granted(cloud: FakeCloud) -> bool:
    return policy.holds(json.loads(cloud.dst.policy or '{"Statement": []}'), grant(ONE), "Principal")


# --- the report ------------------------------------------------------------------------------------------------------


def test_report_reads_each_written_document_once_more(cloud: FakeCloud) -> None:
    row = report(cloud, granted(cloud))
    assert cloud.destination.journal.actions == ["GetBucketPolicy"]
    assert "later look" not in row["steps"]


def test_report_of_a_run_that_wrote_nothing_makes_no_call(cloud: FakeCloud) -> None:
    cloud.dst.policy = policy.dump({"Version": "1", "Statement": [grant(ONE)]})
    ti = granted(cloud)
    assert LAST_LOOK not in ti.xcoms["grant_destination"][0]["details"]
    report(cloud, ti)
    assert cloud.destination.journal.actions == []


def test_report_grants_again_what_was_taken_out(cloud: FakeCloud) -> None:
    ti = granted(cloud)
    overwrite_policy(cloud, FOREIGN)()
    row = report(cloud, ti)
    assert is_granted(cloud)
    assert json.loads(cloud.dst.policy or "")["Statement"][0] == FOREIGN
    assert row["steps"]["later look"] == "updated"
    assert row["state"] == "set up"


def test_report_looks_once_more_where_another_look_had_written(cloud: FakeCloud) -> None:
    healed = Outcome(ONE.name, "create_rule", "created", details={HEALED: True}).to_dict()
    report(cloud, granted(cloud, create_rule=[healed]))
    assert cloud.destination.journal.actions == ["GetBucketPolicy"] * 2


def test_report_is_tried_again_when_a_look_fails(cloud: FakeCloud) -> None:
    ti = granted(cloud)
    ti.max_tries = 1
    cloud.destination.journal.fail("GetBucketPolicy", ServiceUnavailable("cut"))
    with pytest.raises(TransientError, match="cut"):
        report(cloud, ti)
    assert "return_value" not in ti.pushed
    ti.try_number = 2
    assert report(cloud, ti)["state"] == "set up"


def test_pair_whose_look_fails_to_the_end_is_a_failure(cloud: FakeCloud) -> None:
    ti = granted(cloud)
    cloud.destination.journal.fail("GetBucketPolicy", ServiceUnavailable("cut"))
    with pytest.raises(Exception, match="grant_destination: cut"):
        report(cloud, ti)


# --- the rule --------------------------------------------------------------------------------------------------------


def create_rule(cloud: FakeCloud, ti: FakeTaskInstance) -> dict[str, Any]:
    (outcome,) = execute(cloud, CreateRuleOperator(task_id="create_rule", after=GRANTED), ti)
    return outcome


def test_rule_that_was_refused_for_a_lost_grant_is_put_after_all(cloud: FakeCloud) -> None:
    ti = granted(cloud)
    overwrite_policy(cloud, FOREIGN)()
    cloud.source.journal.fail("PutBucketReplication", PermissionDenied("no"))
    outcome = create_rule(cloud, ti)
    assert (outcome["result"], outcome["details"][HEALED]) == ("created", True)
    assert is_granted(cloud)


def test_rule_that_was_refused_for_another_reason_stays_refused(cloud: FakeCloud) -> None:
    ti = granted(cloud)
    cloud.source.journal.fail("PutBucketReplication", *[PermissionDenied("no")] * 9)
    with pytest.raises(PermissionDenied):
        create_rule(cloud, ti)
    assert cloud.destination.journal.writes == []


def test_rule_that_is_accepted_takes_no_look(cloud: FakeCloud) -> None:
    create_rule(cloud, granted(cloud))
    assert cloud.destination.journal.actions == []


# --- the wait --------------------------------------------------------------------------------------------------------


class Store(dict[str, Any]):
    """A task's state store."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value


def wait(cloud: FakeCloud, ti: FakeTaskInstance, store: Store) -> None:
    rule = Outcome(ONE.name, "create_rule", "created", details={"rule_id": "r"}).to_dict()
    sensor = WaitForHistorySensor(task_id="wait_for_history", rules_from="create_rule", after=GRANTED)
    later = FakeTaskInstance({**ti.xcoms, "create_rule": [rule]})
    execute(cloud, sensor, later, task_state_store=store)


def test_long_wait_begins_with_a_look(cloud: FakeCloud) -> None:
    ti, store = granted(cloud), Store()
    cloud.source.storage.progresses = {"r": Progress("doing", True, 0.1, None)}
    overwrite_policy(cloud, FOREIGN)()
    with pytest.raises(TaskDeferred):
        wait(cloud, ti, store)
    assert is_granted(cloud)
    assert store[REST] is True


def test_report_after_such_a_look_makes_none(cloud: FakeCloud) -> None:
    waited = Outcome(ONE.name, "wait_for_history", "complete", details={REST: True}).to_dict()
    report(cloud, granted(cloud, wait_for_history=[waited]))
    assert cloud.destination.journal.actions == []


def test_report_after_a_look_that_failed_looks_twice(cloud: FakeCloud) -> None:
    """The look that failed may have written before, so that the first sight of the document tells nothing any more."""
    ti, store = granted(cloud), Store()
    cloud.source.storage.progresses = {"r": Progress("doing", True, 0.1, None)}
    cloud.destination.journal.fail("GetBucketPolicy", ServiceUnavailable("cut"))
    with pytest.raises(TaskDeferred):
        wait(cloud, ti, store)
    assert store[REST] is False
    waited = Outcome(ONE.name, "wait_for_history", "complete", details={REST: False}).to_dict()
    cloud.destination.journal.actions.clear()
    report(cloud, FakeTaskInstance({**ti.xcoms, "wait_for_history": [waited]}))
    assert cloud.destination.journal.actions == ["GetBucketPolicy"] * 2


def test_history_that_is_complete_needs_no_look_before_the_report(cloud: FakeCloud) -> None:
    ti = granted(cloud)
    cloud.source.storage.progresses = {"r": Progress("doing", True, 1.0, None)}
    wait(cloud, ti, Store())
    assert cloud.destination.journal.actions == []
