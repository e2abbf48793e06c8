"""The command line: readiness, signals, and clear failures."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import oss2
import pytest

from localcloud.__main__ import main
from tests.localcloud.conftest import TWO_ACCOUNTS


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "cloud.yaml"
    file.write_text(json.dumps(TWO_ACCOUNTS))
    return file


@contextmanager
def process(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a local cloud, wait until it says that it is ready, and end it."""
    command = [sys.executable, "-m", "localcloud", "--port", "0", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            yield child, child.stdout.readline()
        finally:
            child.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serving_until_a_signal(config: Path, tmp_path: Path, number: signal.Signals) -> None:
    state = tmp_path / "state"
    with process("--config", config, "--state", state) as (child, line):
        url = line.removeprefix("local cloud ready on ").strip()
        assert url.startswith("http://127.0.0.1:")
        oss2.Bucket(oss2.Auth("key-a", "secret-a"), url, "bucket-a").put_object("kept", b"1")
        child.send_signal(number)
        assert child.wait(10) == 0
        assert child.stderr is not None
        assert child.stderr.read() == ""
    with process("--config", config, "--state", state) as (_, line):
        url = line.removeprefix("local cloud ready on ").strip()
        assert oss2.Bucket(oss2.Auth("key-a", "secret-a"), url, "bucket-a").object_exists("kept")
        assert httpx.get(f"{url}/_localcloud/health").status_code == 200


def test_a_bad_configuration(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("accounts:\n  - uid: x\n")
    assert main(["--config", str(config)]) == 2
    assert f"{config}: accounts[0].uid (line 2): expected digits only" in capsys.readouterr().err


def test_a_missing_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml: No such file" in capsys.readouterr().err


def test_a_foreign_state_file(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").write_text("{}")
    assert main(["--config", str(config), "--state", str(tmp_path / "state")]) == 2
    assert "is not a state file" in capsys.readouterr().err


def test_an_occupied_port(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--config", str(config), "--port", str(port)]) == 2
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in capsys.readouterr().err
