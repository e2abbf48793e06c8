"""How the stack configures Airflow, and starts its parts."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from importlib import metadata

from devstack.keys import Keys, write_private
from devstack.ports import LOOPBACK
from devstack.settings import CHECKOUT, Settings

_LOCAL_SETTINGS = CHECKOUT / "config" / "airflow_local_settings.py"
_PASSWORD_FILE = "passwords.json"  # noqa: S105 - a file's name


def command(*arguments: str) -> list[str]:
    """The command line of a program of Airflow, with the interpreter that runs this."""
    return [sys.executable, "-m", "airflow", *arguments]


def prepare_home(settings: Settings, keys: Keys) -> None:
    """Write what Airflow reads from its home folder."""
    config_folder = settings.airflow_home / "config"
    config_folder.mkdir(parents=True, exist_ok=True)
    write_private(settings.airflow_home / _PASSWORD_FILE, json.dumps({"admin": keys.admin_password}))
    local_settings = config_folder / _LOCAL_SETTINGS.name
    local_settings.unlink(missing_ok=True)
    if settings.load_ahead:
        shutil.copyfile(_LOCAL_SETTINGS, local_settings)


def environment(settings: Settings, keys: Keys, database_url: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of every part of Airflow.

    :param settings: folders and ports.
    :param keys: the stack's secrets.
    :param database_url: the metadata database, for SQLAlchemy.
    :param inherited: the environment of the caller. Its settings for Airflow and for Python's module search path
        belong to another installation, so they are dropped; so is the one that makes every process of Airflow compile
        the DAG files' modules anew.
    """
    dropped = ("AIRFLOW", "_AIRFLOW", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in inherited.items() if not name.startswith(dropped)}
    return {
        **kept,
        # Calls to this machine must not go through a proxy.
        "NO_PROXY": _without_proxy(inherited.get("NO_PROXY")),
        "no_proxy": _without_proxy(inherited.get("no_proxy")),
        "AIRFLOW_HOME": str(settings.airflow_home),
        "OSS_CRR_FLEET_FILE": str(settings.fleet_file),
        **settings.variables,
        **{f"AIRFLOW__{name}": value for name, value in _options(settings, keys, database_url).items()},
    }


def _without_proxy(hosts: str | None) -> str:
    return ",".join(filter(None, [hosts, LOOPBACK, "localhost"]))


def _options(settings: Settings, keys: Keys, database_url: str) -> dict[str, str]:
    """Airflow's options, named ``SECTION__OPTION``."""
    return {
        "DATABASE__SQL_ALCHEMY_CONN": database_url,
        # The API server starts while the tables are being made.
        "DATABASE__CHECK_MIGRATIONS": "False",
        "CORE__DAGS_FOLDER": str(settings.dags_folder),
        "CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
        "CORE__LOAD_EXAMPLES": "False",
        # The name of this machine without asking a name server, which takes seconds where there is none.
        "CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "LOGGING__BASE_LOG_FOLDER": str(settings.airflow_home / "logs"),
        **_security_options(settings, keys),
        **_speed_options(),
        **_api_options(settings),
        **settings.options,
    }


def _api_options(settings: Settings) -> dict[str, str]:
    return {
        "API__HOST": LOOPBACK,
        "API__PORT": str(settings.airflow_port),
        "API__BASE_URL": settings.airflow_url,
        "API__WORKERS": "1",
        "CORE__EXECUTION_API_SERVER_URL": f"{settings.airflow_url}/execution/",
    }


def _security_options(settings: Settings, keys: Keys) -> dict[str, str]:
    return {
        "CORE__FERNET_KEY": keys.fernet_key,
        "API_AUTH__JWT_SECRET": keys.jwt_secret,
        "API__SECRET_KEY": keys.api_secret_key,
        "CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(settings.airflow_home / _PASSWORD_FILE),
    }


def _speed_options() -> dict[str, str]:
    parallelism = str(_parallelism(os.cpu_count() or 2))
    return {
        "CORE__EXECUTOR": "LocalExecutor",
        # Every worker is a process that mostly waits; four use a core to the full.
        "CORE__PARALLELISM": parallelism,
        "CORE__MAX_ACTIVE_TASKS_PER_DAG": parallelism,
        # A task follows the one before it within a tenth of a second instead of a second.
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        # A task's end is noticed within a second instead of five. It also keeps Airflow from failing a task whose
        # trigger fires before that end was noticed (Airflow issues 66374 and 71580).
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        # A busy machine may take longer than five seconds to store the many events of a batch, which fails the task.
        "WORKERS__EXECUTION_API_TIMEOUT": "60",
    }


def _parallelism(cores: int) -> int:
    """How many tasks run at once; more than 32 would be too much for one scheduler of one machine."""
    return min(max(4 * cores, 8), 32)


def version() -> str:
    """The version of the installed Airflow."""
    return metadata.version("apache-airflow")
