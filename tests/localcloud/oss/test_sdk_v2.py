"""What alibabacloud_oss_v2, unmodified, makes of the answers."""

from __future__ import annotations

import json
from pathlib import Path

import alibabacloud_oss_v2 as v2
import pytest

from tests.localcloud.oss.harness import UID, Oss


def service_error(error: pytest.ExceptionInfo[v2.exceptions.OperationError]) -> v2.exceptions.ServiceError:
    """Return the service's part of an error."""
    found = error.value.unwrap()
    assert isinstance(found, v2.exceptions.ServiceError)
    return found


def test_objects(sdk_v2: v2.Client) -> None:
    put = sdk_v2.put_object(v2.PutObjectRequest("data", "k", body=b"hello", metadata={"who": "me"}, tagging="a=1"))
    assert put.content_md5 == "XUFAKrxLKna5cZ2REBfFkg=="
    got = sdk_v2.get_object(v2.GetObjectRequest("data", "k", range_header="bytes=1-2"))
    assert (got.status_code, got.body.content, got.content_range) == (206, b"el", "bytes 1-2/5")
    head = sdk_v2.head_object(v2.HeadObjectRequest("data", "k"))
    assert (head.content_length, head.metadata, head.tagging_count) == (5, {"who": "me"}, 1)
    assert sdk_v2.get_object_meta(v2.GetObjectMetaRequest("data", "k")).etag == put.etag
    assert sdk_v2.is_object_exist("data", "k")
    assert not sdk_v2.is_object_exist("data", "other")


def test_listings(sdk_v2: v2.Client) -> None:
    for number in range(7):
        sdk_v2.put_object(v2.PutObjectRequest("data", f"k{number}\n", body=b""))
    keys = [f"k{number}\n" for number in range(7)]
    pages = sdk_v2.list_objects_v2_paginator().iter_page(v2.ListObjectsV2Request("data", max_keys=3))
    assert [c.key for page in pages for c in page.contents or ()] == keys
    pages = sdk_v2.list_objects_paginator().iter_page(v2.ListObjectsRequest("data", max_keys=3))
    assert [c.key for page in pages for c in page.contents or ()] == keys
    pages = sdk_v2.list_object_versions_paginator().iter_page(v2.ListObjectVersionsRequest("data", max_keys=3))
    assert [v.key for page in pages for v in page.version or ()] == keys


def test_delete_multiple_with_encoded_names(sdk_v2: v2.Client, oss: Oss) -> None:
    sdk_v2.put_object(v2.PutObjectRequest("data", "a\x01b", body=b""))
    request = v2.DeleteMultipleObjectsRequest("data", encoding_type="url", objects=[v2.DeleteObject(key="a\x01b")])
    with pytest.raises(v2.exceptions.OperationError) as caught:
        sdk_v2.delete_multiple_objects(request)
    # The key cannot be written in XML 1.0 at all, so the request itself is malformed.
    assert service_error(caught).code == "MalformedXML"
    assert sdk_v2.delete_object(v2.DeleteObjectRequest("data", "a\x01b")).status_code == 204
    assert not oss.bucket.keys


def test_bucket_calls(sdk_v2: v2.Client) -> None:
    configuration = v2.CreateBucketConfiguration(storage_class="IA", data_redundancy_type="ZRS")
    sdk_v2.put_bucket(v2.PutBucketRequest("fresh", create_bucket_configuration=configuration))
    info = sdk_v2.get_bucket_info(v2.GetBucketInfoRequest("fresh")).bucket_info
    assert (info.storage_class, info.data_redundancy_type, info.owner.id) == ("IA", "ZRS", UID)
    assert info.sse_rule.sse_algorithm == "None"
    stat = sdk_v2.get_bucket_stat(v2.GetBucketStatRequest("fresh"))
    assert (stat.object_count, stat.infrequent_access_object_count) == (0, 0)
    listed = sdk_v2.list_buckets(v2.ListBucketsRequest(prefix="fr"))
    assert [b.name for b in listed.buckets] == ["fresh"]
    assert sdk_v2.get_bucket_location(v2.GetBucketLocationRequest("fresh")).location == "oss-cn-hangzhou"


def test_public_policy_status(sdk_v2: v2.Client) -> None:
    statement = {
        "Effect": "Allow",
        "Action": ["oss:GetObject"],
        "Principal": ["*"],
        "Resource": [f"acs:oss:*:{UID}:data/*"],
    }
    text = json.dumps({"Version": "1", "Statement": [statement]})
    sdk_v2.put_bucket_policy(v2.PutBucketPolicyRequest("data", body=text))
    assert sdk_v2.get_bucket_policy(v2.GetBucketPolicyRequest("data")).body == text
    assert sdk_v2.get_bucket_policy_status(v2.GetBucketPolicyStatusRequest("data")).policy_status.is_public
    assert sdk_v2.delete_bucket_policy(v2.DeleteBucketPolicyRequest("data")).status_code == 204


def test_uploader_and_downloader(sdk_v2: v2.Client, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(bytes(range(256)) * 2000)
    sdk_v2.uploader(part_size=200 * 1024, parallel_num=1).upload_file(v2.PutObjectRequest("data", "f"), str(source))
    sdk_v2.downloader(part_size=150 * 1024, parallel_num=1).download_file(v2.GetObjectRequest("data", "f"), str(target))
    assert target.read_bytes() == source.read_bytes()


def test_unbuilt_features_say_so(sdk_v2: v2.Client) -> None:
    with pytest.raises(v2.exceptions.OperationError) as caught:
        sdk_v2.get_bucket_lifecycle(v2.GetBucketLifecycleRequest("data"))
    assert (service_error(caught).status_code, service_error(caught).code) == (404, "NoSuchLifecycle")
    with pytest.raises(v2.exceptions.OperationError) as caught:
        sdk_v2.get_bucket_https_config(v2.GetBucketHttpsConfigRequest("data"))
    assert (service_error(caught).status_code, service_error(caught).code) == (501, "NotImplemented")
