"""The cluster of ``docker-compose.yaml`` without Docker: its settings and its parts, as processes of this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from devstack import cloud_config
from devstack.ports import LOOPBACK, free_port
from devstack.postgres import Postgres
from devstack.settings import CHECKOUT, PARTS, settings_in
from devstack.stack import Stack
from tests.cluster import redis_server
from tests.e2e import world
from tests.e2e.airflow import Airflow
from tests.e2e.cloud import LocalCloud
from tests.leaving_out import left_out

WORKERS = ("worker-1", "worker-2")
DAG_ID = "oss_crr_fleet"
#: The fleet. The accounts of the first two pairs are those of the try-out.
PAIRS = tuple(world.all_pairs()[2:26])
_DAG_SECONDS = 240

#: So that a task takes long enough to be interrupted.
_BEHAVIOUR = {**world.BEHAVIOUR, "latency_ms": 150}
#: What the stack has a value of its own for: secrets, addresses, and the user.
_OWN = (
    "CORE__FERNET_KEY",
    "CORE__EXECUTION_API",
    "CORE__SIMPLE_AUTH",
    "API__",
    "API_AUTH__",
    "DATABASE__",
    "CELERY__B",
)
#: A killed worker is noticed sooner than where somebody pays for false alarms.
_IMPATIENT = {
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
    "SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "5",
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The services of ``docker-compose.yaml``."""
    text = (CHECKOUT / "docker-compose.yaml").read_text(encoding="utf-8")
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    return services


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, compose: Mapping[str, Any]) -> Iterator[str]:
    """The address of a running Redis."""
    if not redis_server.is_installed():
        left_out(
            f"the cluster was NOT tested: this machine has no {redis_server.PROGRAM}. "
            "On Debian and Ubuntu: apt install redis-server"
        )
    command = [part.replace("$$", "$") for part in compose["redis"]["command"]]
    with redis_server.running(tmp_path_factory.mktemp("redis"), command) as url:
        yield url


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, compose: Mapping[str, Any], broker: str) -> Iterator[Stack]:
    """A running cluster with two workers; ended after the module, because it costs much while it does nothing."""
    folder = tmp_path_factory.mktemp("cluster")
    settings = replace(
        settings_in(folder),
        parts={**PARTS, **{name: _worker(name, folder) for name in WORKERS}},
        options={
            **_shipped_options(compose),
            **_IMPATIENT,
            "CELERY__BROKER_URL": broker,
            "CELERY__RESULT_BACKEND": f"db+{Postgres(folder).url}",
            "CELERY__WORKER_CONCURRENCY": "4",
            # So few that slots are replaced in the middle of the run.
            "CELERY__EXTRA_CELERY_CONFIG": '{"worker_max_tasks_per_child": 5}',
            "SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST": LOOPBACK,
            "SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(free_port()),
        },
    )
    _write_cloud_config(settings.cloud_config)
    fleet = [{"name": pair.source.bucket, **pair.conf()} for pair in PAIRS]
    settings.fleet_file.write_text(yaml.safe_dump({"pairs": fleet}), encoding="utf-8")
    stack = Stack(settings, timeout_seconds=300)
    try:
        with stack:
            stack.wait_for_dag(DAG_ID, _DAG_SECONDS)
            yield stack
    finally:
        stack.postgres.remove()


@pytest.fixture(scope="module")
def airflow(cluster: Stack) -> Iterator[Airflow]:
    """A client of the cluster's Airflow, logged in."""
    api = Airflow(cluster.settings.airflow_url, cluster.keys.admin_password)
    api.login()
    yield api
    api.close()


@pytest.fixture(scope="module")
def cloud(cluster: Stack) -> LocalCloud:
    """The local cloud beside it."""
    return LocalCloud(cluster)


def _worker(name: str, folder: Path) -> tuple[str, ...]:
    # Workers of one machine need names and files of their own.
    return ("celery", "worker", "--celery-hostname", name, "--pid", str(folder / f"{name}.pid"), "--skip-serve-logs")


def _shipped_options(compose: Mapping[str, Any]) -> dict[str, str]:
    """What compose sets for every part, as far as it is not about addresses and secrets."""
    environment = compose["airflow-scheduler"]["environment"]
    named = {name.removeprefix("AIRFLOW__"): value for name, value in environment.items() if "AIRFLOW__" in name}
    return {name: _default(value) for name, value in named.items() if not name.startswith(_OWN)}


def _default(value: str) -> str:
    """The default of ``${NAME:-default}``; other values as they are."""
    return value.partition(":-")[2].rstrip("}") if value.startswith("${") else value


def _write_cloud_config(path: Path) -> None:
    """The pairs of the end-to-end tests, with that of the try-out in place of the first."""
    cloud_config.write(path)
    accounts = yaml.safe_load(path.read_text(encoding="utf-8"))["accounts"]
    taken = {account["uid"] for account in accounts}
    accounts += [account for account in world.cloud_config()["accounts"] if account["uid"] not in taken]
    path.write_text(yaml.safe_dump({"accounts": accounts, "behaviour": _BEHAVIOUR}), encoding="utf-8")
