"""The account that a KMS call works on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from localcloud.cloud import Cloud
from localcloud.kms.errors import kms_error
from localcloud.kms.model import KmsInstance, KmsState
from localcloud.propagation import Propagating, T

#: Where default keys are made when neither the endpoint nor a setting names a region.
FALLBACK_REGION = "cn-hangzhou"


@dataclass(frozen=True)
class KmsAccount:
    """One account's KMS at one moment.

    :param region: region of the endpoint; None when one endpoint serves all regions.
    :param delay: seconds until a changed key policy takes effect.
    :param share_release: seconds until an account that no key is shared with any more stops counting.
    :param alias_exists_code: error code for an alias that is taken.
    """

    uid: str
    state: KmsState
    instances: list[KmsInstance]
    now: datetime
    region: str | None = None
    delay: float = 0.0
    share_release: float = 0.0
    alias_exists_code: str = "Rejected.ResourceExist"

    @classmethod
    def of(cls, cloud: Cloud, uid: str, region: str | None = None) -> KmsAccount:
        """Open the KMS of an account that exists."""
        account, now, behaviour = cloud.accounts[uid], cloud.clock.now(), cloud.behaviour
        account.kms.purge(now)
        return cls(
            uid,
            account.kms,
            account.kms_instances,
            now,
            region or behaviour.kms_region or None,
            behaviour.policy_propagation_seconds,
            behaviour.kms_share_release_seconds,
            behaviour.kms_alias_exists_code,
        )

    def serves(self, region: str) -> bool:
        """Tell whether what is in a region can be seen through this endpoint."""
        return self.region in (None, region)

    def change(self, value: Propagating[T], new: T) -> None:
        """Write a value that takes effect after the propagation delay."""
        value.set(new, self.now, self.delay)

    def instance(self, instance_id: str) -> KmsInstance:
        """Find an instance.

        :raises RpcError: 403 ``Forbidden.DKMSInstanceNotFound``.
        """
        for instance in self.instances:
            if instance.id == instance_id and self.serves(instance.region):
                return instance
        raise kms_error("Forbidden.DKMSInstanceNotFound")
