"""The main job: a pair is set up, its history arrives, and a second run finds everything in order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.airflow import DAG_ID, Airflow, Run
from tests.e2e.cloud import Calls, LocalCloud
from tests.e2e.conftest import NewPair
from tests.e2e.world import CONSUMED, OBJECT_BYTES, OBJECTS, Pair

pytestmark = pytest.mark.e2e

ENDED = {
    "resolve": "success",
    "preflight": "success",
    "create_role": "success",
    "grant_source": "success",
    "grant_destination": "success",
    "prepare_kms_key": "skipped",
    "grant_kms_key": "skipped",
    "grant_kms_role": "skipped",
    "hand_over": "skipped",
    "create_rule": "success",
    "wait_for_history": "success",
    "verify": "success",
    "report": "success",
}
WRITING = ("create_role", "grant_source", "grant_destination", "create_rule")


@dataclass(frozen=True)
class TwoRuns:
    """A pair that was set up twice, and what that took."""

    pair: Pair
    first: Run
    first_calls: Calls
    second: Run
    second_calls: Calls


@pytest.fixture(scope="module")
def runs(airflow: Airflow, cloud: LocalCloud, new_pair: NewPair) -> TwoRuns:
    """Set a pair up, and once more."""
    pair = new_pair(number=CONSUMED)
    airflow.unpause("consumer")
    first = airflow.start(pair.conf()).succeed()
    first_calls = cloud.calls(pair)
    second = airflow.start(pair.conf()).succeed()
    return TwoRuns(pair, first, first_calls, second, cloud.calls(pair) - first_calls)


def test_every_step_ends_as_it_should_at_the_first_try(runs: TwoRuns) -> None:
    """A step without anything to do does not even start."""
    in_order = {**ENDED, **dict.fromkeys(WRITING, "skipped")}
    for run, ended in ((runs.first, ENDED), (runs.second, in_order)):
        assert run.states() == ended
        assert set(run.tries().values()) == {1}


def test_the_report_tells_what_was_done(runs: TwoRuns) -> None:
    report = runs.first.report()

    assert report["pair"] == runs.pair.name
    assert report["state"] == "complete"
    assert report["steps"] == {
        "preflight": "passed",
        **dict.fromkeys(WRITING, "created"),
        "wait_for_history": "complete",
        "verify": "verified",
    }
    assert (report["objects"], report["bytes"]) == (OBJECTS, OBJECTS * OBJECT_BYTES)
    assert report["rule_id"].startswith("oss-crr-")
    assert report["waited_seconds"] > 0
    assert report["cause"] is None


def test_the_log_of_the_report_can_be_read_by_people(runs: TwoRuns) -> None:
    log = runs.first.log("report")

    assert f"{runs.pair.name}: complete" in log
    assert f"{OBJECTS} objects, {OBJECTS * OBJECT_BYTES:,} bytes" in log
    assert runs.first.report()["rule_id"] in log


def test_the_cloud_holds_what_the_report_says(runs: TwoRuns, cloud: LocalCloud) -> None:
    (rule,) = cloud.bucket(runs.pair.source)["rules"]

    assert cloud.bucket(runs.pair.destination)["objects"] == OBJECTS
    assert (rule["id"], rule["destination"]) == (runs.first.report()["rule_id"], runs.pair.destination.bucket)


def test_the_wait_tells_how_far_the_copy_is(runs: TwoRuns) -> None:
    log = runs.first.log("wait_for_history")

    assert "0 of 1 pairs complete" in log
    assert "1 of 1 pairs complete" in log


def test_the_first_run_makes_few_calls(runs: TwoRuns) -> None:
    # The last one is the later look at the destination's policy (docs/concurrency.md).
    assert runs.first_calls.besides_listing_and_waiting <= 25, runs.first_calls.actions()


def test_the_second_run_writes_nothing_and_reads_little(runs: TwoRuns) -> None:
    report = runs.second.report()

    assert runs.second_calls.writes() == {}
    assert runs.second_calls.besides_listing_and_waiting <= 12, runs.second_calls.actions()
    assert [report["steps"][step] for step in WRITING] == ["in order"] * 4
    assert report["objects"] == OBJECTS


def test_an_asset_event_announces_the_complete_destination(runs: TwoRuns) -> None:
    (event,) = runs.first.events()

    assert event["name"] == f"oss://{runs.pair.destination.bucket}"
    assert event["extra"]["pair"] == runs.pair.name
    assert event["extra"]["objects"] == OBJECTS


def test_another_dag_can_be_scheduled_on_it(runs: TwoRuns, airflow: Airflow) -> None:
    started = airflow.runs("consumer")

    assert [run.wait() for run in started] == ["success"] * len(started)
    assert started


def rendered(run: Run, task_id: str) -> Any:
    """The document in a task's "Rendered Template" tab."""
    fields = run.task_instance(task_id)["rendered_fields"]
    documents = fields["documents"]
    (document,) = json.loads(documents) if isinstance(documents, str) else documents
    return document


def test_the_rendered_template_tab_shows_what_was_written(runs: TwoRuns, cloud: LocalCloud) -> None:
    account = cloud.state()["accounts"][runs.pair.source.uid]
    (role,) = account["roles"].values()
    (attached,) = role["policies"]

    assert rendered(runs.first, "create_role")["role"]["trust_policy"] == role["trust_policy"]
    written = account["policies"][attached.removeprefix("Custom:")]["document"]
    assert rendered(runs.first, "grant_source")["source_grant"]["document"] == written
    statement = rendered(runs.first, "grant_destination")["destination_grant"]["statement"]
    assert statement in cloud.bucket(runs.pair.destination)["policy"]["Statement"]
    assert rendered(runs.first, "create_rule")["rule"]["destination_bucket"] == runs.pair.destination.bucket


def test_links_lead_to_the_vendors_console(runs: TwoRuns) -> None:
    links = runs.first.links("create_rule")

    assert set(links) == {"RAM role", "Source bucket", "Destination bucket"}
    assert runs.pair.source.bucket in (links["Source bucket"] or "")
    assert runs.pair.destination.bucket in (links["Destination bucket"] or "")
    assert "oss-crr-" in (links["RAM role"] or "")


def test_the_dag_and_its_steps_are_documented(runs: TwoRuns, airflow: Airflow) -> None:
    tasks = {task["task_id"]: task for task in airflow.get(f"/dags/{DAG_ID}/tasks")["tasks"]}

    assert "Before the first run" in airflow.get(f"/dags/{DAG_ID}/details")["doc_md"]
    assert set(tasks) == set(ENDED)
    assert [name for name, task in tasks.items() if not task["doc_md"]] == []
