"""Which TCP ports are free on this machine."""

from __future__ import annotations

import socket

from devstack.errors import PortInUse

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Say whether a server could listen on the port of the loopback address now."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still winding down counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def require_free(port: int, purpose: str, variable: str) -> None:
    """Refuse an occupied port.

    :param port: the port that will be listened on.
    :param purpose: who needs it, for the message.
    :param variable: the `make` variable that moves it, for the message.
    :raises PortInUse: another program listens there.
    """
    if not is_free(port):
        raise PortInUse(
            f"Port {port}, needed for {purpose}, is in use by another program. "
            f"Stop that program, or choose another port: make demo {variable}={free_port()}"
        )


def free_port() -> int:
    """Find a free port of the loopback address, chosen by the operating system."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port
