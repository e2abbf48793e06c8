"""Runs and their reports, read from Airflow's database in the API server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import func, select

from oss_crr.summary import SUMMARY

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import Session
    from sqlalchemy.sql.elements import ColumnElement

#: The task whose output is the report, in every DAG.
REPORT_TASK = "report"
_RETURN_VALUE = "return_value"
_RECENT = 10


@dataclass(frozen=True)
class RunFacts:
    """What a page tells of a run.

    :param summary: the line that its report left, if it came that far.
    :param tasks: number of its tasks by state.
    """

    dag_id: str
    run_id: str
    state: str
    started: datetime | None
    ended: datetime | None
    summary: str | None = None
    tasks: tuple[tuple[str, int], ...] = ()

    @property
    def ended_all(self) -> bool:
        """Tell whether nothing more will come."""
        return self.state in ("success", "failed")


class Runs:
    """The runs of Airflow, as far as reports are concerned.

    :param session: a session that this only reads with.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, dag_id: str, run_id: str | None) -> RunFacts | None:
        """Return a run, or the latest one of its DAG that has a report when none is named."""
        run_id = run_id or self._latest(dag_id)
        run = self._session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        return _facts(run, None, self._tasks(dag_id, run.run_id)) if run else None

    def report(self, run: RunFacts) -> Any:
        """Return what the run's report task returned; None if there is nothing."""
        row = self._session.scalar(_outputs(run.dag_id, run.run_id).where(_is_output(_RETURN_VALUE)))
        return XComModel.deserialize_value(row) if row else None

    def batches(self, run: RunFacts) -> list[Any]:
        """Return what the batches of a fleet's run have reported so far; of a pair in two batches, the later word."""
        query = (
            _outputs(run.dag_id, run.run_id)
            .where(XComModel.task_id.like(f"%.{REPORT_TASK}"), XComModel.map_index >= 0)
            .order_by(XComModel.timestamp)
        )
        reported = [XComModel.deserialize_value(row) for row in self._session.scalars(query)]
        outcomes = [outcome for batch in reported if isinstance(batch, list) for outcome in batch]
        return list({str(outcome.get("pair")): outcome for outcome in outcomes if isinstance(outcome, dict)}.values())

    def recent(self, dag_ids: Iterable[str]) -> list[RunFacts]:
        """Return the latest runs of some DAGs, the latest first, with the lines that their reports left."""
        summary = _is_output(SUMMARY) & (XComModel.dag_run_id == DagRun.id)
        query = (
            select(DagRun, XComModel)
            .outerjoin(XComModel, summary)
            .where(DagRun.dag_id.in_(list(dag_ids)))
            .order_by(DagRun.run_after.desc(), DagRun.id.desc())
            .limit(_RECENT * 2)
        )
        return [_facts(run, line) for run, line in self._session.execute(query)]

    def _latest(self, dag_id: str) -> str | None:
        query = (
            select(DagRun.run_id)
            .join(XComModel, XComModel.dag_run_id == DagRun.id)
            .where(DagRun.dag_id == dag_id, _is_output(_RETURN_VALUE))
            .order_by(DagRun.run_after.desc(), DagRun.id.desc())
            .limit(1)
        )
        return self._session.scalar(query)

    def _tasks(self, dag_id: str, run_id: str) -> tuple[tuple[str, int], ...]:
        query = (
            select(TaskInstance.state, func.count())
            .where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
            .group_by(TaskInstance.state)
        )
        return tuple(sorted((str(state or "not started"), number) for state, number in self._session.execute(query)))


def _outputs(dag_id: str, run_id: str) -> Select[tuple[XComModel]]:
    run = (XComModel.dag_id == dag_id) & (XComModel.run_id == run_id)
    return select(XComModel).where(run, XComModel.key == _RETURN_VALUE)


def _is_output(key: str) -> ColumnElement[bool]:
    """Match what the report task of a whole run left, not those of a fleet's batches."""
    return (XComModel.task_id == REPORT_TASK) & (XComModel.map_index == -1) & (XComModel.key == key)


def _facts(run: DagRun, summary: XComModel | None, tasks: tuple[tuple[str, int], ...] = ()) -> RunFacts:
    line = XComModel.deserialize_value(summary) if summary else None
    return RunFacts(
        run.dag_id, run.run_id, str(run.state), run.start_date, run.end_date, str(line) if line else None, tasks
    )
