"""JSON forms of KMS's entities, as the vendor's SDK models read them."""

from __future__ import annotations

from localcloud.formats import iso_seconds
from localcloud.kms.model import Alias, Key, KmsInstance

Json = dict[str, object]


def key_metadata(key: Key) -> Json:
    """Give a key as CreateKey answers it."""
    metadata: Json = {
        "KeyId": key.id,
        "Arn": key.arn,
        "Creator": key.owner_uid,
        "KeyState": key.state,
        "KeySpec": key.spec,
        "KeyUsage": key.usage,
        "Origin": key.origin,
        "ProtectionLevel": key.protection_level,
        "Description": key.description,
        "CreationDate": iso_seconds(key.created),
        "LastRotationDate": iso_seconds(key.created),
        "PrimaryKeyVersion": key.version_id,
        "AutomaticRotation": "Disabled",
        "MaterialExpireTime": "",
    }
    if key.instance_id is not None:
        metadata["DKMSInstanceId"] = key.instance_id
    if key.delete_at is not None:
        metadata["DeleteDate"] = iso_seconds(key.delete_at)
    return metadata


def key_reference(key: Key) -> Json:
    """Give a key as lists have it."""
    return {"KeyId": key.id, "KeyArn": key.arn}


def alias_details(alias: Alias, owner_uid: str) -> Json:
    """Give an alias."""
    return {
        "KeyId": alias.key_id,
        "AliasName": alias.name,
        "AliasArn": f"acs:kms:{alias.region}:{owner_uid}:{alias.name}",
    }


def instance_reference(instance: KmsInstance, owner_uid: str) -> Json:
    """Give an instance as lists have it."""
    return {
        "KmsInstanceId": instance.id,
        "KmsInstanceArn": f"acs:kms:{instance.region}:{owner_uid}:keystore/{instance.id}",
    }


def instance_details(instance: KmsInstance) -> Json:
    """Give an instance; ``VpcNum`` is its access management quantity (GetKmsInstance, version of January 2024)."""
    return {
        "InstanceId": instance.id,
        "InstanceName": instance.id,
        "Status": instance.status,
        "CreateTime": iso_seconds(instance.created),
        "StartDate": iso_seconds(instance.created),
        "Spec": 1000,
        "KeyNum": instance.key_quantity,
        "SecretNum": "100",
        "VpcNum": instance.access_management_quantity,
        "ProductVersion": "3",
        "ChargeType": "PREPAY",
    }
