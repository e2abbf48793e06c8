"""An Airflow of the benchmark's own beside a local cloud, started for a measurement and removed after it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Self

from devstack.api import AirflowApi
from devstack.cloud_config import DESTINATION, SOURCE
from devstack.settings import Settings, settings_in
from devstack.stack import Stack

_DAG_SECONDS = 180.0


class MeasuredStack(ABC):
    """The stack, as a context manager.

    :param folder: everything that is written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        #: Environment variables of Airflow's parts, as they are when a part starts.
        self.variables: dict[str, str] = {}
        settings = replace(settings_in(folder), dags_folder=folder / "dags", variables=self.variables)
        self.stack = Stack(settings)

    def __enter__(self) -> Self:
        self._write_files(self.stack.settings)
        try:
            self.stack.start()
            self._prepare_airflow()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.stop()
        self.stack.postgres.remove()

    @abstractmethod
    def _write_files(self, settings: Settings) -> None:
        """Write what the stack reads at its start."""

    @abstractmethod
    def _prepare_airflow(self) -> None:
        """Make the client of the running Airflow, and :meth:`_open` the DAGs with it."""

    def _open(self, api: AirflowApi, dag_ids: Iterable[str]) -> None:
        """Log in, create the connections of both accounts, and have runs of some DAGs scheduled."""
        api.login()
        for side in (SOURCE, DESTINATION):
            api.put_connection(
                side.connection_id, "alibaba_cloud", side.connection_extra(self.stack.settings.cloud_url)
            )
        for dag_id in dag_ids:
            self.stack.wait_for_dag(dag_id, _DAG_SECONDS)
            api.unpause(dag_id)
