"""Running the local cloud: in the foreground, or in a thread for tests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from localcloud.app import create_app
from localcloud.cloud import Cloud
from localcloud.configuration.loading import load_config
from localcloud.runtime import Runtime

_SHUTDOWN_SECONDS = 2
_THREAD_SECONDS = 10


def listen(host: str, port: int) -> socket.socket:
    """Open the server's socket.

    :param port: 0 picks a free one.
    :raises OSError: when the port is taken or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError:
        listener.close()
        raise
    return listener


def create_server(runtime: Runtime) -> uvicorn.Server:
    """Return a server that leaves all headers to the cloud and believes no proxy."""
    config = uvicorn.Config(
        create_app(runtime),
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    return uvicorn.Server(config)


class LocalCloudServer:
    """A local cloud in a thread of this process, as a context manager.

    :param config: a configuration file, or what it would hold.
    :param domains: further base domains for Host-style addresses.
    :param port: port to listen on at 127.0.0.1; 0 picks a free one.
    :raises ConfigError: for a configuration that cannot be used.
    """

    def __init__(
        self, config: Mapping[str, object] | Path | str, domains: Sequence[str] = (), *, port: int = 0
    ) -> None:
        self._wanted_port = port
        self.runtime = Runtime(load_config(config), domains)
        self._server = create_server(self.runtime)
        self._thread: threading.Thread | None = None
        self._listener: socket.socket | None = None

    @property
    def cloud(self) -> Cloud:
        """Return the cloud's data. It belongs to the server's thread: look, but change it only between calls."""
        return self.runtime.cloud

    @property
    def port(self) -> int:
        """Return the port that the server listens on."""
        if self._listener is None:
            raise RuntimeError("the server has not been started")
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def endpoint(self) -> str:
        """Return host and port, as the SDKs of RAM and STS want their endpoint."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Return the base URL of every product."""
        return f"http://{self.endpoint}"

    def __enter__(self) -> Self:
        self._listener = listen("127.0.0.1", self._wanted_port)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(_THREAD_SECONDS)
