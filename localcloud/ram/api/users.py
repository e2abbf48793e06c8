"""Operations on RAM users, their access keys, and the account itself."""

from __future__ import annotations

from localcloud.operation import RpcCall
from localcloud.ram.api.operation import Answer, operation
from localcloud.ram.api.parameters import page
from localcloud.ram.api.render import key_summary, user_details
from localcloud.ram.backend import users
from localcloud.ram.backend.account import RamAccount


def _create(call: RpcCall, account: RamAccount) -> Answer:
    user = users.create_user(account, call.params["UserName"], call.params.get("DisplayName", ""))
    return {"User": user_details(user)}


def _get(call: RpcCall, account: RamAccount) -> Answer:
    return {"User": user_details(users.get_user(account, call.params["UserName"]))}


def _list(call: RpcCall, account: RamAccount) -> Answer:
    entries, paging = page(call.params, users.list_users(account), lambda user: user.name)
    return {"Users": {"User": [user_details(user) for user in entries]}} | paging


def _delete(call: RpcCall, account: RamAccount) -> Answer:
    users.delete_user(account, call.params["UserName"])
    return {}


def _create_key(call: RpcCall, account: RamAccount) -> Answer:
    key = users.create_access_key(account, call.params["UserName"])
    return {"AccessKey": key_summary(key) | {"AccessKeySecret": key.secret}}


def _list_keys(call: RpcCall, account: RamAccount) -> Answer:
    keys = users.list_access_keys(account, call.params["UserName"])
    return {"AccessKeys": {"AccessKey": [key_summary(key) for key in keys]}}


def _update_key(call: RpcCall, account: RamAccount) -> Answer:
    users.update_access_key(account, call.params["UserName"], call.params["UserAccessKeyId"], call.params["Status"])
    return {}


def _delete_key(call: RpcCall, account: RamAccount) -> Answer:
    users.delete_access_key(account, call.params["UserName"], call.params["UserAccessKeyId"])
    return {}


def _alias(_: RpcCall, account: RamAccount) -> Answer:
    # An account without an alias of its own is known by its UID.
    return {"AccountAlias": account.uid}


_USER = ("UserName",)
_KEY = ("UserName", "UserAccessKeyId")

OPERATIONS = (
    operation("CreateUser", _create, "user/*", write=True, required=_USER),
    operation("GetUser", _get, "user/{UserName}", required=_USER),
    operation("ListUsers", _list, "user/*"),
    operation("DeleteUser", _delete, "user/{UserName}", write=True, required=_USER),
    operation("CreateAccessKey", _create_key, "user/{UserName}", write=True, required=_USER),
    operation("ListAccessKeys", _list_keys, "user/{UserName}", required=_USER),
    operation("UpdateAccessKey", _update_key, "user/{UserName}", write=True, required=(*_KEY, "Status")),
    operation("DeleteAccessKey", _delete_key, "user/{UserName}", write=True, required=_KEY),
    operation("GetAccountAlias", _alias, "*"),
)
