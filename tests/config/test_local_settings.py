"""What is loaded before a task's process starts, and what is left for the task to load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from devstack.settings import CHECKOUT

#: Reads the DAG files as the process of a task does, in a process that has loaded what the scheduler loads.
PROGRAM = f"""
import json, sys, threading
sys.argv = ["airflow", sys.argv[1]]
import airflow.sdk.execution_time.task_runner
import runpy
runpy.run_path({str(CHECKOUT / "config/airflow_local_settings.py")!r})
ahead = set(sys.modules)
from airflow.dag_processing.dagbag import BundleDagBag
before = set(sys.modules)
folder = {str(CHECKOUT / "dags")!r}
bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags", load_op_links=False)
print(json.dumps({{
    "dags": sorted(bag.dags),
    "errors": bag.import_errors,
    "ahead": sorted(ahead),
    "by DAG files": sorted(set(sys.modules) - before),
    "threads": threading.active_count(),
}}))
"""
SDKS = ("oss2", "alibabacloud_", "Tea", "darabonba", "aliyunsdkcore")
#: A task's process imports these for nothing: they belong to other parts of Airflow, or are large.
NEVER = (*SDKS, "airflow.models", "airflow.api_fastapi", "fastapi", "sqlalchemy", "pandas", "requests", "localcloud")


@cache
def loaded(part: str) -> dict[str, Any]:
    """Return what the program finds, in the place of a part of Airflow."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))},
        "AIRFLOW_HOME": "/nonexistent",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, part], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["dags"]
    assert found["errors"] == {}
    return found


def of(names: list[str], *packages: str) -> list[str]:
    """Return the names that start with one of some words."""
    return [name for name in names if name.startswith(packages)]


@pytest.mark.parametrize("part", ["scheduler", "triggerer", "worker"])
def test_a_part_that_forks_loads_everything_ahead_and_starts_no_thread(part: str) -> None:
    found = loaded(part)
    assert {"oss2", "alibabacloud_ram20150501.client", "alibabacloud_kms20160120.client"} <= set(found["ahead"])
    assert {"oss_crr.hooks.account", "oss_crr.triggers.rules"} <= set(found["ahead"])
    assert found["threads"] == 1


def test_little_is_left_for_the_process_of_a_task() -> None:
    left = loaded("scheduler")["by DAG files"]
    assert len(of(left, "oss_crr")) <= 5, of(left, "oss_crr")
    assert len(left) <= 40, left


def test_without_it_a_task_still_loads_no_more_than_the_package() -> None:
    found = loaded("api-server")
    assert of(found["ahead"], "oss_crr", *SDKS) == []
    assert of(found["by DAG files"], *NEVER) == []
    # All DAG files together: three quarters of these are the package's own small modules.
    assert len(found["by DAG files"]) <= 240, found["by DAG files"]
