"""``docker-compose.yaml``: it is valid, it is complete, and what it names exists."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from devstack import env_file
from devstack.settings import CHECKOUT
from tests.compose.conftest import Json, compose, write_settings

#: Variables that end like a secret and are none.
ADDRESSES = {"AIRFLOW__API__BASE_URL", "AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "AIRFLOW_URL", "LOCALCLOUD_URL"}
#: Run once and end.
ONE_SHOT = {"airflow-init", "tryout"}
PARTS = {
    "airflow-apiserver": ["api-server"],
    "airflow-scheduler": ["scheduler"],
    "airflow-dag-processor": ["dag-processor"],
    "airflow-triggerer": ["triggerer"],
    "airflow-worker": ["celery", "worker"],
}


def variables(settings: Path) -> dict[str, bool]:
    """Return every variable that the file uses, and whether it must be set."""
    result = compose(settings, "--profile", "demo", "config", "--variables")
    assert result.returncode == 0, result.stderr
    rows = [line.split() for line in result.stdout.splitlines()[1:] if line.strip()]
    return {row[0]: row[1] == "true" for row in rows}


def example() -> dict[str, str]:
    """Return the values of ``.env.example``."""
    lines = (CHECKOUT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


# --- what may be set -------------------------------------------------------------------------------------------------


def test_the_example_names_every_variable_and_no_other(settings: Path) -> None:
    assert set(example()) == set(variables(settings))


def test_a_secret_has_no_default(settings: Path) -> None:
    required = {name for name, is_required in variables(settings).items() if is_required}
    assert required == set(env_file.fresh_secrets())
    assert {name for name, value in example().items() if not value} == required


@pytest.mark.parametrize("secret", sorted(env_file.fresh_secrets()))
def test_compose_refuses_to_start_without_a_secret(tmp_path: Path, secret: str) -> None:
    result = compose(write_settings(tmp_path / "settings.env", **{secret: ""}), "--profile", "demo", "config")
    assert result.returncode != 0
    assert f"required variable {secret} is missing" in result.stderr
    assert 'run "make env"' in result.stderr


def test_every_secret_of_a_service_comes_from_the_settings(settings: Path, services: dict[str, Json]) -> None:
    values = [value for value in settings.read_text(encoding="utf-8").split() if "=" in value]
    secrets = [value.split("=", 1)[1] for value in values if value.split("=", 1)[0] in env_file.fresh_secrets()]
    endings = ("PASSWORD", "_KEY", "_SECRET", "_CONN", "_BACKEND", "_URL", "_AUTH")
    for name, service in services.items():
        for key, value in service.get("environment", {}).items():
            if key.endswith(endings) and key not in ADDRESSES:
                assert any(secret in value for secret in secrets), (name, key)


# --- the services ----------------------------------------------------------------------------------------------------


def test_every_part_of_the_cluster_has_a_service(services: dict[str, Json]) -> None:
    assert {name: services[name]["command"] for name in PARTS} == PARTS
    assert set(services) == {*PARTS, "airflow-init", "postgres", "redis", "localcloud", "tryout"}


def test_the_local_cloud_comes_with_its_profile_only(settings: Path) -> None:
    plain = compose(settings, "config", "--services").stdout.split()
    demo = compose(settings, "--profile", "demo", "config", "--services").stdout.split()
    assert set(demo) - set(plain) == {"localcloud", "tryout"}


def test_every_service_that_keeps_running_is_watched(services: dict[str, Json]) -> None:
    assert {name for name, service in services.items() if "healthcheck" not in service} == ONE_SHOT
    assert {name for name, service in services.items() if service["restart"] == "no"} == ONE_SHOT


def test_a_service_waits_for_what_can_become_true(services: dict[str, Json]) -> None:
    for name, service in services.items():
        for other, wanted in service.get("depends_on", {}).items():
            ends = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
            assert wanted["condition"] == ends, (name, other)


@pytest.mark.parametrize("name", sorted(PARTS))
def test_every_part_starts_after_the_tables_are_made(services: dict[str, Json], name: str) -> None:
    assert {"airflow-init", "postgres", "redis"} <= set(services[name]["depends_on"])


@pytest.mark.parametrize("name", ["airflow-worker", "airflow-triggerer"])
def test_a_part_can_be_scaled(services: dict[str, Json], name: str) -> None:
    assert not {"container_name", "ports", "hostname"} & set(services[name])


def test_ports_are_open_to_this_machine_only(services: dict[str, Json]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(published) == {"airflow-apiserver", "localcloud"}
    assert {port["host_ip"] for ports in published.values() for port in ports} == {"127.0.0.1"}


def test_all_parts_have_the_same_settings_and_code(services: dict[str, Json]) -> None:
    parts = [services[name] for name in PARTS]
    settings = [{key: part["environment"][key] for key in part["environment"] if "__" in key} for part in parts]
    assert settings == [settings[0]] * len(parts)
    assert {part["image"] for part in parts} == {services["airflow-init"]["image"]}
    for folder in ("config", "dags", "plugins", "include"):
        mount = {"source": str(CHECKOUT / folder), "target": f"/opt/airflow/{folder}", "read_only": True}
        assert (CHECKOUT / folder).is_dir()
        assert all(mount.items() <= found.items() for part in parts for found in mounts_at(part, mount["target"]))
        assert all(mounts_at(part, mount["target"]) for part in parts)


def mounts_at(service: Json, target: object) -> list[Json]:
    """Return what a service mounts in one place."""
    return [mount for mount in service["volumes"] if mount["target"] == target]


def test_one_volume_holds_the_logs_of_all(airflow_services: dict[str, Json]) -> None:
    sources = {
        name: [mount["source"] for mount in mounts_at(service, "/opt/airflow/logs")]
        for name, service in airflow_services.items()
    }
    assert set(map(tuple, sources.values())) == {("logs",)}


def test_as_many_tasks_run_as_four_workers_have_room_for(services: dict[str, Json]) -> None:
    environment = services["airflow-worker"]["environment"]
    assert int(environment["AIRFLOW__CORE__PARALLELISM"]) == 4 * int(environment["AIRFLOW__CELERY__WORKER_CONCURRENCY"])


# --- what Airflow knows ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a command of Airflow."""
    home = str(tmp_path_factory.mktemp("airflow"))
    return {**os.environ, "AIRFLOW_HOME": home, "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor"}


def test_every_setting_is_an_option_of_airflow(airflow_services: dict[str, Json], airflow_home: dict[str, str]) -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "airflow", "config", "list", "--defaults"],
        capture_output=True, text=True, env=airflow_home, check=True,
    ).stdout  # fmt: skip
    options, section = set(), ""
    for line in listed.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line:
            options.add(f"AIRFLOW__{section}__{line.lstrip('# ').split()[0]}".upper())
    named = {key for service in airflow_services.values() for key in service["environment"]}
    assert {name for name in named if name.startswith("AIRFLOW__")} <= options


def test_every_command_is_one_of_airflow(airflow_services: dict[str, Json], airflow_home: dict[str, str]) -> None:
    commands = [service["command"] for name, service in airflow_services.items() if name in PARTS]
    checks = [airflow_services[name]["healthcheck"]["test"] for name in PARTS]
    commands += [check[2:] for check in checks if check[:2] == ["CMD", "airflow"]]
    program = (
        "import json, sys\n"
        "from airflow.cli.cli_parser import get_parser\n"
        "for command in json.loads(sys.argv[1]): get_parser().parse_args(command)\n"
        "from airflow.providers.celery.executors.celery_executor import app\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, json.dumps(commands)],
        capture_output=True, text=True, env=airflow_home, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert (
        "airflow.providers.celery.executors.celery_executor.app"
        in airflow_services["airflow-worker"]["healthcheck"]["test"][1]
    )


def test_the_first_service_makes_the_tables_and_the_password(services: dict[str, Json], tmp_path: Path) -> None:
    airflow = tmp_path / "airflow"
    airflow.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/called\n')
    airflow.chmod(0o755)
    shell, options, script = services["airflow-init"]["command"]
    path = os.pathsep.join([str(tmp_path), str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(
        [shell, options, script.replace("$$", "$")],
        env={
            "PATH": path,
            "AIRFLOW_ADMIN_PASSWORD": 'a "password"',
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(tmp_path / "passwords.json"),
        },
        check=True,
    )  # fmt: skip
    assert (tmp_path / "called").read_text() == "db migrate\n"
    assert json.loads((tmp_path / "passwords.json").read_text()) == {"admin": 'a "password"'}
    assert (tmp_path / "passwords.json").stat().st_mode & 0o077 == 0
