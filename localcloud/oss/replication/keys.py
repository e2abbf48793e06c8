"""The customer's KMS keys, as far as replication needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from localcloud.cloud import Cloud
from localcloud.ram.model import Role

KeyAction = Literal["kms:Decrypt", "kms:GenerateDataKey"]


@dataclass(frozen=True)
class KeyUse:
    """One use of a customer's key.

    :param key_id: the key's id or ARN. An id without ARN belongs to the bucket's account and region.
    :param owner_uid: account of the bucket that the encrypted object is in.
    :param region: region of that bucket.
    """

    action: KeyAction
    key_id: str
    owner_uid: str
    region: str


class KeyAccess(Protocol):
    """Decides whether a replication role may use a key now."""

    def allows(self, cloud: Cloud, role: Role | None, use: KeyUse) -> bool:
        """Tell whether the key is usable, its policy admits the role, and the role has the right itself.

        :param role: the rule's role; None when the rule has none and OSS acts for the account.
        """
        ...
