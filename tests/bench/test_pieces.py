"""The benchmark's pieces in their smallest size. How fast anything is, is not asked here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.cloud_process import CloudProcess
from bench.probe import run_probe
from bench.probes import direct, rates, verification
from bench.runs import BenchError
from bench.world import Pair, write
from localcloud.server import LocalCloudServer

NEW, COMPLETE = Pair(1, source_objects=3), Pair(2, source_objects=5, destination_objects=5)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloudServer]:
    """A local cloud with the benchmark's accounts."""
    config = tmp_path / "cloud.yaml"
    write(config, [NEW, COMPLETE], empty_buckets=2, behaviour={"rule_start_seconds": 0})
    with LocalCloudServer(config) as server:
        yield server


def _printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_the_pipelines_cloud_work_without_airflow(cloud: LocalCloudServer, capsys: pytest.CaptureFixture[str]) -> None:
    direct.main(cloud.url, [COMPLETE.conf, NEW.conf])
    (row,) = _printed(capsys)
    assert set(row) == {"first", "again", "copying"}
    assert len(cloud.cloud.buckets[NEW.destination_bucket].keys) == NEW.source_objects


def test_verification_compares_every_object(cloud: LocalCloudServer, capsys: pytest.CaptureFixture[str]) -> None:
    verification.main(cloud.url, 2, COMPLETE.conf, COMPLETE.conf)
    found = _printed(capsys)
    assert found["objects"] == COMPLETE.source_objects
    assert len(found["verify"]) == len(found["list"]) == 2


def test_rates_of_requests(cloud: LocalCloudServer, capsys: pytest.CaptureFixture[str]) -> None:
    rates.main(cloud.url, NEW.source_bucket, 2)
    assert all(rate > 0 for rate in _printed(capsys).values())


def test_a_local_cloud_of_its_own(tmp_path: Path) -> None:
    config = tmp_path / "cloud.yaml"
    write(config, [NEW], empty_buckets=2)
    with CloudProcess(config) as process:
        assert process.control("GET", "health")["buckets"] == 4
        assert process.start_seconds > 0


def test_a_probe_that_fails_says_why() -> None:
    with pytest.raises(BenchError, match="no_such_probe"):
        run_probe("no_such_probe")
