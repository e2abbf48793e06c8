"""One real Airflow for all end-to-end tests, beside a local cloud with many pairs of accounts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from devstack.settings import CHECKOUT, settings_in
from devstack.stack import Stack
from tests.e2e.airflow import DAG_ID, Airflow
from tests.e2e.cloud import LocalCloud
from tests.e2e.hub import RULES_PER_BUCKET, hub_accounts
from tests.e2e.world import CONSUMED, OBJECTS, Json, Pair, all_pairs, cloud_config

NewPair = Callable[..., Pair]
#: Pairs of the inventory by name.
Fields = dict[str, Json]

_DAG_SECONDS = 120


#: The first run that an event starts verifies all pairs that were set up before: let there be none of other tests.
#: Secrets are searched for last, when there are the most traces to search.
_PLACES = {"test_verification.py": 0, "test_secrets.py": 2}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those of these tests first and last that depend on what others have done."""
    places = [index for index, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    ordered = sorted((items[index] for index in places), key=lambda item: _PLACES.get(item.path.name, 1))
    for index, item in zip(places, ordered, strict=True):
        items[index] = item


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack on ports and in a folder of its own, with the product's DAG and those of ``tests/e2e/dags``."""
    folder = tmp_path_factory.mktemp("stack")
    settings = replace(
        settings_in(folder),
        dags_folder=_dags_folder(folder / "dags"),
        variables={"OSS_CRR_RULES_PER_BUCKET": str(RULES_PER_BUCKET)},
    )
    settings.fleet_file.write_text("pairs: []\n", encoding="utf-8")
    settings.cloud_config.write_text(yaml.safe_dump(_cloud_config()), encoding="utf-8")
    stack = Stack(settings)
    try:
        with stack:
            stack.wait_for_dag(DAG_ID, _DAG_SECONDS)
            yield stack
    finally:
        stack.postgres.remove()


def _cloud_config() -> Json:
    config = cloud_config()
    config["accounts"] += hub_accounts()
    config["behaviour"] |= {"rules_per_bucket": RULES_PER_BUCKET}
    return config


def _dags_folder(folder: Path) -> Path:
    shutil.copytree(CHECKOUT / "dags", folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (Path(__file__).parent / "dags").glob("*.py"):
        shutil.copy(file, folder)
    return folder


@pytest.fixture(scope="session")
def airflow(stack: Stack) -> Iterator[Airflow]:
    """A client of the stack's Airflow, logged in; the setup DAG's runs are scheduled."""
    api = Airflow(stack.settings.airflow_url, stack.keys.admin_password)
    api.login()
    api.unpause(DAG_ID)
    yield api
    api.close()


@pytest.fixture(scope="session")
def cloud(stack: Stack) -> LocalCloud:
    """The local cloud beside it."""
    return LocalCloud(stack)


class InventoryFile:
    """The inventory of the stack."""

    def __init__(self, stack: Stack) -> None:
        self.path = stack.settings.fleet_file

    def write(self, pairs: Fields) -> None:
        """Replace the inventory."""
        self.write_text(yaml.safe_dump({"pairs": [{"name": name, **fields} for name, fields in pairs.items()]}))

    def write_text(self, text: str) -> None:
        """Replace the inventory by any text."""
        self.path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def inventory(stack: Stack) -> Iterator[InventoryFile]:
    """The inventory, empty again in the end."""
    file = InventoryFile(stack)
    yield file
    file.write({})


@pytest.fixture(scope="session")
def new_pair(airflow: Airflow, cloud: LocalCloud) -> NewPair:
    """Return a function that hands out pairs that nobody has used, with connections for both sides.

    It takes ``objects`` as :class:`tests.e2e.world.Pair` does, or the ``number`` of a pair.
    """
    unused = {pair.number: pair for pair in all_pairs()}

    def take(objects: int = OBJECTS, number: int | None = None) -> Pair:
        free = (pair.number for pair in unused.values() if pair.objects == objects and pair.number != CONSUMED)
        pair = unused.pop(number or next(free))
        for side in pair.sides:
            airflow.put_connection(side.connection_id, "alibaba_cloud", side.fields(cloud.url))
        return pair

    return take
