"""What reading the DAG files costs, and the shape of the setup DAG."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from bench.probe import run_probe
from bench.runs import BenchError
from bench.stats import spread
from bench.world import Json
from devstack.settings import CHECKOUT

SETUP_DAG = "oss_crr_setup"
#: How long the trigger of the product's wait is silent at first, with the stack's ``min_heartbeat_interval`` of 1 s.
_DEFERRED_SECONDS = 2.0
#: How the tasks of a run end that asks for no KMS and has both connections. Checked against the measured runs.
_ENDS = {
    "prepare_kms_key": "skipped",
    "grant_kms_key": "skipped",
    "grant_kms_role": "skipped",
    "hand_over": "skipped",
    "wait_for_history": "deferred",
}
#: And those of a run that finds everything in order.
_ENDS_AGAIN = {**_ENDS, **dict.fromkeys(("create_role", "grant_source", "grant_destination", "create_rule"), "skipped")}
#: The task that skips those that have nothing to do, before they start.
_SKIPPER = "preflight"


def setup_shape(folder: Path) -> Json:
    """Return the shape of the setup DAG: tasks, dependencies, trigger rules, and how each task ends, again, too.

    :param folder: where Airflow may write.
    """
    found = run_probe("parse", str(CHECKOUT / "dags"), environment=_environment(folder))
    tasks = found["folders"][0]["dags"][SETUP_DAG]
    return {
        "deferred_seconds": _DEFERRED_SECONDS,
        "skipper": _SKIPPER,
        "tasks": [{**task, "ends": _end(task, _ENDS), "ends_again": _end(task, _ENDS_AGAIN)} for task in tasks],
    }


def _end(task: Json, ends: Mapping[str, str]) -> str:
    return ends.get(task["task_id"], "success")


def measure_parsing(repetitions: int, folder: Path, empty_dags: Path, modules: Path) -> Json:
    """Read the empty DAGs and then the product's, in fresh processes.

    :param empty_dags: the folder of the empty DAGs' files.
    :param modules: the folder of the module that they import.
    :returns: ``airflow``, ``empty`` and ``product`` (see :func:`bench.stats.spread`, seconds) and ``modules``, the
        number that the product's files load.
    :raises BenchError: a cloud SDK was loaded.
    """
    environment = _environment(folder, modules)
    folders = [str(empty_dags), str(CHECKOUT / "dags")]
    found = [run_probe("parse", *folders, environment=environment) for _ in range(repetitions)]
    loaded = found[0]["sdk_packages"]
    if loaded:
        raise BenchError(f"reading the DAG files loads cloud SDKs: {', '.join(loaded)}")
    return {
        "airflow": spread([row["airflow_import_seconds"] for row in found]),
        "empty": spread([row["folders"][0]["seconds"] for row in found]),
        "product": spread([row["folders"][1]["seconds"] for row in found]),
        "modules": found[0]["folders"][1]["modules"],
    }


def parse_seconds(folder: Path, name: str, variables: dict[str, str], repetitions: int = 3) -> float:
    """Return the median of the processor seconds that reading one of the product's DAG files takes in a fresh process.

    Reading does not wait for anybody, so that on an idle machine these are the seconds that pass.

    :param folder: where Airflow may write.
    :param name: the file's name.
    :param variables: further environment.
    """
    alone = folder / "alone"
    alone.mkdir(exist_ok=True)
    shutil.copy(CHECKOUT / "dags" / name, alone)
    environment = {**_environment(folder), **variables}
    # Airflow's own modules are loaded by what is read first.
    warm = folder / "warm"
    warm.mkdir(exist_ok=True)
    (warm / "bench_warm.py").write_text("from airflow.sdk import DAG\n\nDAG('bench_warm', schedule=None)\n")
    found = [run_probe("parse", str(warm), str(alone), environment=environment) for _ in range(repetitions)]
    return spread([row["folders"][1]["cpu"] for row in found])["median"]


def _environment(folder: Path, *modules: Path) -> dict[str, str]:
    """A bare Airflow without a database, which reading DAG files does not need."""
    paths = [CHECKOUT, CHECKOUT / "plugins", *modules]
    return {
        "PYTHONPATH": ":".join(str(path) for path in paths),
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/unused.db",
    }
