"""Ports: what is free, and what is said about one that is not."""

from __future__ import annotations

import re

import pytest

from devstack import ports
from devstack.errors import PortInUse


def test_a_port_with_a_server_is_not_free(occupied: int) -> None:
    assert not ports.is_free(occupied)


def test_a_port_without_a_server_is_free() -> None:
    assert ports.is_free(ports.free_port())


def test_the_message_names_the_port_its_purpose_and_a_way_out(occupied: int) -> None:
    with pytest.raises(PortInUse) as caught:
        ports.require_free(occupied, "Airflow", "AIRFLOW_PORT")
    message = str(caught.value)
    assert f"Port {occupied}, needed for Airflow" in message
    proposal = re.search(r"make demo AIRFLOW_PORT=(\d+)$", message)
    assert proposal
    assert ports.is_free(int(proposal[1]))
