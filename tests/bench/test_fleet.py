"""The fleet benchmark's pieces: scripts, plans, table and plot. How fast anything is, is not asked here."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.fleet import plot, report
from bench.fleet.__main__ import write as write_results
from bench.fleet.measure import merged
from bench.fleet.plan import PLANS, Scenario, plan_of
from bench.fleet.stack import write_inventory
from bench.probes import comparing, script, verifying
from bench.runs import BenchError
from bench.world import Pair, write
from localcloud.server import LocalCloudServer
from oss_crr.fleet.file import load_fleet

PAIRS = [Pair(number, source_objects=2) for number in range(1, 4)]
SAME = Pair(9, source_objects=7, destination_objects=7)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloudServer]:
    config = tmp_path / "cloud.yaml"
    write(config, [*PAIRS, SAME], behaviour={"rule_start_seconds": 0})
    with LocalCloudServer(config) as server:
        yield server


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


# --- what is compared ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side_by_side", [1, 10])
def test_script_sets_pairs_up_and_writes_nothing_twice(
    cloud: LocalCloudServer, monkeypatch: pytest.MonkeyPatch, side_by_side: int
) -> None:
    monkeypatch.setattr(script, "counted_calls", lambda url: 0)
    script.main(cloud.url, side_by_side, [pair.conf for pair in PAIRS])
    for pair in PAIRS:
        assert len(cloud.cloud.buckets[pair.destination_bucket].keys) == pair.source_objects
    writes = {row["action"]: row["count"] for row in calls(cloud) if row["access"] == "write"}
    assert writes == dict.fromkeys(
        ("CreateRole", "CreatePolicy", "AttachPolicyToRole", "PutBucketPolicy", "PutBucketReplication"), len(PAIRS)
    )


def calls(cloud: LocalCloudServer) -> list[dict[str, Any]]:
    found: Any = cloud.runtime.gateway.calls.summary()["calls"]
    return list(found)


def test_script_reads_before_and_after_each_write(cloud: LocalCloudServer, capsys: pytest.CaptureFixture[str]) -> None:
    script.main(cloud.url, 1, [pair.conf for pair in PAIRS])
    found = printed(capsys)
    # Five things, each read, written and read; then each pair's progress.
    assert found["first_calls"] >= 16 * len(PAIRS)
    assert found["again_calls"] == 6 * len(PAIRS)


def test_verifying_in_both_ways(cloud: LocalCloudServer, capsys: pytest.CaptureFixture[str]) -> None:
    verifying.main(cloud.url, 0, [pair.conf for pair in PAIRS])
    found = printed(capsys)
    assert (found["pairs"], found["script_reads"]) == (3, 8.0)
    assert 0 < found["reads"] <= 12


def test_comparing_reaches_the_end(cloud: LocalCloudServer, capsys: pytest.CaptureFixture[str]) -> None:
    comparing.main(cloud.url, PAIRS[0].conf, SAME.conf)
    assert printed(capsys)["objects"] == SAME.source_objects


def test_inventory_is_one_that_the_product_reads(tmp_path: Path) -> None:
    write_inventory(tmp_path / "fleet.yaml", PAIRS)
    assert load_fleet(tmp_path / "fleet.yaml").names == ["pair-0001", "pair-0002", "pair-0003"]


# --- plans -----------------------------------------------------------------------------------------------------------


def test_sizes() -> None:
    assert set(PLANS) == {"short", "medium", "full"}
    assert plan_of("full").most_pairs == 1000
    assert {scenario.latency_ms for scenario in plan_of("full").scenarios} == {0, 50, 100}
    assert any(scenario.quotas for scenario in plan_of("full").scenarios)
    with pytest.raises(BenchError, match="SIZE=huge: choose one of short, medium, full"):
        plan_of("huge")


def test_conditions() -> None:
    assert [Scenario(1, 0).condition, Scenario(1, 100, quotas=True).condition] == ["0 ms", "100 ms, quotas"]


# --- results ---------------------------------------------------------------------------------------------------------


def result(pairs: int, *, quotas: bool = False) -> dict[str, Any]:
    run = {
        "seconds": pairs * 1.0,
        "cpu": 2.0,
        "cloud_cpu": 1.0,
        "calls": pairs * 15,
        "besides": pairs * 12,
        "writes": pairs * 5,
        "tasks": 28,
    }
    run["memory"] = {"scheduler": 200.0, "task": 180.0}  # type: ignore[assignment]
    timed = {"measured": min(pairs, 10), "first_calls": 16.0, "again_calls": 6.0}
    timed |= {"first": pairs * 2.0, "again": pairs * 1.0}
    return {
        "pairs": pairs,
        "latency_ms": 100,
        "quotas": quotas,
        "first": run,
        "again": {**run, "seconds": pairs * 0.2, "writes": 0},
        "empty": {**run, "seconds": 4.0},
        "side_by_side": {**timed, "measured": pairs},
        "one_by_one": timed,
    }


@pytest.fixture
def results() -> dict[str, Any]:
    machine = {"date": "2026-11-01", "cores": 2, "memory_gb": 8, "processor": "p", "system": "Linux"}
    return {
        "machine": {**machine, "python": "3.11", "airflow": "3.3", "load": 0.5},
        "scenarios": [result(1), result(100), result(100, quotas=True)],
        "waiting": {"pairs": 100, "cores": 0.12, "polls_per_second": 3.2},
        "inventory": {"pairs": 100, "seconds": 0.4, "seconds_of_one": 0.1},
    }


def test_table_names_every_ratio(results: dict[str, Any]) -> None:
    text = report.render(results)
    assert "| 100 | 100 ms | 100 | 20.0 | 200 | 200* | 4.0 | 0.50 | 0.50 | 25.00 | 0.20 |" in text
    # A hundred pairs at twenty writes a second: five seconds at least.
    assert "| 100 | 100 | 5.0 | 20.00 |" in text
    assert "| 100 | 100 ms | 15.0 | 12.0 | 15.0 | 12.0 | 0 | 16.0 | 6.0 | 0.02 | 0.02 | 0.02 | 28 |" in text
    assert "0.12 of a core" in text


def test_table_leaves_out_what_was_not_measured(results: dict[str, Any]) -> None:
    del results["waiting"], results["inventory"]
    results["scenarios"] = results["scenarios"][:2]
    text = report.render(results)
    assert "## Waiting" not in text
    assert "quota's floor" not in text


def test_plot_is_an_image_with_a_line_for_each_way(results: dict[str, Any]) -> None:
    root = ElementTree.fromstring(plot.draw(results["scenarios"], 100))  # noqa: S314
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 5
    assert all(len((line.get("points") or "").split()) == 2 for line in lines)
    labels = [text.text for text in root.findall("{http://www.w3.org/2000/svg}text")]
    assert {"one by one", "ten at a time", "this product", "as many empty tasks"} <= set(labels)


def test_results_are_written_in_every_form(results: dict[str, Any], tmp_path: Path) -> None:
    write_results(results, tmp_path / "results")
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"fleet.json", "fleet.md", "fleet.svg"}


def test_results_grow() -> None:
    assert merged({"scenarios": [1], "a": 1}, {"scenarios": [2]}) == {"scenarios": [1, 2], "a": 1}


def test_inventory_file_is_yaml(tmp_path: Path) -> None:
    write_inventory(tmp_path / "fleet.yaml", PAIRS)
    assert len(yaml.safe_load((tmp_path / "fleet.yaml").read_text(encoding="utf-8"))["pairs"]) == 3
