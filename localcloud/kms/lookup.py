"""From a reference to a key: its id, its ARN, or an alias."""

from __future__ import annotations

import re

from localcloud.cloud import Cloud
from localcloud.kms.model import Key, KmsState

_ARN = re.compile(r"acs:kms:(?P<region>[^:]*):(?P<uid>\d+):(?P<name>(key|alias)/.+)")
ALIAS_PREFIX = "alias/"


def is_arn(reference: str) -> bool:
    """Tell whether a reference is the ARN of a key or alias."""
    return _ARN.fullmatch(reference) is not None


def names_alias(reference: str) -> bool:
    """Tell whether a reference goes by an alias, which decides the error when there is none."""
    match = _ARN.fullmatch(reference)
    return (match["name"] if match else reference).startswith(ALIAS_PREFIX)


def state_of(cloud: Cloud, uid: str) -> KmsState | None:
    """Return an account's keys and aliases as of now; None when there is no such account."""
    account = cloud.accounts.get(uid)
    if account is None:
        return None
    account.kms.purge(cloud.clock.now())
    return account.kms


def find_key(cloud: Cloud, uid: str, reference: str, region: str | None = None) -> Key | None:
    """Find a key as an account names it.

    Keys of other accounts are found by their ARN only (DescribeKey, parameter ``KeyId``).

    :param uid: the account whose id or alias the reference is, unless it is an ARN.
    :param region: region that the key must be in; None searches all of them.
    """
    match = _ARN.fullmatch(reference)
    name = reference
    if match is not None:
        if region not in (None, match["region"]):
            return None
        uid, region, name = match["uid"], match["region"], match["name"].removeprefix("key/")
    state = state_of(cloud, uid)
    return None if state is None else _named(state, name, region)


def find_key_anywhere(cloud: Cloud, reference: str) -> Key | None:
    """Find a key by its id or ARN, whoever it belongs to: ids are unique over all accounts."""
    if is_arn(reference):
        return find_key(cloud, "", reference)
    found = (find_key(cloud, uid, reference) for uid in cloud.accounts)
    return next((key for key in found if key is not None), None)


def _named(state: KmsState, name: str, region: str | None) -> Key | None:
    key_id: str | None = name
    if name.startswith(ALIAS_PREFIX):
        # Without a region the oldest alias of that name counts.
        aliases = (alias for alias in state.aliases.values() if alias.name == name)
        key_id = next((alias.key_id for alias in aliases if region in (None, alias.region)), None)
    key = state.keys.get(key_id) if key_id else None
    return key if key is not None and region in (None, key.region) else None
