"""The DAG files and the plugin as Airflow reads them, in fresh processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.settings import CHECKOUT
from devstack.stack import Stack
from tests.e2e.airflow import DAG_ID, Airflow

pytestmark = pytest.mark.e2e

SDKS = ("oss2", "alibabacloud_", "Tea", "darabonba")


def python(home: Path, code: str, hash_seed: str = "0") -> str:
    """Run code in a new process with an Airflow that has this checkout's folders, and return what it prints last."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
    environment = {
        **inherited,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONHASHSEED": hash_seed,
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


LOAD = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
bag = DagBag()
print(json.dumps({
    "errors": bag.import_errors,
    "dags": {dag.dag_id: DagSerialization.to_dict(dag) for dag in bag.dags.values()},
    "modules": sorted(sys.modules),
}, sort_keys=True))
"""


@pytest.fixture(scope="module")
def loads(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """What two processes load, with different orders of sets."""
    home = tmp_path_factory.mktemp("home")
    return [json.loads(python(home, LOAD, seed)) for seed in ("1", "2")]


def test_the_dag_files_can_be_imported(loads: list[dict[str, object]]) -> None:
    assert loads[0]["errors"] == {}
    assert DAG_ID in str(loads[0]["dags"])


def test_no_cloud_sdk_is_loaded(loads: list[dict[str, object]]) -> None:
    modules = loads[0]["modules"]

    assert isinstance(modules, list)
    assert "oss_crr.pipeline" in modules
    assert [name for name in modules if name.startswith(SDKS)] == []


def test_every_parse_gives_the_same_dag(loads: list[dict[str, object]]) -> None:
    assert loads[0]["dags"] == loads[1]["dags"]


PLUGINS = """
import json, sys
from airflow import plugins_manager
plugins, errors = plugins_manager._get_plugins()
names, bare = [plugin.name for plugin in plugins], [name for name in BARE if name in sys.modules]
print(json.dumps({"plugins": names, "errors": errors, "bare": bare}))
"""


def test_the_plugin_loads_and_leaves_other_modules_alone(tmp_path: Path) -> None:
    stems = {path.stem for path in (CHECKOUT / "plugins" / "oss_crr").rglob("*.py")}
    # What the standard library or Airflow itself calls so is there anyway.
    bare = sorted(stems - {"__init__"} - set(sys.stdlib_module_names))

    found = json.loads(python(tmp_path, f"BARE = {bare!r}\n{PLUGINS}"))

    assert "oss_crr" in found["plugins"]
    assert found["errors"] == {}
    assert found["bare"] == []


def test_the_running_airflow_has_one_version_of_the_dag(airflow: Airflow, stack: Stack) -> None:
    versions = airflow.get(f"/dags/{DAG_ID}/dagVersions")

    assert versions["total_entries"] == 1
    assert airflow.import_errors() == []
