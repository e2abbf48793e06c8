"""Reports and notes in Airflow's own tables, on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from airflow.utils.state import DagRunState
from sqlalchemy import create_engine, insert
from sqlalchemy.orm import Session

from oss_crr.pages.database import RunFacts, Runs
from oss_crr.pages.note import write_note
from oss_crr.summary import SUMMARY

STARTED = datetime(2026, 11, 26, 12, tzinfo=UTC)
FLEET = "oss_crr_fleet"


class Database:
    """Airflow's tables, and what fills them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.runs = Runs(session)

    def run(self, number: int, dag_id: str = FLEET, state: DagRunState = DagRunState.SUCCESS) -> DagRun:
        """Add a run; a higher number is later."""
        after = STARTED + timedelta(hours=number)
        run = DagRun(dag_id=dag_id, run_id=f"run-{number}", run_type="manual", run_after=after, state=state)
        run.start_date, run.end_date = after, after + timedelta(minutes=1)
        self.session.add(run)
        self.session.flush()
        return run

    def left(
        self, run: DagRun, value: Any, task: str = "report", key: str = "return_value", index: int = -1, second: int = 0
    ) -> None:
        """Add what a task left."""
        names = {"dag_run_id": run.id, "dag_id": run.dag_id, "run_id": run.run_id}
        row = {**names, "task_id": task, "map_index": index, "key": key, "value": value}
        self.session.execute(insert(XComModel).values(timestamp=STARTED + timedelta(seconds=second), **row))


@pytest.fixture
def database() -> Iterator[Database]:
    import_all_models()  # type: ignore[no-untyped-call]
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield Database(session)


def found(database: Database, run_id: str | None, dag_id: str = FLEET) -> RunFacts:
    run = database.runs.find(dag_id, run_id)
    assert run is not None
    return run


def test_report_of_the_run_is_found_and_no_other(database: Database) -> None:
    for number in (1, 2):
        run = database.run(number)
        database.left(run, [{"pair": f"pair of {number}"}])
        database.left(run, [{"pair": "of a batch"}], task="batch.report", index=0)
        database.left(run, "another key", key="other")

    assert database.runs.report(found(database, "run-1")) == [{"pair": "pair of 1"}]
    assert database.runs.find(FLEET, "run-3") is None
    assert database.runs.find("oss_crr_verify", "run-1") is None


def test_latest_run_with_a_report_is_taken_when_none_is_named(database: Database) -> None:
    assert database.runs.find(FLEET, None) is None
    for number in (2, 1):
        database.left(database.run(number), [])
    database.run(3, state=DagRunState.RUNNING)
    database.left(database.run(4, dag_id="oss_crr_verify"), [])

    assert found(database, None).run_id == "run-2"


def test_batches_are_put_together_and_the_later_word_counts(database: Database) -> None:
    run = database.run(1)
    database.left(run, [{"pair": "b", "result": "again"}], task="alone.report", index=0, second=9)
    database.left(
        run, [{"pair": "a", "result": "complete"}, {"pair": "b", "result": "failed"}], "batch.report", index=0
    )
    database.left(run, [{"pair": "c", "result": "complete"}], task="batch.report", index=1, second=1)
    database.left(run, [{"pair": "d"}], task="batch.verify", index=1)
    facts = found(database, "run-1")

    assert {outcome["pair"]: outcome["result"] for outcome in database.runs.batches(facts)} == {
        "a": "complete",
        "b": "again",
        "c": "complete",
    }
    assert database.runs.report(facts) is None


def test_latest_runs_come_first_with_their_lines(database: Database) -> None:
    database.left(database.run(1), "1 of 1 pairs complete", key=SUMMARY)
    database.run(2, state=DagRunState.RUNNING)
    database.run(3, dag_id="theirs")

    assert [(run.run_id, run.state, run.summary) for run in database.runs.recent([FLEET])] == [
        ("run-2", "running", None),
        ("run-1", "success", "1 of 1 pairs complete"),
    ]
    assert database.runs.recent([]) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "49 of 50 pairs complete, 1 failed (logs)"),
        ("3 of 50 pairs complete, 47 failed", "49 of 50 pairs complete, 1 failed (logs)"),
        ("I look after it", "I look after it"),
    ],
)
def test_line_of_the_report_becomes_the_note(database: Database, before: str | None, after: str) -> None:
    run = database.run(1)
    run.note = before
    database.left(run, "49 of 50 pairs complete, 1 failed (logs)", key=SUMMARY)
    write_note(run)
    database.session.flush()
    database.session.expire_all()

    assert run.note == after


def test_note_fits_the_database(database: Database) -> None:
    run = database.run(1)
    database.left(run, "1 of 1 pairs failed (" + "x" * 2000 + ")", key=SUMMARY)
    write_note(run)

    assert len(run.note) == 1000


def test_runs_without_a_line_and_runs_of_others_get_no_note(database: Database) -> None:
    silent, theirs = database.run(1), database.run(2, dag_id="theirs")
    database.left(theirs, "1 of 1 pairs complete", key=SUMMARY)
    for run in (silent, theirs, DagRun(dag_id=FLEET, run_id="detached", run_type="manual")):
        write_note(run)
        assert run.note is None
