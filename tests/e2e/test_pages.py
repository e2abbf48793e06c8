"""The report's pages in the real Airflow: who sees them, what they show, and the run's note."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from devstack.stack import Stack
from tests.e2e.airflow import DAG_ID, Airflow, Run
from tests.e2e.conftest import NewPair

pytestmark = pytest.mark.e2e

PATHS = ("/", "/report", "/report.json", "/report.csv")


@pytest.fixture(scope="module")
def runs(airflow: Airflow, new_pair: NewPair) -> tuple[Run, Run]:
    """Return a run that succeeded, and one that failed for a bucket that does not exist."""
    pair = new_pair()
    failing = airflow.start(pair.conf(destination_bucket="oss-crr-no-such-bucket"))
    return airflow.start(pair.conf()).succeed(), failing.fail()


@pytest.fixture
def browser(stack: Stack) -> Iterator[httpx.Client]:
    """Return a browser that is not logged in."""
    with httpx.Client(base_url=f"{stack.settings.airflow_url}/oss_crr", trust_env=False, timeout=60) as client:
        yield client


def token(stack: Stack, role: str | None) -> str:
    """Return a token as Airflow issues it, of somebody with a role of the simple auth manager."""
    claims: dict[str, Any] = {"sub": "somebody", "role": role, "teams": []}
    airflow = {"aud": "apache-airflow", "iat": int(time.time()), "nbf": int(time.time()), "exp": int(time.time()) + 600}
    return jwt.encode({**claims, **airflow}, stack.keys.jwt_secret, algorithm="HS512")


def bearer(stack: Stack, role: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(stack, role)}"}


def query(run: Run) -> dict[str, str]:
    return {"dag_id": run.dag_id, "run_id": run.run_id}


@pytest.mark.parametrize("path", PATHS)
def test_strangers_see_nothing(browser: httpx.Client, runs: tuple[Run, Run], path: str) -> None:
    answer = browser.get(path, params=query(runs[0]))

    assert answer.status_code == 401
    assert "oss-crr-" not in answer.text


@pytest.mark.parametrize("path", PATHS[1:])
def test_users_without_the_dags_permission_are_refused(
    browser: httpx.Client, stack: Stack, runs: tuple[Run, Run], path: str
) -> None:
    answer = browser.get(path, params=query(runs[0]), headers=bearer(stack, None))

    assert answer.status_code == 403
    assert "oss-crr-" not in answer.text


def test_overview_of_such_a_user_is_empty(browser: httpx.Client, stack: Stack, runs: tuple[Run, Run]) -> None:
    answer = browser.get("/", headers=bearer(stack, None))

    assert answer.status_code == 200
    assert runs[0].run_id not in answer.text


def test_forged_tokens_are_refused(browser: httpx.Client, runs: tuple[Run, Run]) -> None:
    forged = jwt.encode({"sub": "admin", "role": "ADMIN"}, "not the secret" * 8, algorithm="HS512")
    answer = browser.get("/report.json", params=query(runs[0]), headers={"Authorization": f"Bearer {forged}"})

    assert answer.status_code == 403


def test_viewers_see_the_report_by_the_cookie_of_the_ui(
    browser: httpx.Client, stack: Stack, runs: tuple[Run, Run]
) -> None:
    browser.cookies.set("_token", token(stack, "VIEWER"))
    answer = browser.get("/report", params=query(runs[0]))

    assert answer.status_code == 200
    assert "1 of 1 pairs complete" in answer.text
    assert runs[0].report()["rule_id"] in answer.text


def test_json_and_csv_tell_the_same(browser: httpx.Client, stack: Stack, runs: tuple[Run, Run]) -> None:
    headers = bearer(stack, "VIEWER")
    found = browser.get("/report.json", params=query(runs[0]), headers=headers).json()
    table = browser.get("/report.csv", params=query(runs[0]), headers=headers).text

    (row,) = found["pairs"]
    assert (row["state"], row["rule_id"]) == ("complete", runs[0].report()["rule_id"])
    assert row["rule_id"] in table.splitlines()[1]


def test_failure_is_shown_with_its_cause(browser: httpx.Client, stack: Stack, runs: tuple[Run, Run]) -> None:
    found = browser.get("/report.json", params=query(runs[1]), headers=bearer(stack, "VIEWER")).json()

    (row,) = found["pairs"]
    assert row["state"] == "failed"
    assert "oss-crr-no-such-bucket" in row["cause"]


def test_latest_report_is_found_without_a_run_id(browser: httpx.Client, stack: Stack, runs: tuple[Run, Run]) -> None:
    answer = browser.get("/report.json", params={"dag_id": DAG_ID}, headers=bearer(stack, "VIEWER"))

    assert answer.json()["dag_id"] == DAG_ID


def test_overview_links_to_the_runs_with_their_results(
    browser: httpx.Client, stack: Stack, runs: tuple[Run, Run]
) -> None:
    text = browser.get("/", headers=bearer(stack, "VIEWER")).text

    assert "1 of 1 pairs complete" in text
    assert "1 of 1 pairs failed" in text


def test_airflow_knows_the_views(airflow: Airflow) -> None:
    (plugin,) = [plugin for plugin in airflow.get("/plugins")["plugins"] if plugin["name"] == "oss_crr"]

    assert {view["destination"] for view in plugin["external_views"]} == {"nav", "dag", "dag_run", "task_instance"}
    assert plugin["listeners"] == [], "the API server has none; only the scheduler does"


def test_run_carries_its_result_as_a_note(airflow: Airflow, runs: tuple[Run, Run]) -> None:
    succeeded, failed = (airflow.get(f"/dags/{run.dag_id}/dagRuns/{run.run_id}")["note"] for run in runs)

    assert succeeded == "1 of 1 pairs complete"
    assert failed.startswith("1 of 1 pairs failed (")


def test_note_of_a_person_stays(airflow: Airflow, runs: tuple[Run, Run]) -> None:
    run = runs[1]
    path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}"
    airflow.patch(path, {"note": "I look after it"})
    run.clear_failed()
    run.fail()

    assert airflow.get(path)["note"] == "I look after it"


def test_dags_of_others_that_allow_no_listener_still_work(airflow: Airflow) -> None:
    """Airflow refuses such a DAG in every process that has a listener: it must run in spite of the run's notes."""
    airflow.unpause("end_from_trigger")
    run = airflow.start({}, "end_from_trigger").succeed()

    assert run.states() == {"wait": "success"}
