"""Sharing keys with other accounts, as far as the instance's access management quantity allows.

KMS page "Configure a key policy": every foreign account counts once per instance, and is released some time after its
last grant was taken back.
"""

from __future__ import annotations

from datetime import timedelta

from localcloud.kms.backend.account import KmsAccount
from localcloud.kms.errors import kms_error
from localcloud.kms.key_policy import foreign_accounts
from localcloud.kms.model import Key, KmsInstance


def check_share_quota(account: KmsAccount, instance: KmsInstance, policy: str, replaced: Key | None = None) -> None:
    """Refuse a key policy that would share the instance with too many accounts.

    The instance's own account takes one of the quantity itself: to share with one other account, two are needed
    (OSS page "Cross-region replication across different accounts").

    :param policy: JSON text of the policy that is to be written.
    :param replaced: the key whose policy it replaces; None for a new key.
    :raises RpcError: 400 ``Rejected.ShareQuotaExceedLimit``.
    """
    wanted = foreign_accounts(policy, account.uid)
    used = _shared_with(account, instance, leave_out=replaced) | _not_released(account, instance)
    if wanted - used and len(wanted | used) > instance.access_management_quantity - 1:
        raise kms_error("Rejected.ShareQuotaExceedLimit")


def note_release(account: KmsAccount, instance: KmsInstance, before: frozenset[str]) -> None:
    """Let accounts that a key was shared with count for a while longer, if no key is shared with them any more.

    :param before: the accounts that the key was shared with.
    """
    until = account.now + timedelta(seconds=account.share_release)
    for uid in before - _shared_with(account, instance):
        instance.released_shares[uid] = until


def _shared_with(account: KmsAccount, instance: KmsInstance, leave_out: Key | None = None) -> frozenset[str]:
    keys = (key for key in account.state.keys.values() if key.instance_id == instance.id and key is not leave_out)
    return frozenset().union(*(foreign_accounts(key.policy.current, account.uid) for key in keys))


def _not_released(account: KmsAccount, instance: KmsInstance) -> frozenset[str]:
    return frozenset(uid for uid, until in instance.released_shares.items() if account.now < until)
