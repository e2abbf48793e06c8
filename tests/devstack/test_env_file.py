"""``make env``: secrets are made once, and never printed."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from devstack import env_file


def test_the_file_is_private_and_complete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / ".env"
    assert env_file.main(target) == 0
    lines = target.read_text(encoding="utf-8").splitlines()
    values = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert target.stat().st_mode & 0o077 == 0
    assert all(values.values())
    assert len(base64.urlsafe_b64decode(values["AIRFLOW_FERNET_KEY"])) == 32
    assert len(values["AIRFLOW_JWT_SECRET"]) >= 64
    output = capsys.readouterr().out
    assert not [name for name in env_file.fresh_secrets() if values[name] in output]


def test_what_exists_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / ".env"
    target.write_text("AIRFLOW_FERNET_KEY=mine\n")
    assert env_file.main(target) == 0
    assert target.read_text() == "AIRFLOW_FERNET_KEY=mine\n"
    assert "stays as it is" in capsys.readouterr().out


def test_secrets_differ_each_time() -> None:
    first, second = env_file.fresh_secrets(), env_file.fresh_secrets()
    assert not set(first.values()) & set(second.values())


def test_only_missing_values_are_filled_in() -> None:
    example = "# A=\nA=\nB=kept\n"
    assert env_file.filled(example, {"A": "new", "B": "other"}) == "# A=\nA=new\nB=kept\n"
