"""Foreign clients: running them against a local cloud of their own, if they are installed (``make clients``)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from localcloud.server import LocalCloudServer
from tests.clients import install
from tests.clients.running import run
from tests.clients.world import CONFIG
from tests.leaving_out import left_out

Findings = dict[str, Any]
RunClient = Callable[..., Findings]

_ROOT = Path(__file__).parents[2]
_SECONDS = 90


def python_client(module: str, packages: str | None = None) -> tuple[list[str], dict[str, str]]:
    """Return command and environment of a client in Python.

    :param packages: the set of packages it is to find first; None for those of this environment.
    """
    folders = [str(_ROOT)]
    if packages is not None:
        _need(install.PYTHON / packages)
        folders.append(str(install.PYTHON / packages))
    return [sys.executable, "-m", f"tests.clients.python.{module}"], {"PYTHONPATH": os.pathsep.join(folders)}


def node_client(script: str) -> tuple[list[str], dict[str, str]]:
    """Return command and environment of a client in JavaScript."""
    _need(install.NODE)
    return ["node", str(_ROOT / "tests/clients/node" / script)], {"NODE_PATH": str(install.NODE / "node_modules")}


def go_client(program: str) -> tuple[list[str], dict[str, str]]:
    """Return command and environment of a client in Go.

    Go and its clients come from the packages of one release of Debian, so elsewhere their absence is no failure.
    """
    if not install.is_installed(install.GO):
        pytest.skip("the clients in Go were NOT tested: their Debian packages are not to be had on this machine")
    return [str(install.GO / program)], {}


def _need(target: Path) -> None:
    if not install.is_installed(target):
        left_out(f"the clients in {target.relative_to(_ROOT)} are not installed; `make clients` does that, if it can")


@pytest.fixture
def by_address() -> RunClient:
    """Return a function that runs a client against a local cloud at 127.0.0.1 and some port."""

    def call(client: tuple[Sequence[str], Mapping[str, str]], **task: str) -> Findings:
        command, env = client
        with LocalCloudServer(CONFIG) as server:
            findings: Findings = run(server, server.url, command, env, **task)
            return findings

    return call


@pytest.fixture
def by_name() -> RunClient:
    """Return a function that runs a client in a network where the cloud's real host names are a local cloud."""
    enclosure = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
    if not _works([*enclosure, "true"]):
        left_out("this machine does not let a test have a network of its own (unshare)")

    def call(client: tuple[Sequence[str], Mapping[str, str]], **task: str) -> Findings:
        command, env = client
        given = json.dumps({"command": command, "env": env, "task": task})
        module = [*enclosure, sys.executable, "-m", "tests.clients.enclosure", given]
        done = subprocess.run(module, cwd=_ROOT, capture_output=True, text=True, timeout=_SECONDS, check=False)
        assert done.returncode == 0, done.stderr
        findings: Findings = json.loads(done.stdout.splitlines()[-1])
        return findings

    return call


def _works(command: Sequence[str]) -> bool:
    return shutil.which(command[0]) is not None and subprocess.run(command, check=False).returncode == 0
