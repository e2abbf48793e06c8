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
    """Arrows that lead where others lead, too, are left out for the reader's sake."""
    assert drawn() == {(name, after) for name in tasks for after in _next(tasks, name)}


def _next(tasks: dict[str, Any], name: str) -> set[str]:
    """Return the tasks that follow one directly, without those that another of these leads to."""
    direct = tasks[name].downstream_task_ids
    further = {later for after in direct for later in tasks[after].get_flat_relative_ids(upstream=False)}
    return set(direct) - further


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
