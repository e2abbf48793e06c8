"""Where the stack lives: folders and ports, moved by environment variables (set by ``make``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devstack.errors import DevstackError
from devstack.ports import free_port

CHECKOUT = Path(__file__).resolve().parent.parent

#: The four programs that make an Airflow, and their arguments. The log servers are left out: they would listen on every
#: network interface, and all the logs are files of this machine.
PARTS: Mapping[str, Sequence[str]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


@dataclass(frozen=True)
class Settings:
    """Folders and ports of one stack.

    :param state_folder: everything the stack writes: database, logs, keys, the local cloud's state.
    :param airflow_port: loopback port of Airflow's UI and API.
    :param cloud_port: loopback port of the local cloud.
    :param cloud_config: the local cloud's configuration file (YAML).
    :param dags_folder: the DAG files that Airflow runs.
    :param fleet_file: the inventory of bucket pairs.
    :param load_ahead: let the scheduler import the package and the cloud SDKs once, so that task processes find them
        loaded.
    :param parts: the programs of Airflow by name, with their arguments; ``api-server`` is one of them.
    :param options: options of Airflow that replace the stack's own, named ``SECTION__OPTION``.
    :param variables: further environment variables of Airflow's parts, such as the package's own settings.
    """

    state_folder: Path
    airflow_port: int
    cloud_port: int
    cloud_config: Path
    dags_folder: Path = CHECKOUT / "dags"
    fleet_file: Path = CHECKOUT / "include" / "fleet.yaml"
    load_ahead: bool = True
    parts: Mapping[str, Sequence[str]] = field(default_factory=lambda: PARTS)
    options: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def airflow_home(self) -> Path:
        """Airflow's own folder, with its task logs."""
        return self.state_folder / "airflow"

    @property
    def log_folder(self) -> Path:
        """The output of every part, one file each."""
        return self.state_folder / "logs"

    @property
    def cloud_state(self) -> Path:
        """What the local cloud keeps from one start to the next; another configuration has another one."""
        return self.cloud_config.with_suffix(".state")

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
            fleet_file=state_folder / "fleet.yaml",
        )


def settings_in(folder: Path) -> Settings:
    """Return the settings of a stack of its own: on free ports, with all that it reads and writes in one folder."""
    return Settings(
        folder,
        airflow_port=free_port(),
        cloud_port=free_port(),
        cloud_config=folder / "cloud.yaml",
        fleet_file=folder / "fleet.yaml",
    )


def _port(environment: Mapping[str, str], variable: str, default: int) -> int:
    text = environment.get(variable) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise DevstackError(f"{variable} must be a port number from 1 to 65535, not {text!r}")
    return int(text)
