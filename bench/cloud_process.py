"""A local cloud in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from bench.runs import BenchError
from devstack.ports import LOOPBACK, free_port
from devstack.settings import CHECKOUT

_READY_SECONDS = 60.0
_POLL_SECONDS = 0.02


class CloudProcess:
    """A local cloud, as a context manager: leaving the block ends it.

    :param config: its configuration file.
    :param ready_seconds: how long its start may take.
    """

    def __init__(self, config: Path, ready_seconds: float = _READY_SECONDS) -> None:
        self.url = f"http://{LOOPBACK}:{free_port()}"
        #: Seconds from starting the process to its first answer.
        self.start_seconds = 0.0
        self._config = config
        self._ready_seconds = ready_seconds
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id."""
        if self._process is None:
            raise RuntimeError("the local cloud is not started")
        return self._process.pid

    def __enter__(self) -> CloudProcess:
        port = self.url.rpartition(":")[2]
        command = [sys.executable, "-m", "localcloud", "--port", port, "--config", str(self._config)]
        started = time.perf_counter()
        self._process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL)
        try:
            self._wait(self._process)
        except BaseException:
            self._end(self._process)
            raise
        self.start_seconds = time.perf_counter() - started
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._end(self._process)

    def control(self, method: str, name: str, body: object = None) -> Any:
        """Call the control interface.

        :param name: what follows ``/_localcloud/``.
        :param body: JSON data to send, if any.
        :returns: JSON data, or None for an empty answer.
        """
        url = f"{self.url}/_localcloud/{name}"
        # trust_env: a proxy has no business between this process and its child.
        response = httpx.request(method, url, json=body, trust_env=False).raise_for_status()
        return response.json() if response.content else None

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self._ready_seconds
        pause = _POLL_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                self.control("GET", "health")
            except httpx.HTTPError:
                time.sleep(pause)
                # A large cloud takes long, and needs the processor for that.
                pause = min(1.0, pause * 1.1)
            else:
                return
        raise BenchError(f"the local cloud did not start with {self._config}")

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        process.wait()
