"""A user's DAG that starts when a pair was verified, and looks at how it is; for the end-to-end tests."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Asset, task

WELL = Asset("oss-crr://health/well")

with DAG(dag_id="health_listener", schedule=[WELL], catchup=False):

    @task
    def react(triggering_asset_events: Any = None) -> list[str]:
        """Return the health that each event tells."""
        return [event.extra["health"] for event in triggering_asset_events[WELL]]

    react()
