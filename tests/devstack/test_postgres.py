"""The embedded PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from devstack import sessions
from devstack.guard import Guard
from devstack.postgres import Postgres


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    # Deeper than a socket's path may be, and with a space.
    folder = tmp_path / "a deep checkout" / ("x" * 120)
    folder.mkdir(parents=True)
    postgres = Postgres(folder)
    yield postgres
    postgres.stop()
    postgres.remove()


def execute(postgres: Postgres, statement: str) -> list[object]:
    engine = sqlalchemy.create_engine(postgres.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        result = connection.execute(sqlalchemy.text(statement))
        rows = [row[0] for row in result] if result.returns_rows else []
    engine.dispose()
    return rows


def test_data_outlives_the_server_and_no_process_does(postgres: Postgres, guard: Guard, tmp_path: Path) -> None:
    part = postgres.start(tmp_path, guard, timeout_seconds=30)
    execute(postgres, "CREATE TABLE word AS SELECT 'kept' AS text")
    postgres.stop()
    assert part.process.returncode == 0
    assert sessions.members([part.pid]) == []
    postgres.start(tmp_path, guard, timeout_seconds=30)
    assert execute(postgres, "SELECT text FROM word") == ["kept"]
    assert execute(postgres, "SHOW listen_addresses") == [""]


def test_stacks_in_different_folders_do_not_share_a_server(tmp_path: Path) -> None:
    assert Postgres(tmp_path / "one").url != Postgres(tmp_path / "two").url


def test_stopping_a_server_that_was_not_started_is_fine(tmp_path: Path) -> None:
    Postgres(tmp_path).stop()
