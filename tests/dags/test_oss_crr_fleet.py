"""The fleet's DAG as its file declares it, also with an inventory that is broken or large."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from oss_crr.fleet.file import FLEET_FILE_VARIABLE
from tests.plugins.fleet.inventories import REGIONS

CHECKOUT = Path(__file__).parents[2]
FILE = CHECKOUT / "dags" / "oss_crr_fleet.py"


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "fleet.yaml"
    monkeypatch.setenv(FLEET_FILE_VARIABLE, str(path))
    return path


def write(path: Path, *names: str) -> None:
    pairs = [
        {"name": name, "source_bucket": f"src-{n}", "destination_bucket": f"dst-{n}"} for n, name in enumerate(names)
    ]
    path.write_text(yaml.safe_dump({"defaults": REGIONS, "pairs": pairs}))


def read() -> Any:
    """Return the DAG; whatever Airflow warns of while it is read fails the test."""
    import runpy
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return runpy.run_path(str(FILE))["dag"]


def choices(dag: Any) -> list[str]:
    found: list[str] = dag.params.get_param("pairs").schema["examples"]
    return found


def test_documentation_explains_every_step(inventory: Path) -> None:
    write(inventory)
    dag = read()
    steps = {name.split(".")[0] for name in dag.task_ids}
    assert [name for name in steps if f"`{name}`" not in dag.doc_md] == []
    assert [task.task_id for task in dag.tasks if not task.doc_md] == []


def test_only_the_batches_leave_failed_pairs_to_others(inventory: Path) -> None:
    write(inventory)
    grouped = {name: task for name, task in read().task_dict.items() if "." in name}
    tolerant = {(name.split(".")[0], task.tolerant) for name, task in grouped.items()}
    assert tolerant == {("batch", True), ("alone", False)}
    assert {task.map_index_template for task in grouped.values()} == {"{{ task.batch_name }}"}


def test_the_form_offers_the_pairs_sorted(inventory: Path) -> None:
    write(inventory, "media", "logs", "archive")
    dag = read()
    assert choices(dag) == ["archive", "logs", "media"]
    assert "holds 3 pairs" in dag.doc_md


def test_the_dag_is_the_same_each_time_it_is_read(inventory: Path) -> None:
    write(inventory, "media", "logs")
    assert (choices(read()), read().doc_md) == (choices(read()), read().doc_md)


@pytest.mark.parametrize("text", [None, "pairs:\n  - nme: x\n", "pairs: ["])
def test_a_broken_inventory_is_shown_and_the_dag_stays(inventory: Path, text: str | None) -> None:
    if text is not None:
        inventory.write_text(text)
    dag = read()
    assert "**The inventory cannot be used**" in dag.doc_md
    assert str(inventory) in dag.doc_md
    assert choices(dag) == []


def test_a_thousand_pairs_are_read_in_under_a_second_of_processor_time(inventory: Path) -> None:
    """Beyond what Airflow itself needs, and in a fresh process, as the DAG processor does."""
    write(inventory, *(f"pair-{n}" for n in range(1000)))
    code = (
        "import runpy, sys, time; import airflow.sdk, oss_crr.pipeline; began = time.process_time();"
        "dag = runpy.run_path(sys.argv[1])['dag']; print(time.process_time() - began);"
        "assert len(dag.params.get_param('pairs').schema['examples']) == 1000"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(FILE)],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "plugins")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(run.stdout.splitlines()[-1]) < 1.0


def test_a_task_process_does_not_read_the_inventory(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.definitions._internal.dag_parsing_context import _airflow_parsing_context_manager

    # The manager leaves variables behind that were not there before: Airflow uses it in processes that end soon.
    for variable in ("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "_AIRFLOW_PARSING_CONTEXT_TASK_ID"):
        monkeypatch.setenv(variable, "")
    inventory.write_text("pairs: [")
    with _airflow_parsing_context_manager(dag_id="oss_crr_fleet", task_id="batch.preflight"):
        assert "cannot be used" not in read().doc_md
    assert "cannot be used" in read().doc_md
