"""``python -m localcloud --port 9090 --config FILE``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from localcloud.configuration.errors import ConfigError
from localcloud.configuration.loading import load_config
from localcloud.runtime import Runtime
from localcloud.server import create_server, listen
from localcloud.state import StateError


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the local cloud until SIGINT or SIGTERM.

    :returns: exit status: 0 after a signal, 2 when the cloud could not be started.
    """
    options = _parse(arguments)
    try:
        runtime = Runtime(load_config(options.config), options.domain, options.state)
    except ConfigError as error:
        return _give_up(f"{options.config}: {error}")
    except StateError as error:
        return _give_up(str(error))
    except OSError as error:
        return _give_up(f"cannot read {error.filename}: {error.strerror}")
    try:
        listener = listen(options.host, options.port)
    except OSError as error:
        return _give_up(f"cannot listen on {options.host}:{options.port}: {error.strerror}")
    server = create_server(runtime)
    _end_on_signals(server)
    print(f"local cloud ready on http://{_authority(options.host, listener.getsockname()[1])}", flush=True)
    server.run(sockets=[listener])
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m localcloud", description="A local Alibaba Cloud: OSS, RAM, STS and KMS."
    )
    parser.add_argument("--config", type=Path, required=True, help="YAML file with accounts, buckets and behaviour")
    parser.add_argument("--port", type=int, default=9090, help="0 picks a free port (default: 9090)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--state", type=Path, help="file that keeps the cloud from one run to the next")
    parser.add_argument(
        "--domain", action="append", default=[], help="base domain for <bucket>.<domain> addresses; may be repeated"
    )
    return parser.parse_args(arguments)


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _give_up(problem: str) -> int:
    print(f"localcloud: {problem}", file=sys.stderr)
    return 2


def _end_on_signals(server: uvicorn.Server) -> None:
    """End the server in order on SIGINT and SIGTERM.

    uvicorn does so while it runs, and raises the signal again at the end; with these handlers that does no harm, and
    a signal that comes before uvicorn runs is not lost.
    """

    def end(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


if __name__ == "__main__":
    sys.exit(main())
