"""How Airflow is configured."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from devstack import airflow
from devstack.keys import Keys
from devstack.settings import PARTS, Settings

KEYS = Keys("fernet", "jwt", "api", "password")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "with a space", 8081, 9091, tmp_path / "cloud.yaml")


def environment(settings: Settings, **inherited: str) -> dict[str, str]:
    return airflow.environment(settings, KEYS, "postgresql://", inherited)


def test_settings_of_another_airflow_are_dropped(settings: Settings) -> None:
    inherited = {"AIRFLOW_CONN_X": "y", "_AIRFLOW_PARSING_CONTEXT_TASK_ID": "task", "PYTHONPATH": "/lib"}
    found = environment(settings, AIRFLOW__CORE__EXECUTOR="CeleryExecutor", **inherited)
    assert found["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert not set(inherited) & set(found)


def test_what_programs_need_is_inherited(settings: Settings) -> None:
    assert environment(settings, HOME="/home/me")["HOME"] == "/home/me"


def test_calls_to_this_machine_avoid_a_proxy(settings: Settings) -> None:
    found = environment(settings, HTTP_PROXY="http://proxy", NO_PROXY="example.com")
    assert found["NO_PROXY"] == "example.com,127.0.0.1,localhost"
    assert found["no_proxy"] == "127.0.0.1,localhost"


def test_the_api_server_listens_on_this_machine_only(settings: Settings) -> None:
    found = environment(settings)
    assert found["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert found["AIRFLOW__API__PORT"] == "8081"
    assert "--skip-serve-logs" in PARTS["scheduler"]
    assert "--skip-serve-logs" in PARTS["triggerer"]


def test_options_of_the_settings_replace_the_stacks_own(settings: Settings) -> None:
    found = environment(replace(settings, options={"CORE__EXECUTOR": "CeleryExecutor"}))
    assert found["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert found["AIRFLOW__API__PORT"] == "8081"


def test_further_variables_reach_airflow_and_nobody_else(settings: Settings) -> None:
    found = environment(replace(settings, variables={"OSS_CRR_RULES_PER_BUCKET": "250"}))
    assert found["OSS_CRR_RULES_PER_BUCKET"] == "250"
    assert "OSS_CRR_RULES_PER_BUCKET" not in os.environ


def test_the_home_folder_gets_the_password_and_the_local_settings(settings: Settings) -> None:
    airflow.prepare_home(settings, KEYS)
    assert '"admin": "password"' in Path(
        environment(settings)["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]
    ).read_text(encoding="utf-8")
    assert (settings.airflow_home / "config" / "airflow_local_settings.py").exists()


def test_nothing_is_loaded_ahead_when_that_is_switched_off(settings: Settings) -> None:
    airflow.prepare_home(settings, KEYS)
    without = Settings(settings.state_folder, 8081, 9091, settings.cloud_config, load_ahead=False)
    airflow.prepare_home(without, KEYS)
    assert not (settings.airflow_home / "config" / "airflow_local_settings.py").exists()


@pytest.mark.parametrize(("cores", "tasks"), [(1, "8"), (2, "8"), (6, "24"), (64, "32")])
def test_as_many_tasks_run_as_the_machine_has_room_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, cores: int, tasks: str
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert environment(settings)["AIRFLOW__CORE__PARALLELISM"] == tasks
