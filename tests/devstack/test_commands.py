"""The commands, as a person types them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.settings import CHECKOUT


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # Without the variables of the `make` that may be running these tests.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [[], ["help"]])
def test_make_lists_its_commands(arguments: list[str]) -> None:
    result = make(*arguments)
    commands = [line.split()[1] for line in result.stdout.splitlines() if line.startswith("make ")]
    assert {"setup", "demo", "test", "lint", "bench", "help"} <= set(commands)


def test_setup_says_which_python_it_needs(tmp_path: Path) -> None:
    result = make("setup", f"VENV={tmp_path}", "PYTHON=no-such-python")
    assert result.returncode != 0
    assert '"no-such-python" is missing or older than Python 3.11' in result.stderr


def demo(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "devstack.demo"],
        cwd=CHECKOUT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_demo_names_an_occupied_port_and_touches_nothing(occupied: int, tmp_path: Path) -> None:
    result = demo(AIRFLOW_PORT=str(occupied), STATE_DIR=str(tmp_path / "state"))
    assert result.returncode == 1
    assert f"Port {occupied}, needed for Airflow, is in use" in result.stderr
    assert not (tmp_path / "state").exists()


def test_the_demo_refuses_a_port_that_is_none() -> None:
    result = demo(LOCALCLOUD_PORT="ninety")
    assert result.returncode == 1
    assert "LOCALCLOUD_PORT must be a port number from 1 to 65535, not 'ninety'" in result.stderr
    assert "Traceback" not in result.stderr
