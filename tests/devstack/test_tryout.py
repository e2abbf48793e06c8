"""The try-out's last step, against scripted answers of Airflow; ``tests/cluster`` runs it against a real one."""

from __future__ import annotations

import json

import httpx
import pytest

from devstack import tryout
from devstack.api import AirflowApi
from devstack.cloud_config import DESTINATION, SOURCE, setup_conf
from devstack.errors import RunFailed
from devstack.ports import free_port

RUN = "/api/v2/dags/oss_crr_setup/dagRuns"


class ScriptedAirflow:
    """Answers as an Airflow that has the DAG, or has not, and whose run ends in some state."""

    def __init__(self, *, final_state: str = "success", has_dag: bool = True) -> None:
        self.final_state = final_state
        self.has_dag = has_dag
        self.bodies: dict[str, list[object]] = {}

    def api(self) -> AirflowApi:
        """Return a client of it."""
        return AirflowApi("http://airflow", "secret", httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        path = request.url.path
        if request.content:
            self.bodies.setdefault(f"{request.method} {path}", []).append(json.loads(request.content))
        if path == "/api/v2/dags/oss_crr_setup" and not self.has_dag:
            return httpx.Response(404, json={"detail": "no such DAG"})
        if path == "/api/v2/importErrors":
            return httpx.Response(200, json={"import_errors": [{"filename": "x.py", "stack_trace": "broken"}]})
        return httpx.Response(200, json={"dag_run_id": "run", "state": self.final_state})


def test_both_connections_are_made_and_their_pair_is_set_up() -> None:
    airflow = ScriptedAirflow()
    tryout.set_up(airflow.api(), "http://localcloud:9090")
    connections = [body for body in airflow.bodies["POST /api/v2/connections"] if isinstance(body, dict)]
    assert {body["connection_id"]: json.loads(body["extra"]) for body in connections} == {
        side.connection_id: side.connection_extra("http://localcloud:9090") for side in (SOURCE, DESTINATION)
    }
    assert airflow.bodies[f"POST {RUN}"] == [{"logical_date": None, "conf": setup_conf()}]
    assert airflow.bodies["PATCH /api/v2/dags/oss_crr_setup"] == [{"is_paused": False}]


def test_a_run_that_fails_fails_the_tryout() -> None:
    with pytest.raises(RunFailed, match="Run run of oss_crr_setup failed"):
        tryout.set_up(ScriptedAirflow(final_state="failed").api(), "http://localcloud:9090")


def test_a_dag_that_is_not_read_is_named_with_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tryout, "_DAG_SECONDS", 0.0)
    with pytest.raises(TimeoutError, match=r"no DAG oss_crr_setup.\nx.py:\nbroken"):
        tryout.set_up(ScriptedAirflow(has_dag=False).api(), "http://localcloud:9090")


def test_an_airflow_that_does_not_answer_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    environment = {"AIRFLOW_URL": nobody, "AIRFLOW_ADMIN_PASSWORD": "secret", "LOCALCLOUD_URL": nobody}
    assert tryout.main(environment) == 1
    assert capsys.readouterr().err.startswith("The try-out failed. POST /auth/token: no answer from Airflow")
