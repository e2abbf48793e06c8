"""A user's DAG that starts when a destination bucket is complete; for the end-to-end tests."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset

with DAG(dag_id="consumer", schedule=[Asset("oss://pair-01-destination")], catchup=False):
    EmptyOperator(task_id="use_it")
