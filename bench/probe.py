"""Run a probe in a process of its own, and read the JSON that it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from bench.runs import BenchError
from devstack.settings import CHECKOUT

_PROBE_SECONDS = 300


def run_probe(
    name: str,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    data: object = None,
    seconds: float = _PROBE_SECONDS,
) -> Any:
    """Run a module of ``bench.probes``.

    :param name: the module.
    :param environment: variables besides those of this process.
    :param data: JSON data for its standard input, where arguments would be too long.
    :param seconds: how long it may take.
    :returns: what it printed last.
    :raises BenchError: it failed.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "PYTHON"))}
    paths = os.pathsep.join(str(folder) for folder in (CHECKOUT, CHECKOUT / "plugins"))
    result = subprocess.run(
        [sys.executable, "-m", f"bench.probes.{name}", *arguments],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={**inherited, "PYTHONPATH": paths, **(environment or {})},
        input=json.dumps(data),
        timeout=seconds,
        check=False,
    )
    if result.returncode != 0:
        raise BenchError(f"bench.probes.{name} failed:\n{result.stderr.strip()}")
    return json.loads(result.stdout.splitlines()[-1])
