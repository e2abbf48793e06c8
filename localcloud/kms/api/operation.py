"""How every KMS operation is made: required parameters, the key it is about, right, then its handler."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.errors import RpcError
from localcloud.kms.access import refusal
from localcloud.kms.backend.account import KmsAccount
from localcloud.kms.errors import kms_error, missing, no_permission
from localcloud.kms.lookup import find_key, names_alias
from localcloud.kms.model import Key
from localcloud.operation import RpcCall, RpcOperation
from localcloud.policy.evaluate import Decision
from localcloud.policy.identity import decide_call

Answer = dict[str, object]
AccountHandler = Callable[[RpcCall, KmsAccount], Answer]
KeyHandler = Callable[[RpcCall, KmsAccount, Key], Answer]


def account_operation(
    name: str, handler: AccountHandler, resource: str, *, write: bool = False, required: tuple[str, ...] = ()
) -> RpcOperation:
    """Make an operation on something other than a key, which only the caller's RAM policies decide about.

    :param resource: what the caller needs ``kms:<name>`` on, as a relative name with parameters in braces (KMS page
        "Use RAM to manage access to KMS resources").
    """

    def run(call: RpcCall) -> Answer:
        check_required(call, required)
        account = open_account(call)
        authorize(call, f"kms:{name}", resource.format_map(call.params))
        return handler(call, account)

    return RpcOperation(name, run, write)


def key_operation(
    name: str, handler: KeyHandler, *, write: bool = False, required: tuple[str, ...] = ("KeyId",)
) -> RpcOperation:
    """Make an operation on the key that ``KeyId`` names. The handler gets the account that the key belongs to."""

    def run(call: RpcCall) -> Answer:
        check_required(call, required)
        account = open_account(call)
        key = existing_key(call, account, call.params["KeyId"])
        authorize_key(call, f"kms:{name}", key)
        return handler(call, KmsAccount.of(call.cloud, key.owner_uid, call.region), key)

    return RpcOperation(name, run, write)


def open_account(call: RpcCall) -> KmsAccount:
    """Open the caller's account."""
    if call.caller.kind == "anonymous":
        raise missing("AccessKeyId")
    return KmsAccount.of(call.cloud, call.caller.account_uid, call.region)


def check_required(call: RpcCall, names: tuple[str, ...]) -> None:
    """Refuse a call without one of these parameters.

    :raises RpcError: 400 ``MissingParameter``.
    """
    for name in names:
        if not call.params.get(name):
            raise missing(name)


def existing_key(call: RpcCall, account: KmsAccount, reference: str) -> Key:
    """Find a key by id, ARN or alias.

    :raises RpcError: 404 ``Forbidden.KeyNotFound`` or ``Forbidden.AliasNotFound``.
    """
    key = find_key(call.cloud, account.uid, reference, account.region)
    if key is None:
        raise kms_error("Forbidden.AliasNotFound" if names_alias(reference) else "Forbidden.KeyNotFound")
    return key


def authorize_key(call: RpcCall, action: str, key: Key) -> None:
    """Check a right on a key by its policy and the caller's RAM policies.

    :raises RpcError: ``Forbidden.NoPermission``.
    """
    error = refusal(call.cloud, call.caller, key, action, call.request)
    if error is not None:
        raise error


def authorize(call: RpcCall, action: str, resource: str) -> None:
    """Check a right by the caller's RAM policies.

    :param resource: relative name, for example ``key`` for all keys of the account.
    :raises RpcError: ``Forbidden.NoPermission``.
    """
    region = call.region or call.cloud.behaviour.kms_region or "*"
    name = f"acs:kms:{region}:{call.caller.account_uid}:{resource}"
    decision = decide_call(call.cloud, call.caller, call.request, action, name)
    if decision is not Decision.ALLOW:
        raise _refused(call, action, decision)


def _refused(call: RpcCall, action: str, decision: Decision) -> RpcError:
    return no_permission(call.caller, action, decision, call.cloud.behaviour.kms_no_permission_status)
