"""The pages over HTTP, without a database: what is shown, how it is protected, what a stranger gets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from airflow.api_fastapi.core_api.security import get_user
from fastapi import HTTPException
from fastapi.testclient import TestClient

from oss_crr.pages import app as pages
from oss_crr.pages.database import RunFacts
from tests.plugins.pages.samples import EVIL, FINDING, FLEET, RUN, SETUP, VERIFICATION, result

Json = dict[str, Any]


class FakeRuns:
    """One run, and what its report task returned."""

    def __init__(self, run: RunFacts = RUN, report: object = None, batches: object = None) -> None:
        self.run = run
        self._report = report
        self._batches = batches

    def find(self, dag_id: str, run_id: str | None) -> RunFacts | None:
        known = dag_id == self.run.dag_id and run_id in (None, self.run.run_id)
        return self.run if known and (run_id or self._report) else None

    def report(self, run: RunFacts) -> object:
        return self._report

    def batches(self, run: RunFacts) -> object:
        return self._batches

    def recent(self, dag_ids: Iterable[str]) -> list[RunFacts]:
        return [self.run] if self.run.dag_id in dag_ids else []


@pytest.fixture
def client() -> Iterator[TestClient]:
    """Return a browser of somebody who may read everything; nothing is there yet."""
    serve(FakeRuns())
    pages.app.dependency_overrides[pages.may_read] = lambda: None
    pages.app.dependency_overrides[pages.readable_dags] = lambda: list(pages.DAG_IDS)
    yield TestClient(pages.app)
    pages.app.dependency_overrides.clear()


def serve(runs: FakeRuns) -> None:
    pages.app.dependency_overrides[pages.find_runs] = lambda: runs


def query(**more: str) -> Json:
    return {"dag_id": RUN.dag_id, "run_id": RUN.run_id, **more}


def page(client: TestClient, report: object, **more: str) -> str:
    serve(FakeRuns(report=report))
    answer = client.get("/report", params=query(**more))
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def body(text: str) -> str:
    """Return what is between styles and scripts."""
    return text.split("</style>")[1].split("<script")[0]


def test_fleet_is_a_row_per_pair_under_its_summary(client: TestClient) -> None:
    text = body(page(client, FLEET))

    assert "<h1>1 of 3 pairs complete, 1 failed (media), 1 waiting</h1>" in text
    assert text.count("<tbody>") == 3
    assert text.index("media") < text.index("oss-crr-3") < text.index("oss-crr-1"), "what failed is on top"
    for shown in ("99 %", "1,200", "3.0 MiB", "1 h 6 min", "grant_destination"):
        assert shown in text


def test_nothing_that_is_shown_is_markup(client: TestClient) -> None:
    evil_setup = [{**SETUP[0], "details": {**SETUP[0]["details"], "pair": EVIL, "state": EVIL, "rule_id": EVIL}}]
    evil_trend = result(EVIL, trend=[{"health": EVIL, "at": EVIL, "lag_seconds": 1}] * 2)
    for report in (FLEET, VERIFICATION, evil_setup, [evil_trend]):
        text = page(client, report)
        assert "alert(1)" in text
        assert "<script>alert" not in text
        assert text.count("<script") == 1, "the page's own"


def test_addresses_are_not_markup_either(client: TestClient) -> None:
    serve(FakeRuns(replace(RUN, run_id=EVIL), FLEET))
    text = client.get("/report", params={"dag_id": RUN.dag_id, "run_id": EVIL}).text

    assert "<script>alert" not in text
    assert "run_id=%22%3E%3Cscript%3E" in text


def test_page_allows_only_its_own_script_and_style(client: TestClient) -> None:
    serve(FakeRuns(report=FLEET))
    first, second = (client.get("/report", params=query()) for _ in range(2))
    policy = first.headers["content-security-policy"]
    (nonce,) = set(re.findall(r"nonce-([^']+)'", policy))

    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors 'self'" in policy
    assert first.text.count(f'nonce="{nonce}"') == 2
    assert " style=" not in first.text
    assert not re.search(r"\son\w+=", body(first.text))
    assert nonce not in second.text, "every answer has its own"
    assert first.headers["cache-control"] == "no-store"


def test_state_can_be_chosen(client: TestClient) -> None:
    text = body(page(client, FLEET, state="waiting"))

    assert text.count("<tbody>") == 1
    assert "oss-crr-3" in text
    assert "all 3" in text


def test_verification_shows_findings_and_the_trend(client: TestClient) -> None:
    trend = [{"at": "t", "health": "healthy", "lag_seconds": number} for number in range(3)]
    text = body(page(client, [*VERIFICATION, result("web", trend=trend)]))

    assert "2 of 3 pairs healthy, 1 broken (media)" in text
    for shown in ("destination_grant", "statement", "nothing", "=the statement is gone", "2026-11-26 12:00:00 UTC"):
        assert shown in text
    assert text.count("<svg") == 1
    assert text.count("<circle") == 3


def test_repair_is_told_with_what_was_wrong_before(client: TestClient) -> None:
    outcome = {"pair": "media", "result": "updated", "changes": ["the statement was gone"], "error": None}
    repaired = result("media", repair={"mode": "apply", "outcome": outcome, "before": [FINDING]})
    failed = result("web", repair={"outcome": {"result": "failed", "changes": [], "error": {"message": "no right"}}})
    text = body(page(client, [repaired, failed, result("logs", repair=None)]))

    assert "<strong>Repair (apply):</strong> updated" in text
    assert "the statement was gone" in text
    assert "was broken: destination_grant statement" in text
    assert "<strong>Repair:</strong> no right" in text
    assert text.count('class="more"') == 2


def test_teardown_tells_what_was_taken_back_and_what_stays(client: TestClient) -> None:
    row = {"pair": "a", "state": "removed", "taken": ["the rule"], "kept": ["the key"], "by_hand": ["ask the owner"]}
    text = body(page(client, [{"pair": "a", "details": row}]))

    assert "1 of 1 pairs removed" in text
    for shown in ("taken back:</strong> the rule", "stays:</strong> the key", "by hand:</strong> ask the owner"):
        assert shown in text


def test_plan_shows_what_would_be_written(client: TestClient) -> None:
    change = {"kind": "create", "summary": "role oss-crr-a", "diff": "+ trust"}
    text = body(
        page(client, [{"pair": "a", "state": "planned", "planned": [change, {"kind": "keep", "summary": "b"}]}])
    )

    assert "would create</strong> role oss-crr-a" in text
    assert "<pre>+ trust</pre>" in text
    assert "would create: role" in body(page(client, [{"pair": "a", "state": "planned", "planned": ["create: role"]}]))


def test_run_without_a_report_says_what_to_do(client: TestClient) -> None:
    text = body(page(client, None))
    assert "left no report" in text
    assert "its log" in text

    serve(FakeRuns(replace(RUN, state="running", ended=None, tasks=(("success", 3),))))
    text = client.get("/report", params=query()).text
    assert "The report comes at the end of the run" in text
    assert "3 success" in text
    assert 'id="reload"' in text


def test_run_that_goes_on_shows_what_its_batches_have_reported(client: TestClient) -> None:
    serve(FakeRuns(replace(RUN, state="running", ended=None), batches=SETUP))
    text = body(client.get("/report", params=query()).text)

    assert "<h1>So far: 1 of 1 pairs complete</h1>" in text
    assert 'id="reload"' in text
    assert "report.csv" not in text, "a script must not take it for the whole"
    assert client.get("/report.json", params=query()).status_code == 404

    serve(FakeRuns(batches=SETUP))
    assert "ended without a report" in client.get("/report", params=query()).text


def test_other_peoples_dags_are_left_alone(client: TestClient) -> None:
    serve(FakeRuns(replace(RUN, dag_id="theirs"), "their own report"))
    text = client.get("/report", params=query(dag_id="theirs")).text

    assert "this DAG has none" in text
    assert "their own report" not in text


def test_json_is_the_whole_report(client: TestClient) -> None:
    serve(FakeRuns(report=FLEET))
    found = client.get("/report.json", params={"dag_id": RUN.dag_id}).json()

    assert [(row["pair"], row["objects"]) for row in found["pairs"][:2]] == [("logs", 1200), ("media", None)]
    assert found["counts"] == {"complete": 1, "failed": 1, "waiting": 1}
    assert (found["run_id"], found["run_state"], found["kind"]) == (RUN.run_id, "failed", "pairs")


def test_csv_is_a_download_with_a_harmless_name(client: TestClient) -> None:
    serve(FakeRuns(replace(RUN, run_id='a/../"b'), FLEET))
    answer = client.get("/report.csv", params={"dag_id": RUN.dag_id})

    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="oss_crr_fleet-a_.._b.csv"'
    assert len(answer.text.splitlines()) == 4


def test_overview_links_to_the_runs_that_may_be_read(client: TestClient) -> None:
    serve(FakeRuns(replace(RUN, summary="1 of 3 pairs complete")))
    assert "report?dag_id=oss_crr_fleet&amp;run_id=manual__2026-11-26T12%3A00%3A00%2B00%3A00" in client.get("/").text

    pages.app.dependency_overrides[pages.readable_dags] = lambda: ["oss_crr_setup"]
    assert "There are none yet" in client.get("/").text


@pytest.mark.parametrize("path", ["/report", "/report.json", "/report.csv"])
def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(path, params=query(run_id="other"))

    assert answer.status_code == 404
    assert "There is no run other of oss_crr_fleet" in answer.text


@pytest.mark.parametrize("path", ["/report", "/report.json", "/report.csv"])
def test_dag_must_be_named_as_the_permission_is_asked_for_it(client: TestClient, path: str) -> None:
    assert client.get(path, params={"run_id": RUN.run_id}).status_code == 422
    assert client.get(path, params={"dag_id": ""}).status_code == 422


@pytest.mark.parametrize("path", ["/", "/report", "/report.json", "/report.csv"])
def test_strangers_are_refused(client: TestClient, path: str) -> None:
    serve(FakeRuns(report=FLEET))
    pages.app.dependency_overrides.pop(pages.may_read)
    pages.app.dependency_overrides.pop(pages.readable_dags)
    answer = client.get(path, params=query())

    assert answer.status_code == 401
    assert "logs" not in body(answer.text) if path in ("/", "/report") else answer.json()


def test_permission_is_asked_for_the_dag_that_is_shown(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a crafted address says twice."""
    asked: list[str] = []

    def is_reader(user: object, dag_id: str) -> bool:
        asked.append(dag_id)
        return dag_id == "allowed"

    monkeypatch.setattr(pages, "_is_reader", is_reader)
    pages.app.dependency_overrides.pop(pages.may_read)
    pages.app.dependency_overrides[get_user] = lambda: "somebody"

    assert client.get("/report?dag_id=allowed&dag_id=oss_crr_fleet").status_code == 403
    assert client.get("/report?dag_id=oss_crr_fleet&dag_id=allowed").status_code == 404
    assert client.get("/report?dag_id=~").status_code == 403
    assert asked == ["oss_crr_fleet", "allowed", "~"]


def test_everything_is_protected() -> None:
    """A route that is added later must ask for permission, too."""
    protecting = {pages.may_read, pages.readable_dags}
    for route in pages.app.routes:
        asked = {dependency.call for dependency in route.dependant.dependencies}  # type: ignore[attr-defined]
        assert asked & protecting, route.path  # type: ignore[attr-defined]


def test_refusal_is_shown_to_people(client: TestClient) -> None:
    def refuse() -> None:
        raise HTTPException(403, "Forbidden")

    pages.app.dependency_overrides[pages.may_read] = refuse
    answer = client.get("/report", params=query())

    assert answer.status_code == 403
    assert "You may not read this report" in answer.text
