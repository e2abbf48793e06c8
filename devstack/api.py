"""A small client of Airflow's REST API, version 2.

See https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from devstack.errors import ApiError

#: What the API returns and takes.
Json = dict[str, Any]

#: States of a DAG run that do not change any more.
FINAL_RUN_STATES = frozenset({"success", "failed"})
#: States of a task that do not change any more.
FINAL_TASK_STATES = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})

_PAGE_SIZE = 100
_CONFLICT = 409


@dataclass(frozen=True)
class TaskState:
    """One task instance of a run.

    :param task_id: the task, with its groups: ``pair.create_role``.
    :param map_index: its place in a mapped group; -1 when it is not mapped.
    :param state: Airflow's name of the state, or None before it is scheduled.
    :param try_number: the present try, from 1.
    :param seconds: how long it took, or has taken so far; 0 before it started.
    """

    task_id: str
    map_index: int
    state: str | None
    try_number: int
    seconds: float

    @property
    def is_final(self) -> bool:
        """Whether the state will not change any more."""
        return self.state in FINAL_TASK_STATES


class AirflowApi:
    """Speaks to one Airflow with the simple auth manager.

    :param url: the API server's address, such as ``http://127.0.0.1:8080``.
    :param password: the password of the user ``admin``.
    :param transport: what carries the requests instead of the network, in tests.
    """

    def __init__(self, url: str, password: str, transport: httpx.BaseTransport | None = None) -> None:
        self._password = password
        # trust_env: a proxy has no business between this process and an Airflow of this machine.
        self._client = httpx.Client(base_url=url, timeout=30, trust_env=False, transport=transport)

    def login(self) -> None:
        """Fetch a token for the calls to come.

        :raises ApiError: wrong password, or no answer.
        """
        token = self._call("POST", "/auth/token", body={"username": "admin", "password": self._password})
        self._client.headers["Authorization"] = f"Bearer {token['access_token']}"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def put_connection(self, connection_id: str, connection_type: str, extra: Mapping[str, object]) -> None:
        """Create a connection, or replace the one of that name.

        :param connection_id: the name that DAGs use.
        :param connection_type: such as ``alibaba_cloud``.
        :param extra: the connection's extra fields.
        """
        body = {"connection_id": connection_id, "conn_type": connection_type, "extra": json.dumps(dict(extra))}
        try:
            self._call("POST", "/api/v2/connections", body=body)
        except ApiError as error:
            if error.status != _CONFLICT:
                raise
            self._call("PATCH", f"/api/v2/connections/{connection_id}", body=body)

    def has_dag(self, dag_id: str) -> bool:
        """Whether Airflow has read the file of a DAG."""
        try:
            self._call("GET", f"/api/v2/dags/{dag_id}")
        except ApiError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return False
            raise
        return True

    def import_errors(self) -> list[str]:
        """The stack traces of DAG files that could not be imported, each under its file's name."""
        errors = self._call("GET", "/api/v2/importErrors")["import_errors"]
        return [f"{error['filename']}:\n{error['stack_trace']}" for error in errors]

    def unpause(self, dag_id: str) -> None:
        """Let a DAG's runs be scheduled."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", body={"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Let no more runs of a DAG be scheduled."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", body={"is_paused": True})

    def trigger(self, dag_id: str, conf: Mapping[str, object]) -> str:
        """Start a run of a DAG.

        :param conf: the run's parameters.
        :returns: the run's id.
        :raises ApiError: a parameter is invalid (status 400), or there is no such DAG (404).
        """
        run = self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body={"logical_date": None, "conf": dict(conf)})
        return str(run["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        """The state of a run: ``queued``, ``running``, ``success`` or ``failed``."""
        return str(self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def unfinished_runs(self, dag_id: str) -> list[str]:
        """The ids of a DAG's runs that are queued or running."""
        runs = self._pages(f"/api/v2/dags/{dag_id}/dagRuns", "dag_runs", {"state": ["queued", "running"]})
        return [str(run["dag_run_id"]) for run in runs]

    def fail_run(self, dag_id: str, run_id: str) -> None:
        """Mark a run, and its unfinished tasks, as failed."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", body={"state": "failed"})

    def wait(self, dag_id: str, run_id: str, timeout_seconds: float, poll_seconds: float = 0.3) -> str:
        """Wait until a run has ended.

        :param timeout_seconds: how long at most.
        :param poll_seconds: the pause between two looks.
        :returns: ``success`` or ``failed``.
        :raises TimeoutError: it did not end in time.
        """
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            state = self.run_state(dag_id, run_id)
            if state in FINAL_RUN_STATES:
                return state
            time.sleep(poll_seconds)
        raise TimeoutError(f"run {run_id} of {dag_id} did not end within {timeout_seconds:.0f} s")

    def task_states(self, dag_id: str, run_id: str) -> list[TaskState]:
        """Every task instance of a run, in the order in which they started; those that did not come last."""
        instances = list(self._pages(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances"))
        instances.sort(key=lambda instance: (instance["start_date"] is None, instance["start_date"]))
        return [_task_state(instance) for instance in instances]

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        """The value that a task left under a key, as Python data.

        :raises ApiError: there is none (status 404).
        """
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self._call("GET", path, {"map_index": map_index, "deserialize": False, "stringify": False})["value"]

    def log(self, dag_id: str, run_id: str, task: TaskState) -> list[str]:
        """The messages of a task's present try, one entry each, without time stamps."""
        return [entry["event"] for entry in self._log_entries(dag_id, run_id, task)]

    def errors(self, dag_id: str, run_id: str, task: TaskState) -> list[str]:
        """The exceptions that a task's present try ended with, without their stack traces."""
        return [
            f"{detail['exc_type']}: {detail['exc_value']}"
            for entry in self._log_entries(dag_id, run_id, task)
            for detail in (entry.get("error_detail") or [])[:1]
        ]

    def _log_entries(self, dag_id: str, run_id: str, task: TaskState) -> list[Json]:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task.task_id}/logs/{task.try_number}"
        content = self._call("GET", path, {"map_index": task.map_index, "full_content": True})["content"]
        return [entry if isinstance(entry, dict) else {"event": str(entry)} for entry in content]

    def asset_events(self, dag_id: str, run_id: str) -> list[Json]:
        """The asset events that a run's tasks announced, oldest first."""
        query: Json = {"source_dag_id": dag_id, "source_run_id": run_id, "order_by": "timestamp"}
        return list(self._pages("/api/v2/assets/events", "asset_events", query))

    def _pages(self, path: str, key: str, query: Mapping[str, Any] | None = None) -> Iterator[Json]:
        """Every entry of a list, over as many answers as it takes."""
        offset = 0
        while True:
            answer = self._call("GET", path, {**(query or {}), "limit": _PAGE_SIZE, "offset": offset})
            yield from answer[key]
            offset += _PAGE_SIZE
            if offset >= answer["total_entries"]:
                return

    def _call(
        self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Mapping[str, Any] | None = None
    ) -> Json:
        try:
            response = self._client.request(
                method, path, params=query, json=body, headers={"Accept": "application/json"}
            )
        except httpx.HTTPError as error:
            raise ApiError(0, f"{method} {path}: no answer from Airflow ({error})") from error
        if response.is_error:
            raise ApiError(response.status_code, f"{method} {path}: {response.status_code} {_detail(response)}")
        answer: Json = response.json()
        return answer


def _detail(response: httpx.Response) -> str:
    """The reason in an error answer."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return response.text


def _task_state(instance: Json) -> TaskState:
    return TaskState(
        task_id=instance["task_id"],
        map_index=instance["map_index"],
        state=instance["state"],
        try_number=max(instance["try_number"], 1),
        seconds=_seconds(instance["start_date"], instance["end_date"]),
    )


def _seconds(start: str | None, end: str | None) -> float:
    if start is None:
        return 0.0
    first = datetime.fromisoformat(start)
    last = datetime.fromisoformat(end) if end else datetime.now(first.tzinfo)
    return max((last - first).total_seconds(), 0.0)
