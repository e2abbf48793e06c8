"""An account whose every product is served at one URL."""

from __future__ import annotations

from collections.abc import Callable

from oss_crr.hooks.account import Account, AccountConfig, Credentials, Endpoints
from oss_crr.hooks.retry import Retrier


def account_at(
    url: str, key_id: str, secret: str, sleep: Callable[[float], None] = lambda seconds: None, attempts: int = 5
) -> Account:
    """Make an account that waits for nothing between tries.

    :param sleep: told the seconds it would wait.
    """
    endpoints = Endpoints(oss=url, ram=url, sts=url, kms=url)
    config = AccountConfig("oss_source", Credentials(key_id, secret), endpoints=endpoints)
    return Account(config, Retrier(sleep=sleep, attempts=attempts))
