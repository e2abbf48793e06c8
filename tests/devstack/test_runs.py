"""Running a DAG for the demo."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from devstack import runs
from devstack.api import TaskState
from devstack.errors import RunFailed
from devstack.runs import EndedRun, Runner

FAILED = TaskState("batch.report", 3, "failed", 1, 1.0)


class FakeApi:
    """An Airflow in which a run ends after so many looks."""

    def __init__(self, looks: int = 2) -> None:
        self.looks = looks
        self.calls: list[tuple[str, ...]] = []
        self.unfinished: list[str] = []

    def unfinished_runs(self, dag_id: str) -> list[str]:
        return self.unfinished

    def pause(self, dag_id: str) -> None:
        self.calls.append(("pause", dag_id))

    def fail_run(self, dag_id: str, run_id: str) -> None:
        self.calls.append(("fail", dag_id, run_id))

    def unpause(self, dag_id: str) -> None:
        self.calls.append(("unpause", dag_id))

    def trigger(self, dag_id: str, conf: Mapping[str, object]) -> str:
        return "manual__1+00:00/x"

    def run_state(self, dag_id: str, run_id: str) -> str:
        self.looks -= 1
        return "running" if self.looks else "failed"

    def task_states(self, dag_id: str, run_id: str) -> list[TaskState]:
        return [FAILED]

    def errors(self, dag_id: str, run_id: str, task: TaskState) -> list[str]:
        return ["PermanentError: one\ntwo"]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    monkeypatch.setattr(runs, "_POLL_SECONDS", 0)
    return FakeApi()


def runner(api: FakeApi) -> Runner:
    stack: Any = SimpleNamespace(
        api=lambda: api, check=lambda: None, wait_for_dag=lambda *_: None, settings=SimpleNamespace(log_folder="logs")
    )
    return Runner(stack)


def test_what_an_earlier_demo_left_is_ended_first(api: FakeApi) -> None:
    api.unfinished = ["left over"]
    runner(api).prepare("dag")

    assert api.calls == [("pause", "dag"), ("fail", "dag", "left over")]


def test_scheduled_run_is_followed_or_else_one_is_started(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_SCHEDULE_SECONDS", 0.05)
    api.unfinished = ["scheduled__1"]
    assert runner(api).run_scheduled("dag").run_id == "scheduled__1"

    api.looks, api.unfinished = 2, []
    assert runner(api).run_scheduled("dag").run_id == "manual__1+00:00/x"
    assert api.calls[0] == ("unpause", "dag")


def test_run_is_shown_until_it_has_ended(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    run = runner(api).run("dag", {})

    assert (run.state, list(run.tasks)) == ("failed", [FAILED])
    assert capsys.readouterr().out.split()[:3] == ["batch.report", "[3]", "failed"]
    assert runner(api).failures(run) == "  batch.report:\n    PermanentError: one\n    two"


def test_run_that_does_not_end_is_given_up(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_RUN_SECONDS", -1)

    with pytest.raises(RunFailed, match="did not end within"):
        runner(api).run("dag", {})


def test_address_of_the_report_is_encoded() -> None:
    run = EndedRun("dag", "manual__1+00:00/x", "success", [])

    assert run.page("http://airflow") == "http://airflow/dags/dag/runs/manual__1%2B00%3A00%2Fx/plugin/oss-crr-run"
