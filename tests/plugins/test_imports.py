"""What loading costs: pure modules load neither Airflow nor an SDK, and DAG files load no SDK."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PURE = (
    "concurrency",
    "converge",
    "denials",
    "errors",
    "fleet.check",
    "fleet.schema",
    "fleet.selection",
    "inventory",
    "model",
    "outcome",
    "parallel",
    "planning",
    "pair",
    "poll",
    "policy",
    "preflight",
    "progress",
    "refusal",
    "regions",
    "resources.registry",
    "survey",
    "verification.check",
    "verification.trend_store",
    "verify",
)
SDKS = ("oss2", "alibabacloud", "aliyunsdkcore", "Tea", "darabonba", "requests")
CHECKOUT = Path(__file__).parents[2]


def loaded_after(code: str, **variables: str) -> list[str]:
    """Return the names of all modules that are loaded once a fresh Python has run the code."""
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport json, sys; print('\\n' + json.dumps(sorted(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
        cwd=CHECKOUT,
        env={"PYTHONPATH": "plugins", "PATH": os.environ["PATH"], **variables},
    )
    names: list[str] = json.loads(run.stdout.splitlines()[-1])
    return names


def of(names: list[str], *packages: str) -> list[str]:
    return [name for name in names if name.startswith(packages)]


@pytest.fixture(scope="module")
def after_pure() -> list[str]:
    return loaded_after("\n".join(f"import oss_crr.{name}" for name in PURE))


def test_pure_modules_load_no_airflow(after_pure: list[str]) -> None:
    assert of(after_pure, "airflow") == []


def test_pure_modules_load_no_sdk_and_no_hook(after_pure: list[str]) -> None:
    assert of(after_pure, *SDKS, "oss_crr.hooks") == []


def test_pure_modules_were_loaded(after_pure: list[str]) -> None:
    assert {f"oss_crr.{name}" for name in PURE} <= set(after_pure)


def test_package_and_local_cloud_do_not_know_each_other(after_pure: list[str]) -> None:
    assert of(after_pure, "localcloud") == []


def test_dag_files_load_no_sdk(tmp_path: Path) -> None:
    """Airflow loads every DAG file every few seconds."""
    files = sorted(f"dags/{path.name}" for path in (CHECKOUT / "dags").glob("*.py"))
    code = f"import runpy; [runpy.run_path(file) for file in {files}]"
    names = loaded_after(code, AIRFLOW_HOME=str(tmp_path), HOME=str(tmp_path))
    assert {"oss_crr.pipeline", "oss_crr.verify_pipeline"} <= set(names)
    assert of(names, *SDKS) == []
