"""Where the stack lives: folders and ports, moved by environment variables (set by ``make``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import DevstackError

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """Folders and ports of one stack.

    :param state_folder: everything the stack writes: database, logs, keys, the local cloud's state.
    :param airflow_port: loopback port of Airflow's UI and API.
    :param cloud_port: loopback port of the local cloud.
    :param cloud_config: the local cloud's configuration file (YAML).
    :param dags_folder: the DAG files that Airflow runs.
    :param preload_sdks: let the scheduler import the cloud SDKs once, so that task processes find them loaded.
    """

    state_folder: Path
    airflow_port: int
    cloud_port: int
    cloud_config: Path
    dags_folder: Path = CHECKOUT / "dags"
    preload_sdks: bool = True

    @property
    def airflow_home(self) -> Path:
        """Airflow's own folder, with its task logs."""
        return self.state_folder / "airflow"

    @property
    def log_folder(self) -> Path:
        """The output of every part, one file each."""
        return self.state_folder / "logs"

    @property
    def airflow_url(self) -> str:
        """Address of Airflow's UI and API."""
        return f"http://127.0.0.1:{self.airflow_port}"

    @property
    def cloud_url(self) -> str:
        """Address of the local cloud, for every product."""
        return f"http://127.0.0.1:{self.cloud_port}"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings that ``make`` passes on.

        :param environment: ``STATE_DIR`` (default ``.demo`` in the checkout), ``AIRFLOW_PORT`` (8080) and
            ``LOCALCLOUD_PORT`` (9090).
        :raises DevstackError: a port is not a number from 1 to 65535.
        """
        state_folder = (CHECKOUT / environment.get("STATE_DIR", ".demo")).resolve()
        return cls(
            state_folder=state_folder,
            airflow_port=_port(environment, "AIRFLOW_PORT", 8080),
            cloud_port=_port(environment, "LOCALCLOUD_PORT", 9090),
            cloud_config=state_folder / "cloud.yaml",
        )


def _port(environment: Mapping[str, str], variable: str, default: int) -> int:
    text = environment.get(variable) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise DevstackError(f"{variable} must be a port number from 1 to 65535, not {text!r}")
    return int(text)
