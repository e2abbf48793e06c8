"""What the README says about files and steps is so."""

from __future__ import annotations

import re
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG

from oss_crr.operators.steps import ResolveFormOperator
from oss_crr.pair import BucketPair
from oss_crr.pipeline import replication_pipeline

CHECKOUT = Path(__file__).parents[2]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
FIELDS = (CHECKOUT / "docs" / "fields.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tasks() -> dict[str, Any]:
    """Return the tasks of the setup DAG."""
    with DAG(dag_id="dag", schedule=None) as dag:
        replication_pipeline(ResolveFormOperator(task_id="resolve").output)
    return dict(dag.task_dict)


def drawn() -> set[tuple[str, str]]:
    """Return the arrows of the README's picture."""
    picture = README.split("```mermaid\n")[1].split("```")[0]
    chains = [[stage.split("&") for stage in line.split("-->")] for line in picture.splitlines() if "-->" in line]
    arrows = {arrow for chain in chains for left, right in pairwise(chain) for arrow in product(left, right)}
    return {(upstream.strip(), downstream.strip()) for upstream, downstream in arrows}


def test_picture_is_the_graph(tasks: dict[str, Any]) -> None:
    """The report also waits for each of the steps that run side by side: left out for the reader's sake."""
    arrows = {(name, after) for name, task in tasks.items() for after in task.downstream_task_ids}
    assert drawn() == {arrow for arrow in arrows if arrow[1] != "report"} | {("verify", "report")}


def test_every_step_is_explained(tasks: dict[str, Any]) -> None:
    table = README.split("## What a run does")[1].split("## Permissions")[0]
    assert [name for name in tasks if f"`{name}`" not in table] == []


@pytest.mark.parametrize("text", [README, FIELDS], ids=["README", "fields"])
def test_linked_files_exist(text: str) -> None:
    base = CHECKOUT if text is README else CHECKOUT / "docs"
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (base / link).exists()] == []


def test_every_field_is_explained() -> None:
    assert [field for field in BucketPair.__dataclass_fields__ if f"`{field}`" not in FIELDS] == []
