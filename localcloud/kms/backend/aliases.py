"""Aliases of keys."""

from __future__ import annotations

import re

from localcloud.kms.backend.account import KmsAccount
from localcloud.kms.errors import exists, invalid, kms_error
from localcloud.kms.model import Alias, Key

#: Aliases in one account and region (KMS page "Limits").
MAX_ALIASES = 300
_MAX_LENGTH = 255
_NAME = re.compile(r"alias/[A-Za-z0-9_/-]+")
_RESERVED = "alias/acs"


def create_alias(account: KmsAccount, name: str, key: Key) -> Alias:
    """Give a key an alias.

    :raises RpcError: 400 ``InvalidParameter`` or ``Rejected.LimitExceeded``; 409 for a name that is taken, and
        ``Rejected.StateModifiedFailed`` for a key that is going to be deleted.
    """
    _check_name(name)
    if key.state == "PendingDeletion":
        raise kms_error("Rejected.StateModifiedFailed")
    if (key.region, name) in account.state.aliases:
        raise exists(account.alias_exists_code)
    if sum(region == key.region for region, _ in account.state.aliases) >= MAX_ALIASES:
        raise kms_error("Rejected.LimitExceeded")
    alias = account.state.aliases[key.region, name] = Alias(name, key.region, key.id)
    return alias


def update_alias(account: KmsAccount, name: str, key: Key) -> None:
    """Move an alias to another key of its region.

    :raises RpcError: 404 ``Forbidden.AliasNotFound``; 409 ``Rejected.PendingDeletion``.
    """
    _check_name(name)
    alias = account.state.aliases.get((key.region, name))
    if alias is None:
        raise kms_error("Forbidden.AliasNotFound")
    if key.state == "PendingDeletion":
        raise kms_error("Rejected.PendingDeletion")
    alias.key_id = key.id


def delete_alias(account: KmsAccount, alias: Alias) -> None:
    """Remove an alias; its key stays.

    :raises RpcError: 400 ``InvalidParameter`` for an alias of a cloud service.
    """
    _check_name(alias.name)
    del account.state.aliases[alias.region, alias.name]


def find_alias(account: KmsAccount, name: str) -> Alias:
    """Find an alias in the regions that the endpoint serves; of several the oldest.

    :raises RpcError: 404 ``Forbidden.AliasNotFound``.
    """
    for alias in account.state.aliases.values():
        if alias.name == name and account.serves(alias.region):
            return alias
    raise kms_error("Forbidden.AliasNotFound")


def list_aliases(account: KmsAccount, key: Key | None = None) -> list[Alias]:
    """List all aliases that the endpoint serves, or those of one key."""
    return [
        alias
        for alias in account.state.aliases.values()
        if (account.serves(alias.region) if key is None else alias.key_id == key.id)
    ]


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _MAX_LENGTH or name.startswith(_RESERVED):
        raise invalid()
