"""alibabacloud-oss-v2, the vendor's second generation for Python."""

from __future__ import annotations

import asyncio
import datetime
import json
import tempfile
from pathlib import Path
from typing import Any

import alibabacloud_oss_v2 as oss
import alibabacloud_oss_v2.aio as oss_aio

from tests.clients.expected import KEYS
from tests.clients.python.policy import POLICY
from tests.clients.python.report import Report, Task, expiry, fetch, read_task, until

_FILE = bytes(range(256)) * 1200


def refusal(error: Exception) -> tuple[int, str]:
    """Return status and code of the service's error inside the SDK's."""
    service = error.unwrap()  # type: ignore[attr-defined]
    return service.status_code, service.code


class Tour:
    """One tour through the cloud with one signature version."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.report = Report(refusal)
        self.client = self.open("a")
        # Signed first and read last, so that nobody waits long. The SDK rounds one second down to none.
        self.fleeting = self.sign(oss.GetObjectRequest("client-src", "seed/object-00001"), 2)

    def config(self, key_id: str, secret: str, token: str | None = None, region: str = "cn-hangzhou") -> Any:
        return oss.config.Config(
            region=region,
            endpoint=self.task.url.replace("cn-hangzhou", region),
            signature_version=self.task.signature,
            retry_max_attempts=1,
            credentials_provider=oss.credentials.StaticCredentialsProvider(key_id, secret, token),
        )

    def open(self, key: str, secret: str | None = None, region: str = "cn-hangzhou") -> Any:
        return oss.Client(self.config(f"key-{key}", secret or f"secret-{key}", region=region))

    def text(self, key: str, client: Any = None, **options: Any) -> str:
        request = oss.GetObjectRequest(options.pop("bucket", "client-src"), key, **options)
        content: bytes = (client or self.client).get_object(request).body.read()
        return content.decode()

    def put(self, key: str, body: bytes, client: Any = None, bucket: str = "client-src", **options: Any) -> Any:
        return (client or self.client).put_object(oss.PutObjectRequest(bucket, key, body=body, **options))

    def objects(self) -> None:
        find = self.report.find
        for key in KEYS:
            put = self.put(key, b"hello", metadata={"note": "two  blanks"}, content_type="text/x-note")
        find("put", lambda: [put.etag.strip('"'), str(put.hash_crc64)])
        find("get", lambda: self.text("tour/日本語.txt"))
        find("range", lambda: self.text("tour/hello.txt", range_header="bytes=1-3"))
        find("head", self.head)
        self.report.refused("missing_key", lambda: self.text("tour/none"))
        head_none = oss.HeadObjectRequest("client-src", "tour/none")
        find("missing_key_head", lambda: self.report.refusal(lambda: self.client.head_object(head_none))[0])
        copy = oss.CopyObjectRequest("client-src", "copy", source_bucket="client-src", source_key=KEYS[0])
        find("copy", lambda: self.client.copy_object(copy).etag.strip('"'))
        find("append", self.append)

    def head(self) -> list[Any]:
        head = self.client.head_object(oss.HeadObjectRequest("client-src", "tour/hello.txt"))
        return [head.content_length, head.content_type, head.metadata["note"]]

    def append(self) -> list[str]:
        def more(position: int) -> Any:
            return self.client.append_object(oss.AppendObjectRequest("client-src", "appended", position, body=b"hello"))

        return [str(more(0).next_position), str(more(5).next_position), self.text("appended")]

    def files(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            sent, received = Path(folder, "sent"), Path(folder, "received")
            sent.write_bytes(_FILE)
            uploader = self.client.uploader(part_size=102_400)
            self.report.find("multipart", lambda: self.upload(uploader, sent))
            downloader = self.client.downloader(part_size=102_400)
            downloader.download_file(oss.GetObjectRequest("client-src", "parts"), str(received))
            self.report.find("resumable", lambda: len(_FILE) if received.read_bytes() == _FILE else 0)

    def upload(self, uploader: Any, path: Path) -> list[Any]:
        uploader.upload_file(oss.PutObjectRequest("client-src", "parts"), filepath=str(path))
        head = self.client.head_object(oss.HeadObjectRequest("client-src", "parts"))
        return [head.content_length, head.etag.strip('"')[-2:]]

    def listings(self) -> None:
        pages = list(
            self.client.list_objects_paginator(limit=2).iter_page(oss.ListObjectsRequest("client-src", prefix="tour/"))
        )
        names = [[entry.key for entry in page.contents] for page in pages]
        self.report.find("pages", lambda: names)
        self.report.find("list", lambda: [name for page in names for name in page])
        second = oss.ListObjectsV2Request("client-src", prefix="tour/")
        pages_v2 = self.client.list_objects_v2_paginator(limit=2).iter_page(second)
        self.report.find("list_v2", lambda: [entry.key for page in pages_v2 for entry in page.contents])
        flat = self.client.list_objects_v2(oss.ListObjectsV2Request("client-src", prefix="tour/", delimiter="/"))
        self.report.find("prefixes", lambda: [entry.prefix for entry in flat.common_prefixes])
        delete = oss.DeleteMultipleObjectsRequest("client-src", objects=[oss.DeleteObject(key) for key in KEYS[1:3]])
        deleted = self.client.delete_multiple_objects(delete).deleted_objects
        self.report.find("delete_many", lambda: sorted(entry.key for entry in deleted))

    def buckets(self) -> None:
        listed = self.client.list_buckets(oss.ListBucketsRequest()).buckets
        self.report.find("buckets", lambda: [bucket.name for bucket in listed])
        info = self.client.get_bucket_info(oss.GetBucketInfoRequest("client-src")).bucket_info
        self.report.find("owner", lambda: [info.owner.id, info.location])
        self.report.find("new_bucket", self.new_bucket)
        missing = oss.ListObjectsRequest("no-such-bucket-1")
        self.report.refused("missing_bucket", lambda: self.client.list_objects(missing))

    def new_bucket(self) -> list[Any]:
        self.client.put_bucket(oss.PutBucketRequest("client-new", acl="public-read"))
        acl = self.client.get_bucket_acl(oss.GetBucketAclRequest("client-new")).acl
        delete = oss.DeleteBucketRequest("client-new")
        self.client.delete_bucket(delete)
        return [acl, self.report.refusal(lambda: self.client.delete_bucket(delete))]

    def refusals(self) -> None:
        refused = self.report.refused
        refused("wrong_secret", lambda: self.text("copy", self.open("a", "wrong")))
        refused("unknown_key", lambda: self.text("copy", self.open("nobody")))
        refused("denied", lambda: self.put("copy", b"", self.open("reader")))

    def sessions(self) -> None:
        given = self.task.session
        session = oss.Client(self.config(given["id"], given["secret"], given["token"]))
        read = self.text("seed/object-00001", session)[5:17]
        self.report.find("session", lambda: [read, self.report.refusal(lambda: self.put("x", b"", session))])
        forged = oss.Client(self.config(given["id"], given["secret"], "forged"))
        self.report.refused("forged_token", lambda: self.text("copy", forged))

    def urls(self) -> None:
        read = fetch(self.sign(oss.GetObjectRequest("client-src", KEYS[0]), 60))[1]
        fetch(self.sign(oss.PutObjectRequest("client-src", "by-url"), 60), "PUT", b"by url")
        self.report.find("presigned", lambda: [read, self.text("by-url")])

    def sign(self, request: Any, seconds: int) -> str:
        url: str = self.client.presign(request, expires=datetime.timedelta(seconds=seconds)).url
        return url

    def policy(self) -> None:
        get = oss.GetBucketPolicyRequest("client-src")
        self.report.refused("no_policy", lambda: self.client.get_bucket_policy(get))
        self.client.put_bucket_policy(oss.PutBucketPolicyRequest("client-src", body=json.dumps(POLICY)))
        statement = json.loads(self.client.get_bucket_policy(get).body)["Statement"][0]
        self.client.delete_bucket_policy(oss.DeleteBucketPolicyRequest("client-src"))
        self.report.find("policy", lambda: [statement["Action"][0], statement["Resource"][0].split(":")[-1][:-2]])

    def versions(self) -> None:
        first = self.put("k", b"first", bucket="client-versioned").version_id
        self.put("k", b"second", bucket="client-versioned")
        self.client.delete_object(oss.DeleteObjectRequest("client-versioned", "k"))
        listed = self.client.list_object_versions(oss.ListObjectVersionsRequest("client-versioned"))
        oldest = self.text("k", bucket="client-versioned", version_id=first)
        self.report.find("versions", lambda: [len(listed.version), len(listed.delete_marker), oldest])

    def replication(self) -> None:
        get = oss.GetBucketReplicationRequest("client-src")
        self.report.refused("no_rule", lambda: self.client.get_bucket_replication(get))
        # The SDK has an attribute for it, but leaves it empty.
        rule_id = self.put_rule().headers["x-oss-replication-rule-id"]
        self.report.refused("same_rule", self.put_rule)
        self.report.find("progress", lambda: self.progress(rule_id))
        rule = self.client.get_bucket_replication(get).replication_configuration.rules[0]
        self.report.find("rule", lambda: [rule.status, rule.destination.bucket, rule.action])
        copy = self.open("b", region="cn-shanghai")
        self.report.find("replica", lambda: self.text(KEYS[0], copy, bucket="client-dst"))
        rules = oss.ReplicationRules(ids=[rule_id])
        self.client.delete_bucket_replication(oss.DeleteBucketReplicationRequest("client-src", replication_rules=rules))

    def put_rule(self) -> Any:
        rule = oss.ReplicationRule(
            destination=oss.ReplicationDestination(bucket="client-dst", location="oss-cn-shanghai"),
            sync_role="Replicator",
            rtc=oss.ReplicationTimeControl(status="disabled"),
        )
        configuration = oss.ReplicationConfiguration(rules=[rule])
        return self.client.put_bucket_replication(oss.PutBucketReplicationRequest("client-src", configuration))

    def progress(self, rule_id: str) -> Any:
        def share() -> Any:
            request = oss.GetBucketReplicationProgressRequest("client-src", rule_id=rule_id)
            rule = self.client.get_bucket_replication_progress(request).replication_progress.rules[0]
            share = float(rule.progress.historical_object) if rule.progress else 0.0
            return share if share >= 1 else None

        return until(share)

    async def asynchronous(self) -> list[str]:
        client = oss_aio.AsyncClient(self.config("key-a", "secret-a"))
        try:
            await client.put_object(oss.PutObjectRequest("client-src", "async", body=b"hello"))
            got = await client.get_object(oss.GetObjectRequest("client-src", "async"))
            text = (await got.body.read()).decode()
            listed = await client.list_objects_v2(oss.ListObjectsV2Request("client-src", prefix="async"))
            return [text, listed.contents[0].key]
        finally:
            await client.close()


def main() -> None:
    tour = Tour(read_task())
    for stop in (tour.objects, tour.files, tour.listings, tour.buckets, tour.refusals, tour.sessions, tour.urls):
        stop()
    for stop in (tour.policy, tour.versions, tour.replication):
        stop()
    tour.report.find("async", lambda: asyncio.run(tour.asynchronous()))
    tour.report.find("expired", lambda: expiry(tour.fleeting))
    tour.report.print()


if __name__ == "__main__":
    main()
