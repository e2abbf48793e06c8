"""The setup DAG with empty tasks, as a first run goes through it: it waits once in the triggerer."""

from __future__ import annotations

from airflow.sdk import DAG
from bench_noop import add_tasks

with DAG("bench_empty_first", schedule=None, catchup=False):
    add_tasks(defers=True)
