"""What the demo does behind Airflow's back, with the vendor's SDK against the local cloud."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack import cloud_config
from devstack.cloud_config import DESTINATION
from devstack.owner import Owner
from localcloud.server import LocalCloudServer

FOREIGN = {
    "Effect": "Allow",
    "Action": ["oss:GetObject"],
    "Principal": ["1234567890123456"],
    "Resource": [f"acs:oss:*:*:{DESTINATION.bucket}/*"],
}


def grant(role: str) -> dict[str, Any]:
    principal = [f"arn:sts::1000000000000001:assumed-role/{role}/*"]
    return {**FOREIGN, "Action": ["oss:ReplicatePut"], "Principal": principal}


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    cloud_config.write(tmp_path / "cloud.yaml", objects=1)
    with LocalCloudServer(tmp_path / "cloud.yaml") as server:
        yield Owner(DESTINATION, server.url)


def test_a_bucket_without_a_policy_has_no_statements(owner: Owner) -> None:
    assert owner.statements() == []


def test_only_the_roles_statement_is_removed(owner: Owner) -> None:
    for statement in (FOREIGN, grant("oss-crr-demo"), grant("other")):
        owner.add_statement(statement)

    assert owner.remove_grants_for("OSS-CRR-demo") == [grant("oss-crr-demo")]
    assert owner.statements() == [FOREIGN, grant("other")]


def test_a_policy_without_statements_is_removed(owner: Owner) -> None:
    owner.add_statement(grant("oss-crr-demo"))
    owner.remove_grants_for("oss-crr-demo")

    assert owner.statements() == []
    assert owner.remove_grants_for("oss-crr-demo") == []
