"""Connections as a trigger has to fetch them: without blocking the event loop that it shares with all others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook

if TYPE_CHECKING:
    from oss_crr.hooks.account import Account


async def fetch_accounts(conn_ids: Iterable[str]) -> Mapping[str, Account]:
    """Return the account of each connection id."""
    return {conn_id: await _account(conn_id) for conn_id in set(conn_ids)}


@dataclass
class _FetchedConnection:
    """A connection whose extra was parsed without blocking the event loop."""

    conn_id: str
    conn_type: str | None
    login: str | None
    password: str | None
    extra_dejson: Any


async def _account(conn_id: str) -> Account:
    from oss_crr.hooks.account import Account, account_config

    connection = await BaseHook.aget_connection(conn_id)
    extra = await connection.aextra_dejson()
    fetched = _FetchedConnection(conn_id, connection.conn_type, connection.login, connection.password, extra)
    return Account(account_config(fetched))
