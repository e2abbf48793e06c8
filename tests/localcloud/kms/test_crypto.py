"""Encrypt, GenerateDataKey and Decrypt: a round trip for those who may, an error for everybody else."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from localcloud.kms.model import KmsInstance
from tests.localcloud.kms.conftest import UID, allow

TEXT = base64.b64encode(b"attack at dawn").decode()


def test_round_trip(kms: Any) -> None:
    key = kms.create()
    sealed = kms("Encrypt", KeyId=key.arn, Plaintext=TEXT)
    assert (sealed["KeyId"], sealed["KeyVersionId"]) == (key.id, key.version_id)
    assert b"attack" not in base64.b64decode(sealed["CiphertextBlob"])
    opened = kms("Decrypt", CiphertextBlob=sealed["CiphertextBlob"])
    assert (opened["Plaintext"], opened["KeyId"]) == (TEXT, key.id)
    assert kms("Encrypt", KeyId=key.id, Plaintext=TEXT)["CiphertextBlob"] != sealed["CiphertextBlob"]


@pytest.mark.parametrize(
    ("params", "size"),
    [
        ({}, 32),
        ({"KeySpec": "AES_128"}, 16),
        ({"NumberOfBytes": 1024}, 1024),
        ({"KeySpec": "AES_128", "NumberOfBytes": 5}, 5),
    ],
)
def test_data_key(kms: Any, params: dict[str, object], size: int) -> None:
    made = kms("GenerateDataKey", KeyId=kms.create().id, **params)
    assert len(base64.b64decode(made["Plaintext"])) == size
    assert kms("Decrypt", CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]


def test_context_belongs_to_the_ciphertext(kms: Any) -> None:
    blob = kms("Encrypt", KeyId=kms.create().id, Plaintext=TEXT, EncryptionContext='{"a": 1, "b": 2}')["CiphertextBlob"]
    assert kms("Decrypt", CiphertextBlob=blob, EncryptionContext='{"b": 2, "a": 1}')["Plaintext"] == TEXT
    assert kms.refused("Decrypt", CiphertextBlob=blob) == (400, "InvalidParameter")


@pytest.mark.parametrize("blob", ["%", "AAAA", base64.b64encode(b"key-x\0short").decode()])
def test_faulty_ciphertexts(kms: Any, blob: str) -> None:
    assert kms.refused("Decrypt", CiphertextBlob=blob) == (400, "InvalidParameter")


def test_changed_ciphertext(kms: Any) -> None:
    blob = bytearray(base64.b64decode(kms("Encrypt", KeyId=kms.create().id, Plaintext=TEXT)["CiphertextBlob"]))
    blob[-1] ^= 1
    changed = base64.b64encode(blob).decode()
    assert kms.refused("Decrypt", CiphertextBlob=changed) == (400, "InvalidParameter")


def test_decrypt_needs_the_right_and_an_enabled_key(kms: Any) -> None:
    key = kms.create()
    blob = kms("Encrypt", KeyId=key.id, Plaintext=TEXT)["CiphertextBlob"]
    user = kms.as_user(allow("kms:Encrypt", resource=f"acs:kms:*:{UID}:key/*"))
    assert user.refused("Decrypt", CiphertextBlob=blob) == (403, "Forbidden.NoPermission")
    kms("DisableKey", KeyId=key.id)
    assert kms.refused("Decrypt", CiphertextBlob=blob) == (409, "Rejected.Disabled")


def test_key_of_an_instance_that_is_not_connected_is_of_no_use(kms: Any) -> None:
    key = kms.create()
    instance: KmsInstance = kms.cloud.accounts[UID].kms_instances[0]
    instance.status = "Disconnected"
    assert kms.refused("GenerateDataKey", KeyId=key.id) == (403, "Forbidden.DKMSInstanceStateInvalid")


def test_asymmetric_and_external_keys_do_not_encrypt(kms: Any) -> None:
    signer = kms.create(KeySpec="EC_P256")
    assert signer.usage == "SIGN/VERIFY"
    assert kms.refused("Encrypt", KeyId=signer.id, Plaintext=TEXT) == (400, "UnsupportedOperation")
    external = kms.create(Origin="EXTERNAL")
    assert kms.refused("Encrypt", KeyId=external.id, Plaintext=TEXT) == (409, "Rejected.PendingImport")


def test_dry_run_never_succeeds(kms: Any) -> None:
    key = kms.create()
    assert kms.refused("GenerateDataKey", KeyId=key.id, DryRun="true") == (400, "DryRunOperationError")
