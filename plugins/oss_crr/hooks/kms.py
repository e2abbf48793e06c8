"""What this package does with KMS: keys, aliases, key policies and instances.

Errors and shapes are those of the vendor's pages of each API (KMS, version 2016-01-20).
"""

from __future__ import annotations

from typing import Any

from oss_crr.errors import AlreadyExists, Conflict, NotFound, RequestRejected
from oss_crr.hooks.rpc import RpcClient
from oss_crr.model import KeyInfo, KmsInstanceInfo

#: The only name a key policy can have.
POLICY_NAME = "default"


class KmsApi:
    """KMS in one region, with the rights of one account. Safe to use from several threads."""

    def __init__(self, client: RpcClient) -> None:
        self._client = client

    def get_instance(self, instance_id: str) -> KmsInstanceInfo | None:
        """Return a KMS instance, or None when it does not exist."""
        try:
            answer = self._client.call("GetKmsInstance", _instance(instance_id), {"KmsInstanceId": instance_id})
        except NotFound:
            return None
        return _instance_info(instance_id, answer["KmsInstance"])

    def describe_key(self, key: str) -> KeyInfo | None:
        """Return a key by its id, ARN or alias (``alias/name``); None when it does not exist."""
        try:
            return _key_info(self._client.call("DescribeKey", _key(key), {"KeyId": key})["KeyMetadata"])
        except NotFound:
            return None

    def create_key(self, instance_id: str, description: str) -> KeyInfo:
        """Create a symmetric key in a KMS instance; it is enabled at once.

        CreateKey has no idempotency token: where its answer is lost and the call repeated, there is a second key.

        :raises NotFound: there is no such instance.
        :raises Conflict: the instance is not connected.
        :raises LimitReached: the account or the instance may have no more keys.
        """
        params = {"DKMSInstanceId": instance_id, "KeySpec": "Aliyun_AES_256", "Description": description}
        return _key_info(self._client.call("CreateKey", _instance(instance_id), params)["KeyMetadata"])

    def create_alias(self, alias: str, key_id: str) -> None:
        """Give a key an alias (``alias/name``).

        The page of CreateAlias gives no error code for an alias that is taken, so a refusal is followed by a look.

        :raises AlreadyExists: the alias is taken, maybe by this very call when its answer was lost.
        """
        try:
            self._client.call("CreateAlias", f"alias `{alias}`", {"AliasName": alias, "KeyId": key_id})
        except (Conflict, RequestRejected) as error:
            if isinstance(error, AlreadyExists) or self.describe_key(alias) is None:
                raise
            raise AlreadyExists(str(error)) from error

    def get_key_policy(self, key_id: str) -> str:
        """Return a key's policy as JSON text.

        :raises RequestRejected: the key is in no KMS instance; such keys have no policy.
        """
        params = {"KeyId": key_id, "PolicyName": POLICY_NAME}
        return str(self._client.call("GetKeyPolicy", _key(key_id), params)["Policy"])

    def set_key_policy(self, key_id: str, policy: str) -> None:
        """Replace a key's policy. KMS knows no condition for that, so read back what became of it.

        :raises LimitReached: the instance's keys may be shared with no further account.
        """
        params = {"KeyId": key_id, "PolicyName": POLICY_NAME, "Policy": policy}
        self._client.call("SetKeyPolicy", _key(key_id), params, replaces=True)


def _key(key: str) -> str:
    return f"KMS key `{key}`"


def _instance(instance_id: str) -> str:
    return f"KMS instance `{instance_id}`"


def _instance_info(instance_id: str, instance: dict[str, Any]) -> KmsInstanceInfo:
    # Called "access management quota" by the page of January 2024, and "maximum number of VPCs" by later ones.
    quantity = instance.get("VpcNum")
    return KmsInstanceInfo(instance_id, str(instance["Status"]), None if quantity is None else int(quantity))


def _key_info(metadata: dict[str, Any]) -> KeyInfo:
    return KeyInfo(
        id=metadata["KeyId"],
        arn=metadata["Arn"],
        state=metadata["KeyState"],
        instance_id=metadata.get("DKMSInstanceId") or None,
        description=metadata.get("Description") or "",
    )
