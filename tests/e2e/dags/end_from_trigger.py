"""A DAG as other teams may have it: Airflow refuses it in processes that have a listener."""

from __future__ import annotations

from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.sdk import DAG

with DAG(dag_id="end_from_trigger", schedule=None, catchup=False):
    DateTimeSensorAsync(task_id="wait", target_time="2020-01-01T00:00:00+00:00", end_from_trigger=True)
