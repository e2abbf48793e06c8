"""Operations on aliases; most need their right on the alias and on the key."""

from __future__ import annotations

from localcloud.kms.api.operation import Answer, account_operation, authorize_key, existing_key, key_operation
from localcloud.kms.api.parameters import page
from localcloud.kms.api.render import alias_details
from localcloud.kms.backend import aliases
from localcloud.kms.backend.account import KmsAccount
from localcloud.kms.model import Alias, Key
from localcloud.operation import RpcCall


def _create(call: RpcCall, account: KmsAccount) -> Answer:
    key = _own_key(call, account, "kms:CreateAlias", call.params["KeyId"])
    aliases.create_alias(account, call.params["AliasName"], key)
    return {}


def _update(call: RpcCall, account: KmsAccount) -> Answer:
    key = _own_key(call, account, "kms:UpdateAlias", call.params["KeyId"])
    aliases.update_alias(account, call.params["AliasName"], key)
    return {}


def _delete(call: RpcCall, account: KmsAccount) -> Answer:
    alias = aliases.find_alias(account, call.params["AliasName"])
    _own_key(call, account, "kms:DeleteAlias", alias.key_id)
    aliases.delete_alias(account, alias)
    return {}


def _own_key(call: RpcCall, account: KmsAccount, action: str, reference: str) -> Key:
    """Find the key of an alias, which is always of the same account, and check the right on it.

    A foreign key is none that an alias can have, and :data:`localcloud.kms.access.FOREIGN_ACTIONS` refuses it.
    """
    key = existing_key(call, account, reference)
    authorize_key(call, action, key)
    return key


def _list(call: RpcCall, account: KmsAccount) -> Answer:
    return _page(call, aliases.list_aliases(account), account.uid)


def _list_by_key(call: RpcCall, account: KmsAccount, key: Key) -> Answer:
    return _page(call, aliases.list_aliases(account, key), account.uid)


def _page(call: RpcCall, found: list[Alias], owner_uid: str) -> Answer:
    shown, members = page(call.params, found)
    return {**members, "Aliases": {"Alias": [alias_details(alias, owner_uid) for alias in shown]}}


_BOTH = ("AliasName", "KeyId")

OPERATIONS = (
    account_operation("CreateAlias", _create, "{AliasName}", write=True, required=_BOTH),
    account_operation("UpdateAlias", _update, "{AliasName}", write=True, required=_BOTH),
    account_operation("DeleteAlias", _delete, "{AliasName}", write=True, required=("AliasName",)),
    account_operation("ListAliases", _list, "alias"),
    key_operation("ListAliasesByKeyId", _list_by_key),
)
