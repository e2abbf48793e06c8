"""The setup DAG with empty tasks, as a second run goes through it: there is nothing to wait for."""

from __future__ import annotations

from airflow.sdk import DAG
from bench_noop import add_tasks

with DAG("bench_empty_again", schedule=None, catchup=False):
    add_tasks(defers=False, again=True)
