"""The pipeline with other waiting times than the product's own DAG has; for the end-to-end tests."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from oss_crr.form import SETUP_PARAMS
from oss_crr.operators.steps import ResolveFormOperator
from oss_crr.pipeline import replication_pipeline

with DAG(dag_id="poll_often", schedule=None, catchup=False, params=SETUP_PARAMS):
    replication_pipeline(ResolveFormOperator(task_id="resolve").output, poke_interval=1)

with DAG(dag_id="wait_briefly", schedule=None, catchup=False, params=SETUP_PARAMS):
    replication_pipeline(ResolveFormOperator(task_id="resolve").output, poke_interval=1, timeout=timedelta(seconds=6))
