"""Running a client: a program that gets its task as JSON in its last argument, and prints its findings as JSON."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.server import LocalCloudServer
from localcloud.sts.sessions import open_session
from tests.clients.world import UID_A

_SECONDS = 60


def run(server: LocalCloudServer, url: str, command: Sequence[str], env: Mapping[str, str], **task: str) -> Any:
    """Run a client against a local cloud; return its findings.

    :param url: base URL of the cloud as the client shall see it.
    :param env: environment variables to add.
    :param task: what else the client needs to know.
    """
    given = json.dumps({"url": url, "session": _temporary_credentials(server), **task})
    # No proxy of the machine may come between, and no credentials of its user may leak in.
    inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [*command, given], env=inherited | dict(env), capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return json.loads(lines[-1])


def _temporary_credentials(server: LocalCloudServer) -> dict[str, str]:
    """Return what AssumeRole would, for the clients of products that have no AssumeRole."""
    role = server.cloud.accounts[UID_A].ram.roles["guest"]
    session = open_session(server.cloud, UID_A, role, "tour", 900)
    return {"id": session.access_key_id, "secret": session.secret, "token": session.security_token}
