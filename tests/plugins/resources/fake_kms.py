"""KMS of one account in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from oss_crr.errors import AlreadyExists
from oss_crr.model import KeyInfo, KmsInstanceInfo
from oss_crr.resources.base import Accounts
from tests.plugins.fake_cloud import DESTINATION_UID
from tests.plugins.journal import Journal

INSTANCE = "kst-1"
KEY_ARN = f"acs:kms:cn-shanghai:{DESTINATION_UID}:key/key-1"
#: What KMS writes into a new key's policy.
OWN_STATEMENT = {
    "Sid": "kms default key policy",
    "Effect": "Allow",
    "Action": ["kms:*"],
    "Principal": {"RAM": [f"acs:ram::{DESTINATION_UID}:*"]},
    "Resource": ["*"],
}


@dataclass
class FakeKms:
    """Keys, aliases and key policies."""

    journal: Journal = field(default_factory=Journal)
    instances: dict[str, KmsInstanceInfo] = field(default_factory=dict)
    keys: dict[str, KeyInfo] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)

    @property
    def accounts(self) -> Accounts:
        """Return accounts of which only the destination has KMS."""
        known: dict[str, Any] = {"oss_destination": self}
        return Accounts(known.__getitem__)

    def kms(self, region: str) -> FakeKms:
        assert region == "cn-shanghai"
        return self

    def add_instance(self, **changes: Any) -> None:
        """Add an instance that can share its keys."""
        self.instances[INSTANCE] = replace(KmsInstanceInfo(INSTANCE, "Connected", 2), **changes)

    def add_key(self, **changes: Any) -> KeyInfo:
        """Add a key that can be shared."""
        key = replace(KeyInfo("key-1", KEY_ARN, "Enabled", INSTANCE, ""), **changes)
        self.keys[key.id] = key
        return key

    def get_instance(self, instance_id: str) -> KmsInstanceInfo | None:
        self.journal.enter("GetKmsInstance")
        return self.instances.get(instance_id)

    def describe_key(self, key: str) -> KeyInfo | None:
        self.journal.enter("GetKey")
        return self.keys.get(self.aliases.get(key, key.rpartition("/")[2]))

    def create_key(self, instance_id: str, description: str) -> KeyInfo:
        self.journal.enter("CreateKey")
        name = f"key-{len(self.keys) + 1}"
        return self.add_key(id=name, arn=KEY_ARN.replace("key-1", name), description=description)

    def create_alias(self, alias: str, key_id: str) -> None:
        self.journal.enter("CreateAlias")
        if alias in self.aliases:
            raise AlreadyExists(f"alias `{alias}`")
        self.aliases[alias] = key_id

    def get_key_policy(self, key_id: str) -> str:
        self.journal.enter("GetKeyPolicy")
        return self.policies[key_id]

    def set_key_policy(self, key_id: str, policy: str) -> None:
        self.journal.enter("SetKeyPolicy")
        self.policies[key_id] = policy
