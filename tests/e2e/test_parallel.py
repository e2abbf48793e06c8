"""Many pairs at once, each with a history that is complete when the trigger first looks."""

from __future__ import annotations

import pytest

from tests.e2e.airflow import Airflow
from tests.e2e.conftest import NewPair
from tests.e2e.world import OBJECTS

pytestmark = pytest.mark.e2e

RUNS = 10


def test_no_wait_fails_or_is_repeated(airflow: Airflow, new_pair: NewPair) -> None:
    runs = [airflow.start(new_pair().conf()) for _ in range(RUNS)]

    reports = [run.succeed().report() for run in runs]

    assert [(report["state"], report["objects"]) for report in reports] == [("complete", OBJECTS)] * RUNS
    assert [run.tries()["wait_for_history"] for run in runs] == [1] * RUNS
