"""The application that serves the reports, mounted below ``/oss_crr`` in Airflow's API server.

Airflow does not protect an application that a plugin mounts. Every route here asks Airflow's own auth manager, with
the same question as Airflow's API for XComs: may this user read the XComs of this DAG?
"""

from __future__ import annotations

import re
import secrets
from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.models.dag import DagModel
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException as AnyHTTPException

from oss_crr.pages.columns import PAIRS, VERIFICATION, used
from oss_crr.pages.database import RunFacts, Runs
from oss_crr.pages.export import to_csv
from oss_crr.pages.render import render
from oss_crr.pages.report import Report, read_report

DAG_IDS = ("oss_crr_setup", "oss_crr_fleet", "oss_crr_verify", "oss_crr_teardown")

#: Nothing is loaded from anywhere, and only Airflow itself may show a page in a frame.
_POLICY = (
    "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}

app = FastAPI(title="OSS replication reports", docs_url=None, redoc_url=None, openapi_url=None)


def find_runs(session: SessionDep) -> Runs:
    """Return the runs of this Airflow."""
    return Runs(session)


RunsDep = Annotated[Runs, Depends(find_runs)]
DagId = Annotated[str, Query(min_length=1, max_length=250)]
RunId = Annotated[str | None, Query(max_length=250)]


def may_read(dag_id: DagId, user: GetUserDep) -> None:
    """Refuse users who may not read the XComs of the DAG: of exactly the one that is going to be shown.

    :raises HTTPException: 403.
    """
    if not _is_reader(user, dag_id):
        raise HTTPException(403, "Forbidden")


def readable_dags(user: GetUserDep) -> list[str]:
    """Return those of the product's DAGs whose reports the user may read."""
    return [dag_id for dag_id in DAG_IDS if _is_reader(user, dag_id)]


@app.get("/")
def overview(runs: RunsDep, dag_ids: Annotated[list[str], Depends(readable_dags)]) -> Response:
    """Show the latest runs of all DAGs that the user may read."""
    return _page("overview", runs=runs.recent(dag_ids))


@app.get("/report", dependencies=[Depends(may_read)])
def report_page(dag_id: DagId, runs: RunsDep, run_id: RunId = None, state: str | None = None) -> Response:
    """Show a run's report, or what its batches have reported so far.

    Without ``run_id``, it is that of the latest run that has one.
    """
    run = _run(runs, dag_id, run_id)
    report = read_report(runs.report(run))
    final = report is not None
    report = report or read_report(runs.batches(run))
    if report is None:
        return _page("no_report", run=run)
    columns = used(VERIFICATION if report.kind == "verification" else PAIRS, report.rows)
    rows = report.worst_first(state)
    return _page("report", run=run, report=report, rows=rows, columns=columns, state=state, final=final)


@app.get("/report.json", dependencies=[Depends(may_read)])
def report_json(dag_id: DagId, runs: RunsDep, run_id: RunId = None) -> Response:
    """Return a run's report as JSON."""
    run, report = _reported(runs, dag_id, run_id)
    content = {
        **_run_json(run),
        "kind": report.kind,
        "summary": report.summary,
        "counts": report.counts,
        "pairs": list(report.rows),
    }
    return JSONResponse(content, headers=_HEADERS)


@app.get("/report.csv", dependencies=[Depends(may_read)])
def report_csv(dag_id: DagId, runs: RunsDep, run_id: RunId = None) -> Response:
    """Return a run's report as CSV."""
    run, report = _reported(runs, dag_id, run_id)
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", f"{run.dag_id}-{run.run_id}.csv")
    headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(to_csv(report), media_type="text/csv; charset=utf-8", headers=headers)


@app.exception_handler(AnyHTTPException)
async def refuse(request: Request, error: AnyHTTPException) -> Response:
    """Answer people with a page, and scripts with JSON."""
    if request.url.path.endswith((".json", ".csv")):
        return JSONResponse({"detail": error.detail}, error.status_code, headers=_HEADERS)
    return _page("refused", status=error.status_code, detail=error.detail)


def _is_reader(user: BaseUser, dag_id: str) -> bool:
    details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    readable: bool = get_auth_manager().is_authorized_dag(
        method="GET", access_entity=DagAccessEntity.XCOM, details=details, user=user
    )
    return readable


def _run(runs: Runs, dag_id: str, run_id: str | None) -> RunFacts:
    run = runs.find(dag_id, run_id)
    if run is None:
        raise HTTPException(404, f"There is no run {run_id} of {dag_id}" if run_id else f"{dag_id} has no report yet")
    return run


def _reported(runs: Runs, dag_id: str, run_id: str | None) -> tuple[RunFacts, Report]:
    run = _run(runs, dag_id, run_id)
    report = read_report(runs.report(run))
    if report is None:
        raise HTTPException(404, f"Run {run.run_id} of {dag_id} is {run.state} and has no report")
    return run, report


def _run_json(run: RunFacts) -> dict[str, Any]:
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "run_state": run.state,
        "started": run.started.isoformat() if run.started else None,
        "ended": run.ended.isoformat() if run.ended else None,
    }


def _page(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    nonce = secrets.token_urlsafe(16)
    headers = {**_HEADERS, "Content-Security-Policy": _POLICY.format(nonce=nonce)}
    return HTMLResponse(render(template, nonce, status=status, **values), status, headers=headers)
