"""The line that a report left becomes the note of its run.

A task cannot write the note of its run: Airflow's API for tasks has no such call. So the scheduler does, when it ends
the run, in the transaction in which it stores the run's state: one read by primary key, no work of ours. What a person
wrote into the note stays as it is.

The listener is there in the scheduler only. Airflow refuses DAGs with ``end_from_trigger`` in every process that has
listeners, and those DAGs belong to others; the processes that the scheduler forks for tasks drop it for that reason.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from airflow.listeners import hookimpl
from airflow.models.xcom import XComModel
from sqlalchemy import select
from sqlalchemy.orm import object_session

from oss_crr.summary import SUMMARY

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

_DAGS = "oss_crr_"
_REPORT_TASK = "report"
#: What Airflow's database has room for.
_LONGEST = 1000
_OURS = re.compile(r"\d+ of \d+ pairs |no pairs$")


class RunNote:
    """Notes the result of a run when it ends."""

    @hookimpl
    def on_dag_run_success(self, dag_run: DagRun) -> None:
        """Note the result of a successful run."""
        write_note(dag_run)

    @hookimpl
    def on_dag_run_failed(self, dag_run: DagRun) -> None:
        """Note the result of a run that failed."""
        write_note(dag_run)


def write_note(dag_run: DagRun) -> None:
    """Put the report's line into a run's note, unless a person wrote something there."""
    if not dag_run.dag_id.startswith(_DAGS):
        return
    line = _line(dag_run)
    if line and (not dag_run.note or _OURS.match(dag_run.note)):
        dag_run.note = line[:_LONGEST]


def _line(dag_run: DagRun) -> str | None:
    session = object_session(dag_run)
    if session is None:
        return None
    query = select(XComModel).where(
        XComModel.dag_run_id == dag_run.id,
        XComModel.task_id == _REPORT_TASK,
        XComModel.map_index == -1,
        XComModel.key == SUMMARY,
    )
    with session.no_autoflush:
        row = session.scalar(query)
    return str(XComModel.deserialize_value(row)) if row else None


#: The one listener of a scheduler.
NOTE = RunNote()


def _drop() -> None:
    from airflow.listeners.listener import get_listener_manager

    if get_listener_manager.cache_info().currsize and get_listener_manager().pm.is_registered(NOTE):
        get_listener_manager().pm.unregister(NOTE)


os.register_at_fork(after_in_child=_drop)
