"""The filters of ListKeys: values of one property are alternatives, different properties must all fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from localcloud.formats import parse_json
from localcloud.kms.backend.account import KmsAccount
from localcloud.kms.errors import invalid
from localcloud.kms.model import Key

_MAX_FILTERS = 10
_MAX_VALUES = 10

#: What a key offers for each property (ListKeys, parameter ``Filters``).
_PROPERTIES: Mapping[str, Callable[[KmsAccount, Key], set[str]]] = {
    "KeyState": lambda _, key: {key.state},
    "KeySpec": lambda _, key: {key.spec},
    "KeyUsage": lambda _, key: {key.usage},
    "ProtectionLevel": lambda _, key: {key.protection_level},
    "CreatorType": lambda _, key: {"Service" if key.service else "User"},
    "DKMSInstanceId": lambda _, key: {key.instance_id or ""},
    "KeyId": lambda _, key: {key.id},
    "AliasName": lambda account, key: {a.name for a in account.state.aliases.values() if a.key_id == key.id},
    "Creator": lambda _, key: {key.owner_uid},
    "TagKey": lambda _, key: set(key.tags),
    "TagValue": lambda _, key: set(key.tags.values()),
}


def list_keys(account: KmsAccount, filters: str | None) -> list[Key]:
    """List the keys that the endpoint serves and the filters let through, oldest first.

    :param filters: JSON text as ``[{"Key": "KeyState", "Values": ["Enabled"]}]``.
    :raises RpcError: 400 ``InvalidParameter``.
    """
    wanted = _parse(filters) if filters else {}
    return [key for key in account.state.keys.values() if account.serves(key.region) and _fits(account, key, wanted)]


def _fits(account: KmsAccount, key: Key, wanted: Mapping[str, set[str]]) -> bool:
    return all(_PROPERTIES[name](account, key) & values for name, values in wanted.items())


def _parse(text: str) -> dict[str, set[str]]:
    try:
        entries = parse_json(text)
    except ValueError:
        raise invalid() from None
    if not isinstance(entries, list) or len(entries) > _MAX_FILTERS:
        raise invalid()
    wanted: dict[str, set[str]] = {}
    for entry in entries:
        name, values = _filter(entry)
        wanted.setdefault(name, set()).update(values)
    return wanted


def _filter(entry: object) -> tuple[str, list[str]]:
    if not isinstance(entry, dict):
        raise invalid()
    # The documentation writes keyId in one place and KeyId everywhere else.
    name = {"keyId": "KeyId"}.get(str(entry.get("Key")), str(entry.get("Key")))
    values = entry.get("Values")
    if name not in _PROPERTIES or not isinstance(values, list) or len(values) > _MAX_VALUES:
        raise invalid()
    return name, [str(value) for value in values]
