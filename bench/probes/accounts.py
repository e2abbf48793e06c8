"""The product's own view of the two accounts, without Airflow."""

from __future__ import annotations

from devstack.cloud_config import DESTINATION, SOURCE
from oss_crr.hooks.account import Account, AccountPool
from oss_crr.hooks.connection import AccountConfig, Credentials, Endpoints
from oss_crr.resources.base import Accounts

_SIDES = {side.connection_id: side for side in (SOURCE, DESTINATION)}


def accounts_at(url: str) -> Accounts:
    """Return both accounts behind the connections that pairs name by default.

    :param url: the local cloud's address.
    """

    def account(conn_id: str) -> Account:
        side = _SIDES[conn_id]
        endpoints = Endpoints(oss=url, ram=url, sts=url, kms=url)
        return Account(AccountConfig(conn_id, Credentials(side.key_id, side.key_secret), endpoints=endpoints))

    return Accounts(AccountPool(account).get)
