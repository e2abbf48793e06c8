"""What a test asks of the running Airflow, beyond what the demo needs."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from typing import Any

from devstack.api import AirflowApi, TaskState
from tests.e2e.world import Json, Side

DAG_ID = "oss_crr_setup"
#: A busy machine must not fail a test: nothing here takes a tenth of it on an idle one.
PATIENCE_SECONDS = 600.0
_POLL_SECONDS = 0.5


class Airflow(AirflowApi):
    """Speaks to the stack's Airflow."""

    def get(self, path: str, **query: object) -> Json:
        """Read something below ``/api/v2``."""
        return self._call("GET", f"/api/v2{path}", query)

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """Send something below ``/api/v2``."""
        return self._call("POST", f"/api/v2{path}", body=body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Json:
        """Change something below ``/api/v2``."""
        return self._call("PATCH", f"/api/v2{path}", body=body)

    def put_login(self, side: Side, extra: Mapping[str, object]) -> None:
        """Give an account's connection its key as login and password."""
        login, password = side.key
        body = {"login": login, "password": password, "conn_type": "alibaba_cloud", "extra": json.dumps(dict(extra))}
        self.patch(f"/connections/{side.connection_id}", {"connection_id": side.connection_id, **body})

    def start(self, conf: Mapping[str, object], dag_id: str = DAG_ID) -> Run:
        """Start a run.

        :raises ApiError: Airflow refuses the parameters (status 400).
        """
        return Run(self, dag_id, self.trigger(dag_id, conf))

    def map_names(self, dag_id: str, run_id: str) -> dict[tuple[str, int], str | None]:
        """What Airflow calls each instance of a mapped task."""
        found = self._pages(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances")
        return {(task["task_id"], task["map_index"]): task["rendered_map_index"] for task in found}

    def runs(self, dag_id: str = DAG_ID) -> list[Run]:
        """Every run of a DAG."""
        return [
            Run(self, dag_id, found["dag_run_id"])
            for found in self._pages(f"/api/v2/dags/{dag_id}/dagRuns", "dag_runs")
        ]


class Run:
    """One run of a DAG."""

    def __init__(self, airflow: Airflow, dag_id: str, run_id: str) -> None:
        self._airflow = airflow
        self.dag_id = dag_id
        self.run_id = run_id

    def __repr__(self) -> str:
        return f"{self.dag_id}/{self.run_id}"

    # --- waiting -----------------------------------------------------------------------------------------------------

    def wait(self) -> str:
        """Wait until the run has ended, and return its state."""
        return self._airflow.wait(self.dag_id, self.run_id, PATIENCE_SECONDS, _POLL_SECONDS)

    def succeed(self) -> Run:
        """Wait until the run has ended, and make sure that it succeeded."""
        assert self.wait() == "success", self.failures()
        return self

    def fail(self) -> Run:
        """Wait until the run has ended, and make sure that it failed."""
        assert self.wait() == "failed", self.states()
        return self

    def until(self, task_id: str, states: Collection[str]) -> TaskState:
        """Wait until a task is in one of some states.

        :raises TimeoutError: it never was, or ended in another state.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            task = self.tasks()[task_id]
            if task.state in states:
                return task
            if task.is_final:
                break
            time.sleep(_POLL_SECONDS)
        raise TimeoutError(f"{task_id} of {self} is {self.tasks()[task_id].state}, not {states}: {self.failures()}")

    # --- reading -----------------------------------------------------------------------------------------------------

    def tasks(self) -> dict[str, TaskState]:
        """Every task of the run by its id."""
        return {task.task_id: task for task in self._airflow.task_states(self.dag_id, self.run_id)}

    def states(self) -> dict[str, str | None]:
        """Every task's state."""
        return {name: task.state for name, task in self.tasks().items()}

    def tries(self) -> dict[str, int]:
        """How often each task was tried."""
        return {name: task.try_number for name, task in self.tasks().items()}

    def failures(self) -> dict[str, list[str]]:
        """What each failed task says."""
        failed = [task for task in self.tasks().values() if task.state == "failed"]
        return {task.task_id: self._airflow.errors(self.dag_id, self.run_id, task) for task in failed}

    def error(self, task_id: str) -> str:
        """The exception that a task ended with: its class and its message."""
        errors = self._airflow.errors(self.dag_id, self.run_id, self.tasks()[task_id])
        return errors[-1] if errors else ""

    def log(self, task_id: str) -> str:
        """The messages of a task's present try."""
        return "\n".join(self._airflow.log(self.dag_id, self.run_id, self.tasks()[task_id]))

    def xcom(self, task_id: str, key: str = "return_value") -> Any:
        """What a task left under a key."""
        return self._airflow.xcom(self.dag_id, self.run_id, task_id, key)

    def details(self, task_id: str) -> Json:
        """What a task left about the run's one pair."""
        details: Json = self.xcom(task_id)[0]["details"]
        return details

    def report(self) -> Json:
        """The report about the run's one pair."""
        return self.details("report")

    def task_instance(self, task_id: str) -> Json:
        """All that Airflow tells of a task, with its rendered fields."""
        return self._airflow.get(self._path(task_id))

    def links(self, task_id: str) -> dict[str, str | None]:
        """A task's links by their names."""
        links: dict[str, str | None] = self._airflow.get(f"{self._path(task_id)}/links")["extra_links"]
        return links

    def events(self) -> list[Json]:
        """The asset events that the run announced."""
        return self._airflow.asset_events(self.dag_id, self.run_id)

    # --- acting ------------------------------------------------------------------------------------------------------

    def clear_failed(self) -> Run:
        """Clear the failed tasks and what follows them, as a user does in the UI."""
        body = {"dag_run_id": self.run_id, "dry_run": False, "only_failed": True}
        self._airflow.post(f"/dags/{self.dag_id}/clearTaskInstances", body)
        return self

    def answer(self, task_id: str, option: str) -> None:
        """Choose an option of a task that waits for somebody."""
        self._airflow.patch(f"{self._path(task_id)}/-1/hitlDetails", {"chosen_options": [option]})

    def _path(self, task_id: str) -> str:
        return f"/dags/{self.dag_id}/dagRuns/{self.run_id}/taskInstances/{task_id}"
