"""Verification: started by a set-up, on a schedule, and by hand; faults found, told, and repaired."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from devstack.errors import ApiError
from devstack.stack import Stack
from tests.e2e.airflow import PATIENCE_SECONDS, Airflow, Run
from tests.e2e.cloud import LocalCloud
from tests.e2e.conftest import NewPair
from tests.e2e.world import OBJECTS, Json, Pair
from tests.mailbox import Mailbox

pytestmark = pytest.mark.e2e

VERIFY = "oss_crr_verify"
SENDER = {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.com"}
NOTIFIERS = [
    {
        "notifier": "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
        "smtp_conn_id": "ops_mail",
        "to": "ops@example.com",
        "subject": "{{ oss_crr.summary }}",
        "html_content": "<pre>{{ oss_crr.text | e }}</pre>",
    }
]


@dataclass(frozen=True)
class Story:
    """A few pairs, and what happened to them one run after another.

    :param pairs: by their names in the inventory.
    :param started: the run that the set-up of `well` has started.
    :param faulty: all pairs, in two batches, after somebody interfered.
    :param planned: the pair without a grant, in mode ``plan``.
    :param repaired: the pairs that can be read, in mode ``apply``; `late` still lags.
    :param mails: what was sent to the operators.
    """

    pairs: dict[str, Pair]
    started: Run
    faulty: Run
    planned: Run
    policy_after_plan: Any
    repaired: Run
    mails: list[str]


#: How pairs are verified that are not verified like the others. Lag is measured against a few seconds.
SETTINGS: dict[str, Json] = {"late": {"max_lag_minutes": 0.05, "canary": False, "compare": False}}


def inventory(pairs: dict[str, Pair]) -> str:
    """The inventory of some pairs."""
    listed = [{"name": name, **pair.conf(), "verify": SETTINGS.get(name, {})} for name, pair in pairs.items()]
    return yaml.safe_dump({"pairs": listed})


def interfere(airflow: Airflow, cloud: LocalCloud, pairs: dict[str, Pair]) -> None:
    """Do what happens to pairs behind the product's back."""
    cloud.bucket_client(pairs["ungranted"].destination).delete_bucket_policy()
    cloud.replication(pairs["late"].source, stalled=True)
    cloud.bucket_client(pairs["late"].source).put_object("written-during-the-stall", b"x")
    stranger = pairs["away"].source.fields(cloud.url, access_key_id="LTAI-unknown-to-everybody")
    airflow.put_connection(pairs["away"].source.connection_id, "alibaba_cloud", stranger)


def rows(run: Run) -> dict[str, Json]:
    """What the report tells, by pair."""
    return {row["pair"]: row for row in run.xcom("report")}


def runs_of_type(airflow: Airflow, kind: str) -> list[Json]:
    """The verification's runs of one type."""
    found: list[Json] = airflow.get(f"/dags/{VERIFY}/dagRuns", run_type=kind)["dag_runs"]
    return found


def started_by_event(airflow: Airflow) -> Run:
    """The run that the first event has started, when it has ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := runs_of_type(airflow, "asset_triggered")):
        assert time.monotonic() < deadline, "the event has started no run"
        time.sleep(0.5)
    return Run(airflow, VERIFY, found[0]["dag_run_id"]).succeed()


@pytest.fixture(scope="module")
def mailbox(airflow: Airflow) -> Iterator[Mailbox]:
    """The operators' mailbox, which Airflow is told to use."""
    with Mailbox().running() as mailbox:
        connection = {"conn_type": "smtp", "host": mailbox.host, "port": mailbox.port, "extra": json.dumps(SENDER)}
        airflow.post("/connections", {"connection_id": "ops_mail", **connection})
        airflow.post("/variables", {"key": "oss_crr_notifiers", "value": json.dumps(NOTIFIERS)})
        yield mailbox


@pytest.fixture(scope="module")
def story(stack: Stack, airflow: Airflow, cloud: LocalCloud, new_pair: NewPair, mailbox: Mailbox) -> Iterator[Story]:
    """Set pairs up, interfere, verify, and repair."""
    pairs = {name: new_pair() for name in ("well", "ungranted", "late", "away")}
    for name in ("well", "ungranted"):
        for side in pairs[name].sides:
            cloud.allow_canaries(side)
    airflow.unpause("health_listener")
    airflow.unpause(VERIFY)
    others = [airflow.start(pair.conf(wait_for_history=False)) for name, pair in pairs.items() if name != "well"]
    airflow.start(pairs["well"].conf()).succeed()
    started = started_by_event(airflow)
    for run in others:
        run.succeed()

    stack.settings.fleet_file.write_text(inventory(pairs), encoding="utf-8")
    interfere(airflow, cloud, pairs)
    time.sleep(60 * SETTINGS["late"]["max_lag_minutes"] + 1)
    faulty = airflow.start({"pairs": list(pairs), "batch_size": 2}, VERIFY).fail()
    planned = airflow.start({"pairs": ["ungranted"], "repair": "plan"}, VERIFY).fail()
    policy_after_plan = cloud.bucket(pairs["ungranted"].destination)["policy"]
    repaired = airflow.start({"pairs": ["well", "ungranted", "late"], "repair": "apply"}, VERIFY).succeed()
    yield Story(pairs, started, faulty, planned, policy_after_plan, repaired, mailbox.subjects())
    airflow.patch(f"/dags/{VERIFY}", {"is_paused": True})


def test_set_up_starts_a_verification_of_its_pair(story: Story) -> None:
    """The pair is not in the inventory yet: the event itself says what it is."""
    assert {name: row["health"] for name, row in rows(story.started).items()} == {story.pairs["well"].name: "healthy"}


def test_only_the_last_hour_is_verified_on_schedule(story: Story, airflow: Airflow) -> None:
    assert len(runs_of_type(airflow, "scheduled")) <= 2


def test_inventory_without_pairs_is_no_failure(story: Story, airflow: Airflow) -> None:
    scheduled = Run(airflow, VERIFY, runs_of_type(airflow, "scheduled")[0]["dag_run_id"]).succeed()
    assert set(scheduled.states().values()) == {"skipped"}
    assert "holds no pairs yet" in scheduled.log("resolve")


def test_each_pair_is_told_apart(story: Story) -> None:
    healths = {name: row["health"] for name, row in rows(story.faulty).items()}
    assert healths == {"well": "healthy", "ungranted": "broken", "late": "lagging", "away": "unknown"}


def test_batch_has_a_name_in_every_step(story: Story, airflow: Airflow) -> None:
    named = airflow.map_names(VERIFY, story.repaired.run_id)
    steps = ("check", "repair", "canary", "compare", "clean_up")
    assert {named[f"batch.{step}", 0] for step in steps} == {"well to late (3 pairs)"}


def test_broken_pair_is_named_with_its_cause(story: Story) -> None:
    (finding, *_) = rows(story.faulty)["ungranted"]["findings"]
    assert (finding["part"], finding["severity"]) == ("destination_grant", "broken")
    error = story.faulty.error("report")
    assert error.startswith("ReplicationBroken")
    assert f"ungranted: {finding['part']}" in error
    assert "well:" not in error


def test_pair_that_cannot_be_reached_says_why(story: Story) -> None:
    assert "LTAI" not in json.dumps(rows(story.faulty)["away"])
    assert any("access key" in finding["cause"] for finding in rows(story.faulty)["away"]["findings"])


def test_pair_that_only_lags_is_a_warning(story: Story) -> None:
    row = rows(story.repaired)["late"]
    assert (row["health"], [finding["part"] for finding in row["findings"]]) == ("lagging", ["lag"])
    assert "written-during-the-stall" in story.repaired.log("report")


def test_test_object_shows_that_data_arrives(story: Story, cloud: LocalCloud) -> None:
    assert rows(story.faulty)["well"]["measures"]["arrival_seconds"] > 0
    # Not through the pair that is known to be broken, but as soon as that is repaired.
    assert "arrival_seconds" not in rows(story.faulty)["ungranted"]["measures"]
    assert rows(story.repaired)["ungranted"]["measures"]["arrival_seconds"] > 0
    for side in story.pairs["well"].sides:
        assert cloud.bucket(side)["objects"] == OBJECTS


def test_objects_are_compared(story: Story) -> None:
    measures = rows(story.faulty)["well"]["measures"]
    # The test object is under way meanwhile, and may be among those that were listed.
    assert OBJECTS <= measures["compared"] <= OBJECTS + 1
    assert (measures["missing"], measures["different"]) == (0, 0)


def test_plan_shows_what_would_be_written_and_writes_nothing(story: Story) -> None:
    row = rows(story.planned)["ungranted"]
    assert row["repair"]["mode"] == "plan"
    assert story.policy_after_plan is None


def test_repair_brings_back_what_was_there(story: Story, cloud: LocalCloud) -> None:
    row = rows(story.repaired)["ungranted"]
    assert (row["health"], row["findings"]) == ("healthy", [])
    assert row["repair"]["outcome"]["changes"]
    assert [finding["part"] for finding in row["repair"]["before"]] == ["destination_grant"]
    assert cloud.bucket(story.pairs["ungranted"].destination)["policy"]["Statement"]


def test_trend_goes_from_run_to_run(story: Story) -> None:
    trend = rows(story.repaired)["ungranted"]["trend"]
    assert [point["health"] for point in trend] == ["broken", "broken", "healthy"]
    first, second = (rows(run)["ungranted"]["findings"][0] for run in (story.faulty, story.planned))
    assert first["since"] == second["since"] == trend[0]["at"]


def test_an_event_tells_of_each_pair(story: Story) -> None:
    told = {event["name"]: event["extra"]["health"] for event in story.faulty.events()}
    assert told == {
        "oss-crr://health/well": "healthy",
        "oss-crr://health/ungranted": "broken",
        "oss-crr://health/late": "lagging",
        "oss-crr://health/away": "unknown",
    }


def test_another_dag_can_listen(story: Story, airflow: Airflow) -> None:
    listened = [run.succeed() for run in airflow.runs("health_listener")]
    assert [health for run in listened for health in run.xcom("react")] == ["healthy", "healthy"]


def test_operators_get_a_mail_when_the_health_of_pairs_changes(story: Story) -> None:
    assert story.mails == ["ungranted is broken, and 2 more", "ungranted is healthy, was broken"]


def test_backfill_is_refused(airflow: Airflow) -> None:
    body = {"dag_id": VERIFY, "from_date": "2026-02-01T00:00:00Z", "to_date": "2026-02-02T00:00:00Z"}
    with pytest.raises(ApiError, match="does not allow backfill runs"):
        airflow.post("/backfills", body)


def test_wrong_parameter_is_refused(story: Story, airflow: Airflow) -> None:
    run = airflow.start({"pair": "well"}, VERIFY).fail()
    assert "unknown parameter" in run.error("report")
