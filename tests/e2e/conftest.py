"""One real Airflow for all end-to-end tests, beside a local cloud with two accounts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from devstack import cloud_config
from devstack.api import AirflowApi
from devstack.cloud_config import DESTINATION, SOURCE
from devstack.ports import free_port
from devstack.settings import Settings
from devstack.stack import Stack

OBJECTS = 40


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack on ports and in a folder of its own; both accounts' connections are there.

    The local cloud has the buckets ``devstack.cloud_config.SOURCE`` (40 objects) and ``DESTINATION`` (empty); each
    account's user has exactly the rights that the README documents.
    """
    folder = tmp_path_factory.mktemp("stack")
    settings = Settings(folder, airflow_port=free_port(), cloud_port=free_port(), cloud_config=folder / "cloud.yaml")
    cloud_config.write(settings.cloud_config, objects=OBJECTS)
    stack = Stack(settings)
    try:
        with stack:
            for side in (SOURCE, DESTINATION):
                extra = side.connection_extra(settings.cloud_url)
                stack.api().put_connection(side.connection_id, "alibaba_cloud", extra)
            yield stack
    finally:
        stack.postgres.remove()


@pytest.fixture(scope="session")
def airflow_api(stack: Stack) -> Iterator[AirflowApi]:
    """A client of the stack's Airflow, logged in."""
    api = stack.api()
    yield api
    api.close()
