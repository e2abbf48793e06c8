"""The vendor's KMS SDK, unmodified, against a running local cloud."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_kms20160120 import models
from alibabacloud_tea_openapi.exceptions import ClientException

from tests.localcloud.kms.sdk import KEY_B, KEY_B_ARN, UID_A, UID_B, kms_client, share_key


def error_of(call: Callable[..., object], *arguments: object) -> tuple[int, str]:
    with pytest.raises(ClientException) as caught:
        call(*arguments)
    return caught.value.status_code, caught.value.code


def test_life_of_a_key(server: Any) -> None:
    kms = kms_client(server, "b")
    instances = kms.list_kms_instances(models.ListKmsInstancesRequest()).body.kms_instances.kms_instance
    assert [instance.kms_instance_id for instance in instances] == ["kst-b"]
    instance = kms.get_kms_instance(models.GetKmsInstanceRequest(kms_instance_id="kst-b")).body.kms_instance
    assert (instance.status, instance.vpc_num) == ("Connected", 2)

    made = kms.create_key(models.CreateKeyRequest(dkmsinstance_id="kst-b", description="d")).body.key_metadata
    assert made.arn.startswith(f"acs:kms:cn-beijing:{UID_B}:key/key-")
    kms.create_alias(models.CreateAliasRequest(alias_name="alias/made", key_id=made.key_id))
    described = kms.describe_key(models.DescribeKeyRequest(key_id="alias/made")).body.key_metadata
    assert (described.key_id, described.key_state, described.dkmsinstance_id) == (made.key_id, "Enabled", "kst-b")
    keys = kms.list_keys(models.ListKeysRequest(page_size=1, page_number=2)).body
    assert (keys.total_count, [key.key_arn for key in keys.keys.key]) == (2, [made.arn])
    aliases = kms.list_aliases(models.ListAliasesRequest()).body.aliases.alias
    assert [alias.alias_name for alias in aliases] == ["alias/replicas", "alias/made"]
    by_key = kms.list_aliases_by_key_id(models.ListAliasesByKeyIdRequest(key_id=made.key_id)).body
    assert by_key.aliases.alias[0].alias_arn == f"acs:kms:cn-beijing:{UID_B}:alias/made"

    kms.update_key_description(models.UpdateKeyDescriptionRequest(key_id=made.key_id, description=""))
    kms.disable_key(models.DisableKeyRequest(key_id=made.key_id))
    off = models.ListKeysRequest(filters=json.dumps([{"Key": "KeyState", "Values": ["Disabled"]}]))
    assert [key.key_id for key in kms.list_keys(off).body.keys.key] == [made.key_id]
    kms.enable_key(models.EnableKeyRequest(key_id=made.key_id))
    kms.schedule_key_deletion(models.ScheduleKeyDeletionRequest(key_id=made.key_id, pending_window_in_days=7))
    doomed = kms.describe_key(models.DescribeKeyRequest(key_id=made.key_id)).body.key_metadata
    assert (doomed.key_state, doomed.description) == ("PendingDeletion", "")
    assert doomed.delete_date is not None
    kms.cancel_key_deletion(models.CancelKeyDeletionRequest(key_id=made.key_id))
    kms.update_alias(models.UpdateAliasRequest(alias_name="alias/made", key_id=KEY_B))
    kms.delete_alias(models.DeleteAliasRequest(alias_name="alias/made"))
    assert error_of(kms.describe_key, models.DescribeKeyRequest(key_id="alias/made")) == (
        404,
        "Forbidden.AliasNotFound",
    )


def test_key_policy_and_tags(server: Any) -> None:
    kms = kms_client(server, "b")
    share_key(server, "kms:Decrypt")
    policy = kms.get_key_policy(models.GetKeyPolicyRequest(key_id=KEY_B_ARN, policy_name="default")).body.policy
    assert json.loads(policy)["Statement"][1]["Action"] == ["kms:Decrypt"]
    over = policy.replace(UID_A, "1000000000000003").replace("Decrypt", "Encrypt")
    both = json.dumps({"Version": "1", "Statement": json.loads(policy)["Statement"] + json.loads(over)["Statement"]})
    refused = error_of(kms.set_key_policy, models.SetKeyPolicyRequest(key_id=KEY_B, policy=both))
    assert refused == (400, "Rejected.ShareQuotaExceedLimit")

    kms.tag_resource(models.TagResourceRequest(key_id=KEY_B, tags='[{"TagKey": "a", "TagValue": "1"}]'))
    tags = kms.list_resource_tags(models.ListResourceTagsRequest(key_id=KEY_B)).body.tags.tag
    assert [(tag.tag_key, tag.tag_value) for tag in tags] == [("a", "1")]
    kms.untag_resource(models.UntagResourceRequest(key_id=KEY_B, tag_keys='["a"]'))


def test_data_key_round_trip(server: Any) -> None:
    kms = kms_client(server, "b")
    made = kms.generate_data_key(models.GenerateDataKeyRequest(key_id=KEY_B, encryption_context={"purpose": "x"})).body
    request = models.DecryptRequest(ciphertext_blob=made.ciphertext_blob, encryption_context={"purpose": "x"})
    opened = kms.decrypt(request).body
    assert (opened.plaintext, opened.key_id) == (made.plaintext, KEY_B)
    sealed = kms.encrypt(models.EncryptRequest(key_id="alias/replicas", plaintext="aGk=")).body
    assert kms.decrypt(models.DecryptRequest(ciphertext_blob=sealed.ciphertext_blob)).body.plaintext == "aGk="


def test_foreign_key(server: Any) -> None:
    share_key(server, "kms:DescribeKey", "kms:GenerateDataKey")
    foreign = kms_client(server, "a")
    assert error_of(foreign.describe_key, models.DescribeKeyRequest(key_id=KEY_B))[1] == "Forbidden.KeyNotFound"
    refused = error_of(foreign.describe_key, models.DescribeKeyRequest(key_id=KEY_B_ARN))
    assert refused == (403, "Forbidden.NoPermission"), "the policy names the role, not the account"


def test_signature_is_verified(server: Any) -> None:
    wrong = kms_client(server, "b", access_key_secret="wrong")
    assert error_of(wrong.list_keys, models.ListKeysRequest())[1] == "SignatureDoesNotMatch"
    unknown = kms_client(server, "nobody")
    assert error_of(unknown.list_keys, models.ListKeysRequest())[1] == "InvalidAccessKeyId.NotFound"


def test_old_signature(server: Any) -> None:
    kms = kms_client(server, "b", signature_algorithm="v2")
    assert kms.list_keys(models.ListKeysRequest()).body.total_count == 1


def test_region_of_an_acs4_signature(server: Any) -> None:
    """ACS4 is the one scheme whose signature names a region, so it narrows the lists."""
    kms = kms_client(server, "b", signature_version="v4")
    assert kms.list_keys(models.ListKeysRequest()).body.total_count == 1
    kms._region_id = "cn-shanghai"
    assert kms.list_keys(models.ListKeysRequest()).body.total_count == 0
