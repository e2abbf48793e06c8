"""No secret leaves the connections: not into a log, not into Airflow's database.

Runs last, so that it sees the traces of every other test's runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql
from sqlalchemy.engine import make_url

from devstack.stack import Stack
from tests.e2e.airflow import Airflow, Run
from tests.e2e.cloud import LocalCloud
from tests.e2e.conftest import NewPair
from tests.e2e.recorder import CredentialRecorder
from tests.e2e.world import Pair, Side

pytestmark = pytest.mark.e2e

#: Every access key secret of the local cloud's configuration begins with one of these.
SECRET_PREFIXES = ("user-secret-of-", "root-secret-of-")


@dataclass(frozen=True)
class Temporary:
    """Runs with temporary credentials on both sides: a security token, and an assumed role.

    :param secrets: everything secret that STS gave out for them.
    """

    succeeded: Run
    failed: Run
    secrets: set[str]


def assumable_role(cloud: LocalCloud, side: Side) -> str:
    """Make a role with the documented rights that the account's user may assume; return its ARN."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [f"acs:ram::{side.uid}:root"]}}
    arn = cloud.create_role(side, "setup-role", {"Version": "1", "Statement": [trust]}, ["replication-setup-1"])
    cloud.allow(side, "may-assume", "sts:AssumeRole", arn)
    return arn


def use_temporary_credentials(pair: Pair, airflow: Airflow, cloud: LocalCloud, sts_url: str) -> set[str]:
    """Change the pair's connections; return what is secret in the one with a token."""
    key_id, secret, token = cloud.assume_role(pair.source, assumable_role(cloud, pair.source))
    source = pair.source.fields(cloud.url, access_key_id=key_id, access_key_secret=secret, security_token=token)
    airflow.put_connection(pair.source.connection_id, "alibaba_cloud", source)
    destination = pair.destination.fields(
        cloud.url, role_arn=assumable_role(cloud, pair.destination), endpoints={"sts": sts_url}
    )
    airflow.put_connection(pair.destination.connection_id, "alibaba_cloud", destination)
    return {secret, token}


@pytest.fixture(scope="module")
def temporary(airflow: Airflow, cloud: LocalCloud, new_pair: NewPair) -> Iterator[Temporary]:
    """Two runs with temporary credentials: one succeeds, one is refused by every service in turn."""
    with CredentialRecorder(cloud.url).running() as recorder:
        good, bad = new_pair(), new_pair()
        known = {
            secret for pair in (good, bad) for secret in use_temporary_credentials(pair, airflow, cloud, recorder.url)
        }
        cloud.fault(product="oss", action="PutBucketPolicy", account=bad.destination.uid, status=403, code="NoSuchDeal")
        runs = airflow.start(good.conf()), airflow.start(bad.conf())
        yield Temporary(runs[0].succeed(), runs[1].fail(), known | recorder.secrets)


def test_a_security_token_and_an_assumed_role_work(temporary: Temporary) -> None:
    assert temporary.succeeded.report()["state"] == "complete"


def test_the_recorder_has_seen_the_derived_credentials(temporary: Temporary) -> None:
    assert len(temporary.secrets) > 4


def log_files(stack: Stack) -> list[Path]:
    """Every file that a part of Airflow, or a task, has logged to."""
    folders = (stack.settings.log_folder, stack.settings.airflow_home / "logs")
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def test_no_log_holds_a_secret(temporary: Temporary, stack: Stack) -> None:
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in log_files(stack)}
    secrets = (*SECRET_PREFIXES, *temporary.secrets)

    assert any("task_id=create_role" in str(path) for path in texts)
    assert any("triggerer" in path.name for path in texts)
    assert [path for path, text in texts.items() if any(secret in text for secret in secrets)] == []


def rows(stack: Stack) -> Iterator[tuple[str, str]]:
    """Every row of Airflow's database as text, with its table's name."""
    url = make_url(stack.postgres.url)
    with psycopg2.connect(host=url.query["host"], user=url.username, dbname=url.database) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table)))
            yield from ((table, row) for (row,) in cursor.fetchall())


def test_no_row_of_the_database_holds_a_secret(temporary: Temporary, stack: Stack) -> None:
    found = list(rows(stack))
    secrets = (*SECRET_PREFIXES, *temporary.secrets)

    assert {"xcom", "rendered_task_instance_fields", "dag_run", "connection"} <= {table for table, _ in found}
    assert [table for table, row in found if any(secret in row for secret in secrets)] == []
