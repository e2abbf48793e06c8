"""Connections: every form that the README names works, and what is wrong with one is named."""

from __future__ import annotations

import pytest

from tests.e2e.airflow import Airflow, Run
from tests.e2e.cloud import LocalCloud
from tests.e2e.conftest import NewPair
from tests.e2e.world import Pair

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def other_forms(airflow: Airflow, cloud: LocalCloud, new_pair: NewPair) -> Run:
    """A run with a connection of type ``oss``, and one whose key is its login and password."""
    pair = new_pair()
    source, destination = pair.sides
    airflow.put_connection(source.connection_id, "oss", source.fields(cloud.url, auth_type="AK", region=source.region))
    airflow.put_login(destination, {"endpoints": dict.fromkeys(("oss", "ram", "sts"), cloud.url)})
    return airflow.start(pair.conf())


@pytest.fixture(scope="module")
def wrong(airflow: Airflow, cloud: LocalCloud, new_pair: NewPair) -> dict[str, tuple[Pair, Run]]:
    """Runs with a wrong connection each, side by side."""
    changes: dict[str, dict[str, object]] = {
        "secret": {"access_key_secret": "not-the-secret"},
        "uid": {"account_uid": "9999999999999999"},
        "incomplete": {"access_key_secret": None},
    }
    found = {}
    for name, fields in changes.items():
        pair = new_pair()
        side = pair.destination
        airflow.put_connection(side.connection_id, "alibaba_cloud", side.fields(cloud.url, **fields))
        found[name] = (pair, airflow.start(pair.conf()))
    pair = new_pair()
    airflow.put_connection(pair.destination.connection_id, "alibaba_cloud", pair.source.fields(cloud.url))
    found["same account"] = (pair, airflow.start(pair.conf()))
    return found


def failed_at_once(case: tuple[Pair, Run], cloud: LocalCloud) -> str:
    """Make sure that preflight failed without a retry and nothing was written; return its error."""
    pair, run = case
    run.fail()
    assert run.states()["preflight"] == "failed"
    assert run.tries()["preflight"] == 1
    assert cloud.calls(pair).writes() == {}
    return run.error("preflight")


def test_type_oss_and_login_with_password_work(other_forms: Run) -> None:
    assert other_forms.succeed().report()["state"] == "complete"


def test_a_wrong_secret_names_the_connection(wrong: dict[str, tuple[Pair, Run]], cloud: LocalCloud) -> None:
    error = failed_at_once(wrong["secret"], cloud)

    assert f"connection `{wrong['secret'][0].destination.connection_id}`" in error
    assert "secret" in error
    assert "not-the-secret" not in error


def test_a_key_of_another_account_is_refused(wrong: dict[str, tuple[Pair, Run]], cloud: LocalCloud) -> None:
    pair, _ = wrong["uid"]

    error = failed_at_once(wrong["uid"], cloud)

    assert f"belongs to account {pair.destination.uid}, but its account_uid says 9999999999999999" in error


def test_a_missing_field_is_named(wrong: dict[str, tuple[Pair, Run]], cloud: LocalCloud) -> None:
    error = failed_at_once(wrong["incomplete"], cloud)

    assert f"connection `{wrong['incomplete'][0].destination.connection_id}`: `access_key_secret` is missing" in error


def test_two_connections_of_one_account_are_refused(wrong: dict[str, tuple[Pair, Run]], cloud: LocalCloud) -> None:
    pair, _ = wrong["same account"]

    error = failed_at_once(wrong["same account"], cloud)

    assert f"both belong to account {pair.source.uid}" in error
