"""When a set of clients is installed, and when it is left alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.clients.install import install, is_installed


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.txt"
    path.write_text("client==1.0")
    return path


def test_a_set_is_installed_again_when_its_manifest_changes(tmp_path: Path, manifest: Path) -> None:
    target = tmp_path / "set"
    runs: list[Path] = []
    for version in ("client==1.0", "client==1.0", "client==2.0"):
        manifest.write_text(version)
        install(target, [manifest], runs.append)
    assert runs == [target, target]
    assert is_installed(target)


def test_a_set_without_its_tool_is_left_out(tmp_path: Path, manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs: list[Path] = []
    install(tmp_path / "set", [manifest], runs.append, needs="no-such-tool")
    assert not runs
    assert not is_installed(tmp_path / "set")
    assert "No no-such-tool on this machine" in capsys.readouterr().out


def test_a_set_that_cannot_be_installed_is_left_out(
    tmp_path: Path, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Path) -> None:
        raise subprocess.CalledProcessError(1, ["npm", "ci"])

    install(tmp_path / "set", [manifest], fail)
    assert not is_installed(tmp_path / "set")
    assert "npm" in capsys.readouterr().err
