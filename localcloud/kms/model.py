"""KMS instances, keys and aliases of an account: KMS state without any HTTP in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from localcloud.propagation import Propagating

KeyState = Literal["Enabled", "Disabled", "PendingDeletion", "PendingImport"]


@dataclass
class KmsInstance:
    """A KMS instance, in which keys with a key policy live.

    :param status: ``Uninitialized``, ``Connecting``, ``Connected``, ``Disconnected`` or ``Error`` (GetKmsInstance).
    :param access_management_quantity: how many foreign accounts its keys may be shared with, itself included.
    :param key_quantity: how many keys it may hold.
    :param released_shares: accounts that no key is shared with any more, with the time from which they stop counting.
    """

    id: str
    region: str
    status: str = "Connected"
    access_management_quantity: int = 5
    key_quantity: int = 1000
    created: datetime = datetime(2025, 1, 1, tzinfo=UTC)
    released_shares: dict[str, datetime] = field(default_factory=dict)


@dataclass
class Key:
    """A customer master key, or a service's default key.

    :param owner_uid: account that it belongs to.
    :param instance_id: None for keys outside any instance, which have no key policy.
    :param policy: the key policy as JSON text; None for keys outside any instance.
    :param service: the cloud service that made it for itself, for example ``oss``; None for keys of users.
    :param delete_at: when a key that is ``PendingDeletion`` is gone; None for all others.
    :param version_id: id of the one and only version.
    :param material: the secret that data is encrypted with.
    """

    id: str
    owner_uid: str
    region: str
    created: datetime
    version_id: str
    material: bytes = field(repr=False)
    instance_id: str | None = None
    policy: Propagating[str | None] = field(default_factory=lambda: Propagating[str | None](None))
    service: str | None = None
    state: KeyState = "Enabled"
    delete_at: datetime | None = None
    description: str = ""
    spec: str = "Aliyun_AES_256"
    usage: str = "ENCRYPT/DECRYPT"
    origin: str = "Aliyun_KMS"
    protection_level: str = "SOFTWARE"
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Return the key's resource name."""
        return f"acs:kms:{self.region}:{self.owner_uid}:key/{self.id}"


@dataclass
class Alias:
    """A second name of a key, unique in an account and region.

    :param name: with the prefix ``alias/``.
    """

    name: str
    region: str
    key_id: str


@dataclass
class KmsState:
    """The keys and aliases of one account, in the order of their creation."""

    #: Keys by id.
    keys: dict[str, Key] = field(default_factory=dict)
    #: Aliases by region and name.
    aliases: dict[tuple[str, str], Alias] = field(default_factory=dict)

    def purge(self, now: datetime) -> None:
        """Drop the keys whose time is over, with their aliases."""
        gone = {key.id for key in self.keys.values() if key.delete_at is not None and key.delete_at <= now}
        if not gone:
            return
        self.keys = {key_id: key for key_id, key in self.keys.items() if key_id not in gone}
        self.aliases = {place: alias for place, alias in self.aliases.items() if alias.key_id not in gone}
