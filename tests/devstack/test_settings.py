"""Settings: defaults, and what may be set."""

from __future__ import annotations

from pathlib import Path

import pytest

from devstack.errors import DevstackError
from devstack.settings import CHECKOUT, Settings


def test_defaults_lie_in_the_checkout() -> None:
    settings = Settings.from_environment({})
    assert settings.state_folder == CHECKOUT / ".demo"
    assert settings.cloud_config == CHECKOUT / ".demo" / "cloud.yaml"
    assert (settings.airflow_url, settings.cloud_url) == ("http://127.0.0.1:8080", "http://127.0.0.1:9090")


def test_variables_move_ports_and_folders(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {"STATE_DIR": str(tmp_path), "AIRFLOW_PORT": "9000", "LOCALCLOUD_PORT": "9001"}
    )
    assert settings.state_folder == tmp_path.resolve()
    assert (settings.airflow_port, settings.cloud_port) == (9000, 9001)


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1", "8080 ", "٨٠٨٠"])
def test_a_port_has_to_be_a_port(value: str) -> None:
    with pytest.raises(DevstackError, match="AIRFLOW_PORT must be a port number"):
        Settings.from_environment({"AIRFLOW_PORT": value})


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Settings.from_environment({"AIRFLOW_PORT": ""}).airflow_port == 8080
