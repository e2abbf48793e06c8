"""``make fleet-check``: an inventory is checked without Airflow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from oss_crr.fleet.check import main
from tests.plugins.fleet.inventories import REGIONS

CHECKOUT = Path(__file__).parents[3]
PAIRS = [
    {"name": f"pair-{n}", "source_bucket": f"src-{n}", "destination_bucket": f"dst-{n // 2}", **REGIONS}
    for n in range(5)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.yaml"
    path.write_text(yaml.safe_dump({"pairs": PAIRS}))
    return path


def test_an_inventory_in_order_is_summed_up(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(path), "--batch-size", "2"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        f"{path}: 5 pairs, no errors",
        "batches 3 of 1 to 2 pairs",
        "source buckets 5",
        "destination buckets 3",
        "source accounts oss_source: 5",
        "destination accounts oss_destination: 5",
        "roles 5",
        "KMS keys 0",
        "rules 5, most at dst-0: 2",
    ]


def test_every_error_is_told_and_the_exit_status_is_one(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_text("pairs:\n  - name: one\n  - nme: two\n")
    assert main([str(path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"{path}:2: one, source_bucket: is required" in shown.err.splitlines()
    assert f"{path}:3: pair 2, nme: unknown field; did you mean 'name'?" in shown.err.splitlines()


def test_warnings_are_told_and_the_exit_status_is_zero(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, *_ = PAIRS
    regions = {"source_region": "cn-shanghai", "destination_region": "cn-beijing"}
    onward = {**second, "source_bucket": first["destination_bucket"], "destination_bucket": "far-away", **regions}
    path.write_text(yaml.safe_dump({"pairs": [first, onward]}))
    assert main([str(path)]) == 0
    assert "warning: " in capsys.readouterr().err


def test_no_airflow_is_started(path: Path) -> None:
    code = (
        "import sys; from oss_crr.fleet.check import main; main(sys.argv[1:]);"
        "sys.exit(any(name.startswith('airflow') for name in sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=CHECKOUT, env={"PYTHONPATH": "plugins"}, check=False
    )
    assert run.returncode == 0


def test_the_command_works_as_the_makefile_calls_it() -> None:
    command = [sys.executable, "-m", "oss_crr.fleet.check"]
    run = subprocess.run(
        command, cwd=CHECKOUT, env={"PYTHONPATH": "plugins"}, check=False, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "fleet.yaml: " in run.stdout
