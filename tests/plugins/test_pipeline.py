"""The order of the steps."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG

from oss_crr.hooks.budget import DEFAULT_SHARE
from oss_crr.pipeline import replication_pipeline

GRANTS = {"grant_source", "grant_destination", "prepare_kms_key", "grant_kms_key", "grant_kms_role"}


def tasks() -> dict[str, Any]:
    with DAG(dag_id="dag", schedule=None) as dag:
        replication_pipeline([])
    return dict(dag.task_dict)


def test_nothing_is_written_before_preflight_and_the_rule_comes_last() -> None:
    steps = tasks()
    assert steps["preflight"].upstream_task_ids == set()
    assert GRANTS | {"create_role", "hand_over"} <= steps["create_rule"].get_flat_relative_ids(upstream=True)
    assert steps["report"].get_flat_relative_ids(upstream=True) == set(steps) - {"report"}


def test_tasks_that_write_roles_and_policies_use_one_quota_up_and_no_more() -> None:
    at_once = {name: task.max_active_tis_per_dagrun for name, task in tasks().items()}
    limited = {name: count for name, count in at_once.items() if count is not None}
    assert limited == dict.fromkeys(("create_role", "grant_source", "grant_kms_role"), round(1 / DEFAULT_SHARE))


def test_every_step_says_what_it_does() -> None:
    assert [name for name, task in tasks().items() if not task.doc_md] == []
