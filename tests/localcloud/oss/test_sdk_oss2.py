"""What oss2, unmodified, makes of the answers: its parsers want elements that others do without."""

from __future__ import annotations

from collections.abc import Callable

import oss2
import pytest
from oss2.models import (
    BatchDeleteObjectVersion,
    BatchDeleteObjectVersionList,
    BucketVersioningConfig,
    PartInfo,
    ServerSideEncryptionRule,
    Tagging,
    TaggingRule,
)

from localcloud.kms.backend.account import KmsAccount
from localcloud.kms.backend.keys import NewKey, create_key
from tests.localcloud.oss.harness import UID, Oss

Make = Callable[..., oss2.Bucket]


def test_put_get_head_delete(sdk: Make) -> None:
    bucket = sdk()
    put = bucket.put_object("a/b c.txt", b"hello", headers={"x-oss-meta-Color": "blue", "Content-Type": "text/plain"})
    assert put.etag == "5D41402ABC4B2A76B9719D911017C592"

    got = bucket.get_object("a/b c.txt")
    assert got.read() == b"hello"
    assert got.client_crc == got.server_crc == put.crc
    assert got.headers["x-oss-meta-color"] == "blue"

    head = bucket.head_object("a/b c.txt")
    assert (head.content_length, head.content_type, head.object_type) == (5, "text/plain", "Normal")
    assert bucket.get_object_meta("a/b c.txt").content_length == 5
    assert bucket.delete_object("a/b c.txt").status == 204
    with pytest.raises(oss2.exceptions.NoSuchKey) as caught:
        bucket.get_object("a/b c.txt")
    assert caught.value.details["Key"] == "a/b c.txt"


def test_every_listing_pages_through_everything(sdk: Make) -> None:
    bucket = sdk()
    keys = [f"日本/{number:02} +&<>\t" for number in range(23)]
    for key in keys:
        bucket.put_object(key, key.encode())

    assert [o.key for o in oss2.ObjectIterator(bucket, max_keys=5)] == keys
    assert [o.key for o in oss2.ObjectIteratorV2(bucket, max_keys=5, fetch_owner=True)] == keys
    assert bucket.list_objects_v2(fetch_owner=True).object_list[0].owner.id == UID
    versions = bucket.list_object_versions(max_keys=5)
    assert versions.is_truncated
    assert [v.key for v in versions.versions] == keys[:5]
    rest = bucket.list_object_versions(key_marker=versions.next_key_marker, max_keys=1000)
    assert [v.key for v in rest.versions] == keys[5:]


def test_delimiter_groups_directories(sdk: Make) -> None:
    bucket = sdk()
    for key in ("a", "d1/x", "d1/y", "d2/x", "z"):
        bucket.put_object(key, b"")
    items = list(oss2.ObjectIterator(bucket, delimiter="/", max_keys=1))
    assert [(i.key, i.is_prefix()) for i in items] == [
        ("a", False),
        ("d1/", True),
        ("d2/", True),
        ("z", False),
    ]


def test_versions_and_delete_markers(sdk: Make) -> None:
    bucket = sdk()
    bucket.put_bucket_versioning(BucketVersioningConfig("Enabled"))
    assert bucket.get_bucket_versioning().status == "Enabled"
    first = bucket.put_object("k", b"one").versionid
    second = bucket.put_object("k", b"two").versionid
    deleted = bucket.delete_object("k")
    assert deleted.delete_marker
    assert not bucket.object_exists("k")

    listed = bucket.list_object_versions()
    assert [m.versionid for m in listed.delete_marker] == [deleted.versionid]
    assert [v.versionid for v in listed.versions] == [second, first]
    assert bucket.get_object("k", params={"versionId": first}).read() == b"one"

    doomed = BatchDeleteObjectVersionList([BatchDeleteObjectVersion("k", deleted.versionid)])
    result = bucket.delete_object_versions(doomed)
    assert result.delete_versions[0].delete_marker
    assert bucket.get_object("k").read() == b"two"


def test_multipart_upload_with_a_copied_part(sdk: Make) -> None:
    bucket = sdk()
    piece = bytes(range(256)) * 400
    bucket.put_object("source", piece)
    upload = bucket.init_multipart_upload("big").upload_id
    parts = [
        PartInfo(1, bucket.upload_part("big", upload, 1, piece).etag),
        PartInfo(2, bucket.upload_part_copy("data", "source", (0, 102_399), "big", upload, 2).etag),
        PartInfo(5, bucket.upload_part("big", upload, 5, b"tail").etag),
    ]
    assert [p.part_number for p in oss2.PartIterator(bucket, "big", upload, max_parts=1)] == [1, 2, 5]
    assert [u.upload_id for u in oss2.MultipartUploadIterator(bucket, max_uploads=1)] == [upload]

    done = bucket.complete_multipart_upload("big", upload, parts)
    assert done.etag.endswith("-3")
    assert bucket.get_object("big").read() == piece + piece + b"tail"
    assert bucket.head_object("big").object_type == "Multipart"
    with pytest.raises(oss2.exceptions.NoSuchUpload):
        bucket.abort_multipart_upload("big", upload)


def test_append_checks_position(sdk: Make) -> None:
    bucket = sdk()
    first = bucket.append_object("log", 0, b"one ", init_crc=0)
    assert first.next_position == 4
    second = bucket.append_object("log", 4, b"two", init_crc=first.crc)
    assert second.next_position == 7
    with pytest.raises(oss2.exceptions.PositionNotEqualToLength) as caught:
        bucket.append_object("log", 4, b"two")
    assert caught.value.next_position == 7
    bucket.put_object("plain", b"x")
    with pytest.raises(oss2.exceptions.ObjectNotAppendable):
        bucket.append_object("plain", 1, b"y")


def test_copy_acl_tags_symlink(sdk: Make) -> None:
    bucket = sdk()
    rule = TaggingRule()
    rule.add("team", "a b")
    bucket.put_object("src", b"x", headers={"x-oss-tagging": "k=v"})
    bucket.copy_object("data", "src", "copy")
    assert bucket.get_object_tagging("copy").tag_set.tagging_rule == {"k": "v"}
    bucket.put_object_tagging("copy", Tagging(rule))
    assert bucket.get_object_tagging("copy").tag_set.tagging_rule == {"team": "a b"}
    assert bucket.delete_object_tagging("copy").status == 204

    bucket.put_object_acl("copy", oss2.OBJECT_ACL_PUBLIC_READ)
    assert bucket.get_object_acl("copy").acl == "public-read"
    bucket.put_symlink("src", "link")
    assert bucket.get_symlink("link").target_key == "src"
    assert bucket.get_object("link").read() == b"x"
    assert bucket.batch_delete_objects(["src", "copy", "link"]).deleted_keys == ["src", "copy", "link"]


def test_bucket_settings(sdk: Make, oss: Oss) -> None:
    bucket = sdk()
    info = bucket.get_bucket_info()
    assert (info.location, info.owner.id, info.acl.grant) == ("oss-cn-hangzhou", UID, "private")
    assert (info.versioning_status, info.cross_region_replication) == (None, "Disabled")
    assert info.bucket_encryption_rule.sse_algorithm is None
    assert bucket.get_bucket_location().location == "oss-cn-hangzhou"

    create_key(KmsAccount.of(oss.cloud, UID, oss.bucket.region), NewKey(id="key-1"))
    bucket.put_bucket_encryption(ServerSideEncryptionRule("KMS", "key-1"))
    assert bucket.get_bucket_encryption().kms_master_keyid == "key-1"
    assert bucket.get_bucket_info().bucket_encryption_rule.kms_master_keyid == "key-1"
    assert bucket.put_object("k", b"").headers["x-oss-server-side-encryption-key-id"] == "key-1"
    assert bucket.delete_bucket_encryption().status == 204
    with pytest.raises(oss2.exceptions.NoSuchServerSideEncryptionRule):
        bucket.get_bucket_encryption()

    bucket.put_bucket_acl("public-read")
    assert bucket.get_bucket_acl().acl == "public-read"
    with pytest.raises(oss2.exceptions.NoSuchTransferAccelerationConfiguration):
        bucket.get_bucket_transfer_acceleration()
    bucket.put_bucket_transfer_acceleration("true")
    assert bucket.get_bucket_transfer_acceleration().enabled == "true"
    assert oss.bucket.acceleration is True


def test_policy_text_is_kept_byte_for_byte(sdk: Make) -> None:
    bucket = sdk()
    with pytest.raises(oss2.exceptions.NoSuchBucketPolicy):
        bucket.get_bucket_policy()
    text = (
        '{ "Version":"1","Statement" :[{"Effect":"Allow","Action":["oss:GetObject"],'
        f'"Principal":["{UID}"],"Resource":["acs:oss:*:{UID}:data/*"]}}]}}\n'
    )
    assert bucket.put_bucket_policy(text).status == 200
    assert bucket.get_bucket_policy().policy == text
    assert bucket.delete_bucket_policy().status == 204


def test_worm(sdk: Make) -> None:
    bucket = sdk()
    worm_id = bucket.init_bucket_worm(1).worm_id
    assert bucket.get_bucket_worm().state == "InProgress"
    bucket.complete_bucket_worm(worm_id)
    bucket.extend_bucket_worm(worm_id, 2)
    assert bucket.get_bucket_worm().retention_period_days == 2
    bucket.put_object("k", b"first")
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        bucket.put_object("k", b"second")
    assert caught.value.code == "FileImmutable"


def test_service_lists_created_buckets(sdk: Make, service: oss2.Service) -> None:
    sdk("second").create_bucket("public-read")
    listed = list(oss2.BucketIterator(service, max_keys=1))
    assert [(b.name, b.location, b.region) for b in listed] == [
        ("data", "oss-cn-hangzhou", "cn-hangzhou"),
        ("second", "oss-cn-hangzhou", "cn-hangzhou"),
    ]
    assert sdk("second").delete_bucket().status == 204
    with pytest.raises(oss2.exceptions.NoSuchBucket):
        sdk("second").get_bucket_info()


def test_stat_counts_versions_and_parts(sdk: Make) -> None:
    bucket = sdk()
    bucket.put_object("k", b"12345")
    bucket.init_multipart_upload("m")
    stat = bucket.get_bucket_stat()
    assert (stat.object_count, stat.storage_size_in_bytes, stat.multi_part_upload_count) == (1, 5, 1)
