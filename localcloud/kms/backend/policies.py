"""Reading and writing key policies."""

from __future__ import annotations

from localcloud.kms.backend.account import KmsAccount
from localcloud.kms.backend.sharing import check_share_quota, note_release
from localcloud.kms.errors import kms_error
from localcloud.kms.key_policy import POLICY_NAME, check_policy, foreign_accounts
from localcloud.kms.model import Key, KmsInstance


def get_policy(key: Key, name: str) -> str:
    """Return a key's policy as it was written.

    :raises RpcError: 400 ``UnsupportedOperation`` for a key outside any instance; 404 for any name but ``default``.
    """
    policy = key.policy.current
    if policy is None:
        raise kms_error("UnsupportedOperation")
    _check_name(name)
    return policy


def set_policy(account: KmsAccount, key: Key, name: str, policy: str) -> None:
    """Replace a key's policy.

    :raises RpcError: 400 ``UnsupportedOperation``, ``InvalidParameter`` or ``Rejected.ShareQuotaExceedLimit``; 404 for
        any name but ``default``.
    """
    instance = _instance(account, key)
    _check_name(name)
    check_policy(policy)
    check_share_quota(account, instance, policy, replaced=key)
    before = foreign_accounts(key.policy.current, account.uid)
    account.change(key.policy, policy)
    note_release(account, instance, before)


def _instance(account: KmsAccount, key: Key) -> KmsInstance:
    if key.instance_id is None:
        raise kms_error("UnsupportedOperation")
    return account.instance(key.instance_id)


def _check_name(name: str) -> None:
    if name != POLICY_NAME:
        raise kms_error("Forbidden.ResourceNotFound")
