"""Wrong input is refused before any cloud call: by the form where Airflow can check it, else by the first task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from devstack.errors import ApiError
from tests.e2e.airflow import Airflow, Run
from tests.e2e.cloud import LocalCloud
from tests.e2e.conftest import NewPair
from tests.e2e.world import Pair

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def pair(new_pair: NewPair) -> Pair:
    """A pair that nothing is done with."""
    return new_pair()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source_bucket", None),
        ("source_bucket", "ab"),
        ("source_region", "cn-nowhere"),
        ("destination_region", "oss-cn-beijing"),
        ("prefixes", "logs/"),
        ("replication_policy", "everything"),
        ("transfer_type", "pigeon"),
        ("rtc", "yes"),
        ("plan_only", 1),
        ("on_rule_mismatch", "ignore"),
        ("role_name", "r" * 65),
    ],
)
def test_the_form_refuses(pair: Pair, airflow: Airflow, field: str, value: object) -> None:
    with pytest.raises(ApiError) as refusal:
        airflow.start(pair.conf(**{field: value}))

    assert refusal.value.status == 400
    assert f"Invalid input for param {field}" in str(refusal.value)


WRONG: dict[str, Mapping[str, Any]] = {
    "unknown field": {"prefix": ["logs/"]},
    "same bucket and region": {"destination_bucket": "{source_bucket}", "destination_region": "cn-hangzhou"},
    "key without the switch": {"kms_key_arn": "acs:kms:cn-beijing:1234567890123456:key/key-bjj62f5ba3d"},
}
NAMED = {
    "unknown field": ["prefix: unknown field 'prefix'"],
    "same bucket and region": ["destination_bucket: is the source bucket", "destination_region: is the source region"],
    "key without the switch": ["kms_key_arn: has no effect without replicate_kms_objects"],
}


@pytest.fixture(scope="module")
def runs(pair: Pair, airflow: Airflow) -> dict[str, Run]:
    """A run for each wrong input."""
    return {
        name: airflow.start(
            pair.conf(**{key: pair.source.bucket if "{" in value else value for key, value in fields.items()})
        )
        for name, fields in WRONG.items()
    }


@pytest.mark.parametrize("wrong", WRONG)
def test_the_first_task_refuses_without_a_retry(runs: dict[str, Run], wrong: str) -> None:
    run = runs[wrong].fail()

    assert run.states()["resolve"] == "failed"
    assert run.states()["preflight"] == "upstream_failed"
    assert run.tries()["resolve"] == 1


@pytest.mark.parametrize("wrong", WRONG)
def test_log_and_report_name_the_field(runs: dict[str, Run], wrong: str) -> None:
    run = runs[wrong].fail()

    for text in NAMED[wrong]:
        assert text in run.error("resolve")
        assert text in run.error("report")


def test_no_cloud_call_is_made(runs: dict[str, Run], pair: Pair, cloud: LocalCloud) -> None:
    for run in runs.values():
        run.fail()

    assert cloud.calls(pair).actions() == {}
