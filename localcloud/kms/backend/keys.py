"""Making keys and changing their state."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from localcloud.kms.backend.account import FALLBACK_REGION, KmsAccount
from localcloud.kms.backend.sharing import check_share_quota
from localcloud.kms.errors import kms_error
from localcloud.kms.key_policy import check_policy, default_policy
from localcloud.kms.model import Alias, Key, KeyState, KmsInstance
from localcloud.propagation import Propagating

#: Keys that users may make in one account and region (KMS page "Limits").
MAX_KEYS = 200
#: Bounds of the time until a key is gone (ScheduleKeyDeletion).
SHORTEST_WINDOW_DAYS = 7
LONGEST_WINDOW_DAYS = 366
_ID_CHARACTERS = string.ascii_lowercase + string.digits
_MATERIAL_BYTES = 32


@dataclass(frozen=True)
class NewKey:
    """What CreateKey says about a key.

    :param id: None makes one of the service's form.
    :param policy: JSON text; None for the default policy.
    """

    instance_id: str | None = None
    id: str | None = None
    policy: str | None = None
    description: str = ""
    spec: str = "Aliyun_AES_256"
    usage: str = "ENCRYPT/DECRYPT"
    origin: str = "Aliyun_KMS"
    protection_level: str = "SOFTWARE"
    state: KeyState = "Enabled"
    tags: dict[str, str] = field(default_factory=dict)


def create_key(account: KmsAccount, new: NewKey) -> Key:
    """Make a key, in an instance when it names one.

    :raises RpcError: 400 ``Rejected.LimitExceeded``, ``Rejected.ShareQuotaExceedLimit``, ``InvalidParameter`` or
        ``UnsupportedOperation``; 403 ``Forbidden.DKMSInstanceNotFound`` or ``.DKMSInstanceStateInvalid``.
    """
    instance = account.instance(new.instance_id) if new.instance_id else None
    region = instance.region if instance else account.region or FALLBACK_REGION
    _check_count(account, region, instance)
    key = Key(
        id=new.id or (_instance_key_id() if instance else str(uuid4())),
        owner_uid=account.uid,
        region=region,
        created=account.now,
        version_id=str(uuid4()),
        material=secrets.token_bytes(_MATERIAL_BYTES),
        instance_id=new.instance_id,
        policy=Propagating[str | None](_checked_policy(account, instance, new.policy)),
        state=new.state,
        description=new.description,
        spec=new.spec,
        usage=new.usage,
        origin=new.origin,
        protection_level=new.protection_level,
        tags=dict(new.tags),
    )
    account.state.keys[key.id] = key
    return key


def service_key(account: KmsAccount, region: str, service: str) -> Key:
    """Return the default key of a cloud service, which is made when the service needs it for the first time."""
    for key in account.state.keys.values():
        if key.service == service and key.region == region:
            return key
    key = Key(
        id=str(uuid4()),
        owner_uid=account.uid,
        region=region,
        created=account.now,
        version_id=str(uuid4()),
        material=secrets.token_bytes(_MATERIAL_BYTES),
        service=service,
    )
    account.state.keys[key.id] = key
    alias = Alias(f"alias/acs/{service}", region, key.id)
    account.state.aliases[region, alias.name] = alias
    return key


def enable_key(key: Key) -> None:
    """Make a key usable.

    :raises RpcError: 409 ``Rejected.StateModifiedFailed`` unless it is enabled or disabled.
    """
    _switch(key, "Enabled")


def disable_key(key: Key) -> None:
    """Make a key unusable until it is enabled again.

    :raises RpcError: 409 ``Rejected.StateModifiedFailed`` unless it is enabled or disabled.
    """
    _switch(key, "Disabled")


def schedule_deletion(account: KmsAccount, key: Key, days: int) -> None:
    """Have a key deleted.

    :param days: time until it is gone, 7 to 366.
    :raises RpcError: 409 ``Rejected.StateModifiedFailed`` when it is going to be deleted already.
    """
    _refuse_service_key(key)
    if key.state == "PendingDeletion":
        raise kms_error("Rejected.StateModifiedFailed")
    key.state = "PendingDeletion"
    key.delete_at = account.now + timedelta(days=days)


def cancel_deletion(key: Key) -> None:
    """Keep a key that was to be deleted; it is enabled again.

    :raises RpcError: 409 ``Rejected.StateModifiedFailed`` for any other key.
    """
    if key.state != "PendingDeletion":
        raise kms_error("Rejected.StateModifiedFailed")
    key.state = "Enabled"
    key.delete_at = None


def _switch(key: Key, state: KeyState) -> None:
    _refuse_service_key(key)
    if key.state not in ("Enabled", "Disabled"):
        raise kms_error("Rejected.StateModifiedFailed")
    key.state = state


def _refuse_service_key(key: Key) -> None:
    """A service's default key is the service's to manage."""
    if key.service is not None:
        raise kms_error("UnsupportedOperation")


def _instance_key_id() -> str:
    return "key-hzz" + "".join(secrets.choice(_ID_CHARACTERS) for _ in range(18))


def _check_count(account: KmsAccount, region: str, instance: KmsInstance | None) -> None:
    keys = [key for key in account.state.keys.values() if key.service is None and key.region == region]
    in_instance = sum(key.instance_id == instance.id for key in keys) if instance else 0
    if len(keys) >= MAX_KEYS or (instance is not None and in_instance >= instance.key_quantity):
        raise kms_error("Rejected.LimitExceeded")


def _checked_policy(account: KmsAccount, instance: KmsInstance | None, policy: str | None) -> str | None:
    """Return the policy of a new key. A key outside any instance has none, and cannot be given one."""
    if instance is None:
        if policy is not None:
            raise kms_error("UnsupportedOperation")
        return None
    if instance.status != "Connected":
        raise kms_error("Forbidden.DKMSInstanceStateInvalid")
    if policy is None:
        return default_policy(account.uid)
    check_policy(policy)
    check_share_quota(account, instance, policy)
    return policy
