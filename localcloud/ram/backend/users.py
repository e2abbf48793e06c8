"""RAM users and their access keys."""

from __future__ import annotations

from localcloud.identity import AccessKey
from localcloud.ram.backend.account import RamAccount, new_id, random_text
from localcloud.ram.errors import incorrect, ram_error
from localcloud.ram.model import User
from localcloud.ram.validation import check_length, check_name

#: Users per account and access keys per user (RAM page "Limits", December 2025).
MAX_USERS = 1000
MAX_ACCESS_KEYS = 2


def create_user(account: RamAccount, name: str, display_name: str = "") -> User:
    """Make a user without keys or policies.

    :raises RpcError: ``InvalidParameter.*``, ``EntityAlreadyExists.User``, ``LimitExceeded.User``.
    """
    check_name("UserName", name)
    check_length("DisplayName", display_name, 128)
    users = account.state.users
    if name in users:
        raise ram_error("EntityAlreadyExists.User")
    if len(users) >= MAX_USERS:
        raise ram_error("LimitExceeded.User")
    users[name] = User(name, new_id("2"), account.now, display_name)
    return users[name]


def get_user(account: RamAccount, name: str) -> User:
    """Find a user.

    :raises RpcError: 404 ``EntityNotExist.User``.
    """
    user = account.state.users.get(name)
    if user is None:
        raise ram_error("EntityNotExist.User")
    return user


def list_users(account: RamAccount) -> list[User]:
    """List all users by name."""
    return [user for _, user in sorted(account.state.users.items())]


def delete_user(account: RamAccount, name: str) -> None:
    """Delete a user without keys and policies.

    :raises RpcError: ``EntityNotExist.User``, 409 ``DeleteConflict.User.AccessKey`` or ``.Policy``.
    """
    user = get_user(account, name)
    if list_access_keys(account, name):
        raise ram_error("DeleteConflict.User.AccessKey")
    if user.attachments.current:
        raise ram_error("DeleteConflict.User.Policy")
    del account.state.users[name]


def create_access_key(account: RamAccount, user_name: str) -> AccessKey:
    """Give a user a key pair; the secret is told only now.

    :raises RpcError: ``EntityNotExist.User``, 409 ``LimitExceeded.User.AccessKey``.
    """
    if len(list_access_keys(account, user_name)) >= MAX_ACCESS_KEYS:
        raise ram_error("LimitExceeded.User.AccessKey")
    key = AccessKey(f"LTAI5t{random_text(18)}", random_text(30), account.uid, user_name, created=account.now)
    account.state.access_keys[key.id] = key
    return key


def list_access_keys(account: RamAccount, user_name: str) -> list[AccessKey]:
    """List a user's keys.

    :raises RpcError: ``EntityNotExist.User``.
    """
    get_user(account, user_name)
    return [key for key in account.state.access_keys.values() if key.user_name == user_name]


def update_access_key(account: RamAccount, user_name: str, key_id: str, status: str) -> None:
    """Turn a key on or off.

    :param status: ``Active`` or ``Inactive``.
    :raises RpcError: ``EntityNotExist.User``, ``EntityNotExist.User.AccessKey``, ``InvalidParameter.Status``.
    """
    if status not in ("Active", "Inactive"):
        raise incorrect("Status")
    _find_key(account, user_name, key_id).active = status == "Active"


def delete_access_key(account: RamAccount, user_name: str, key_id: str) -> None:
    """Delete a key.

    :raises RpcError: ``EntityNotExist.User``, ``EntityNotExist.User.AccessKey``.
    """
    del account.state.access_keys[_find_key(account, user_name, key_id).id]


def _find_key(account: RamAccount, user_name: str, key_id: str) -> AccessKey:
    key = next((key for key in list_access_keys(account, user_name) if key.id == key_id), None)
    if key is None:
        raise ram_error("EntityNotExist.User.AccessKey")
    return key
