"""Start, watch and end everything that the demo and the end-to-end tests need."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import httpx

from devstack import airflow, process, sessions
from devstack.api import AirflowApi
from devstack.errors import StartFailed
from devstack.guard import Guard
from devstack.keys import Keys
from devstack.postgres import Postgres
from devstack.settings import CHECKOUT, Settings

_POLL_SECONDS = 0.1
_AIRFLOW_VERSION_FILE = "airflow-version"
_HEALTH_PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")


class Stack:
    """An Airflow with a PostgreSQL and a local cloud, as child processes of this one.

    Use it as a context manager: leaving the block ends every process. Should this process be killed, a watchdog ends
    them.

    :param settings: folders and ports.
    :param report: called with one line of text before each step of the start.
    :param timeout_seconds: how long the whole start may take.
    """

    def __init__(
        self, settings: Settings, *, report: Callable[[str], None] = lambda _: None, timeout_seconds: float = 180.0
    ) -> None:
        self.settings = settings
        self._report = report
        self._timeout_seconds = timeout_seconds
        self._deadline = 0.0
        self._parts: list[process.Part] = []
        self._guard: Guard | None = None
        self.postgres = Postgres(settings.state_folder)
        #: The stack's secrets, known once it is started.
        self.keys: Keys

    def __enter__(self) -> Stack:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start every part, and wait until all of them are healthy.

        The longest step is the start of the API server, so it runs beside the making of the database's tables.

        :raises StartFailed: a part ended, or was not healthy in time; the message carries the end of its log.
        """
        self._deadline = time.monotonic() + self._timeout_seconds
        self._guard = Guard()
        self._prepare_folders()
        self._report("PostgreSQL and the local cloud")
        self._start_cloud()
        self.postgres.start(self.settings.log_folder, self._guard, self._timeout_seconds)
        self._start_airflow("api-server")
        self._migrate()
        self._report("Airflow")
        for name in self.settings.parts:
            if name != "api-server":
                self._start_airflow(name)
        self._wait_until("local cloud", self._cloud_is_healthy)
        self._wait_until("Airflow", self._airflow_is_healthy)

    def stop(self) -> None:
        """End every part: Airflow and the local cloud first, then the database that they use."""
        process.stop(self._parts, grace_seconds=5.0)
        self._parts.clear()
        self.postgres.stop()
        if self._guard:
            self._guard.close()

    def check(self) -> None:
        """Make sure that every part still runs.

        :raises StartFailed: one has ended; the message carries the end of its log.
        """
        for part in self._parts:
            part.check()

    def part(self, name: str) -> process.Part:
        """Return a running part.

        :param name: one of the settings' parts.
        """
        return next(part for part in self._parts if part.name == name)

    def restart(self, name: str) -> None:
        """End one part and start it again, as an operator of a real Airflow would.

        :param name: one of the settings' parts.
        """
        part = self.part(name)
        process.stop([part], grace_seconds=5.0)
        self._parts.remove(part)
        self._start_airflow(name)

    def kill(self, name: str) -> None:
        """End one part, with all that it runs, as a machine does whose power fails.

        :param name: one of the settings' parts.
        """
        part = self.part(name)
        sessions.kill([part.pid])
        part.process.wait()
        self._parts.remove(part)

    def api(self) -> AirflowApi:
        """Return a client of this stack's Airflow, logged in."""
        client = AirflowApi(self.settings.airflow_url, self.keys.admin_password)
        client.login()
        return client

    def wait_for_dag(self, dag_id: str, timeout_seconds: float) -> None:
        """Wait until Airflow has read a DAG's file, which is named for the DAG.

        :param timeout_seconds: how long at most.
        :raises StartFailed: it has not; the message carries the file's import error.
        """
        api = self.api()
        deadline = time.monotonic() + timeout_seconds
        while not api.has_dag(dag_id):
            self.check()
            errors = [error for error in api.import_errors() if f"{dag_id}.py:" in error]
            if errors or time.monotonic() > deadline:
                raise StartFailed("\n".join([f"Airflow has no DAG {dag_id}.", *errors]))
            time.sleep(_POLL_SECONDS)

    @property
    def parts(self) -> tuple[process.Part, ...]:
        """The running parts, each the first process of its session; without the database."""
        return tuple(self._parts)

    def cloud_control(self, method: str, name: str, body: object = None) -> Any:
        """Call the local cloud's control interface.

        :param method: HTTP method.
        :param name: what follows ``/_localcloud/``, such as ``state``, ``calls?reset=1`` or ``reset``.
        :param body: JSON data to send, if any.
        :returns: JSON data, or None for an empty answer.
        """
        url = f"{self.settings.cloud_url}/_localcloud/{name}"
        response = httpx.request(method, url, json=body, trust_env=False).raise_for_status()
        return response.json() if response.content else None

    def _prepare_folders(self) -> None:
        self.settings.log_folder.mkdir(parents=True, exist_ok=True)
        for old_log in self.settings.log_folder.glob("*.log"):
            old_log.unlink()
        keys_file = self.settings.state_folder / "keys.json"
        if not keys_file.exists():
            # What another stack of the same path left behind could not be decrypted with new keys.
            self.postgres.remove()
        self.keys = Keys.load_or_create(keys_file)
        airflow.prepare_home(self.settings, self.keys)

    def _start_cloud(self) -> None:
        settings = self.settings
        options = {
            "--port": settings.cloud_port,
            "--config": settings.cloud_config,
            "--state": settings.cloud_state,
        }
        arguments = [str(text) for option in options.items() for text in option]
        command = [sys.executable, "-m", "localcloud", *arguments]
        self._start("localcloud", command, {**os.environ, "PYTHONPATH": str(CHECKOUT)})

    def _start_airflow(self, name: str) -> None:
        self._start(name, airflow.command(*self.settings.parts[name]), self._airflow_environment())

    def _start(self, name: str, command: list[str], environment: dict[str, str]) -> process.Part:
        if self._guard is None:
            raise RuntimeError("the stack is not started")
        part = process.start(
            name,
            command,
            log_folder=self.settings.log_folder,
            environment=environment,
            working_folder=self.settings.state_folder,
            guard=self._guard,
        )
        self._parts.append(part)
        return part

    def _airflow_environment(self) -> dict[str, str]:
        return airflow.environment(self.settings, self.keys, self.postgres.url, os.environ)

    def _migrate(self) -> None:
        """Make or update the metadata database's tables, unless this version of Airflow has done so before."""
        done = self.postgres.data_folder / _AIRFLOW_VERSION_FILE
        version = airflow.version()
        if done.exists() and done.read_text(encoding="ascii") == version:
            return
        self._report("the metadata database's tables")
        part = self._start("migrate", airflow.command("db", "migrate"), self._airflow_environment())
        self._parts.remove(part)
        self._wait_until("migration of the metadata database", lambda: part.process.poll() is not None)
        if part.process.returncode != 0:
            part.check()
        done.write_text(version, encoding="ascii")

    def _wait_until(self, what: str, is_done: Callable[[], bool]) -> None:
        while not is_done():
            self.check()
            if time.monotonic() > self._deadline:
                tails = "\n".join(part.log_tail() for part in self._parts)
                raise StartFailed(f"{what}: not ready within {self._timeout_seconds:.0f} s.\n{tails}")
            time.sleep(_POLL_SECONDS)

    def _cloud_is_healthy(self) -> bool:
        return _get(f"{self.settings.cloud_url}/_localcloud/health") is not None

    def _airflow_is_healthy(self) -> bool:
        # The first request of tasks' own API takes the server seconds, as it builds every version of that API then.
        if _get(f"{self.settings.airflow_url}/execution/health") is None:
            return False
        health = _get(f"{self.settings.airflow_url}/api/v2/monitor/health")
        return health is not None and all(health.get(part, {}).get("status") == "healthy" for part in _HEALTH_PARTS)


def _get(url: str) -> dict[str, dict[str, str]] | None:
    """The JSON object at an address, or None while nobody answers there."""
    try:
        # trust_env: a proxy has no business between this process and its children.
        response = httpx.get(url, timeout=30, trust_env=False)
    except httpx.HTTPError:
        return None
    if response.status_code != httpx.codes.OK:
        return None
    body: dict[str, dict[str, str]] = response.json()
    return body
