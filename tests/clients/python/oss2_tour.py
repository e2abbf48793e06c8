"""oss2 of any generation: every call that the generation has."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import oss2

from tests.clients.expected import KEYS
from tests.clients.python.policy import POLICY
from tests.clients.python.report import Report, Task, expiry, fetch, read_task, until


class Tour:
    """One tour through the cloud with one version of the SDK and one signature version."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.report = Report(lambda error: (error.status, error.code))  # type: ignore[attr-defined]
        self.bucket = self.open("a")
        # Signed first and read last, so that nobody waits for it to expire.
        self.fleeting = self.bucket.sign_url("GET", "seed/object-00001", 1)

    def auth(self, key_id: str, secret: str) -> Any:
        return oss2.AuthV4(key_id, secret) if self.v4 else oss2.Auth(key_id, secret)

    @property
    def v4(self) -> bool:
        return self.task.signature == "v4"

    def open(self, key: str, name: str = "client-src", region: str = "cn-hangzhou", secret: str | None = None) -> Any:
        return self.open_with(self.auth(f"key-{key}", secret or f"secret-{key}"), name, region)

    def open_with(self, auth: Any, name: str, region: str) -> Any:
        # Generations before V4 do not know the argument.
        regional = {"region": region} if self.v4 else {}
        return oss2.Bucket(auth, self.task.url.replace("cn-hangzhou", region), name, **regional)

    def objects(self) -> None:
        bucket, find = self.bucket, self.report.find
        headers = {"Content-Type": "text/x-note", "x-oss-meta-note": "two  blanks"}
        hello = bucket.put_object("tour/hello.txt", b"hello", headers=headers)
        for key in KEYS:
            if key != "tour/hello.txt":
                bucket.put_object(key, b"hello")
        find("put", lambda: [hello.etag, str(hello.crc)])
        find("get", lambda: bucket.get_object("tour/日本語.txt").read().decode())
        find("range", lambda: bucket.get_object("tour/hello.txt", byte_range=(1, 3)).read().decode())
        find("head", self.head)
        self.report.refused("missing_key", lambda: bucket.get_object("tour/none"))
        find("missing_key_head", lambda: self.report.refusal(lambda: bucket.head_object("tour/none"))[0])
        find("copy", lambda: bucket.copy_object("client-src", KEYS[0], "copy").etag)
        find("append", self.append)
        find("multipart", self.multipart)
        find("resumable", self.resumable)

    def head(self) -> list[Any]:
        head = self.bucket.head_object("tour/hello.txt")
        return [head.content_length, head.content_type, head.headers["x-oss-meta-note"]]

    def append(self) -> list[str]:
        first = self.bucket.append_object("appended", 0, b"hello")
        second = self.bucket.append_object("appended", 5, b"hello")
        return [str(first.next_position), str(second.next_position), self.bucket.get_object("appended").read().decode()]

    def multipart(self) -> list[Any]:
        upload = self.bucket.init_multipart_upload("parts").upload_id
        parts = []
        for number in (1, 2, 3):
            part = self.bucket.upload_part("parts", upload, number, bytes(102_400))
            parts.append(oss2.models.PartInfo(number, part.etag, size=102_400, part_crc=part.crc))
        done = self.bucket.complete_multipart_upload("parts", upload, parts)
        return [self.bucket.head_object("parts").content_length, done.etag[-2:]]

    def resumable(self) -> int:
        with tempfile.TemporaryDirectory() as folder:
            sent, received = Path(folder, "sent"), Path(folder, "received")
            sent.write_bytes(bytes(range(256)) * 1200)
            store = oss2.ResumableStore(root=folder)
            options = {"multipart_threshold": 1, "part_size": 102_400, "num_threads": 2}
            oss2.resumable_upload(self.bucket, "resumable", str(sent), store=store, **options)
            options = {"multiget_threshold": 1, "part_size": 102_400, "num_threads": 2}
            oss2.resumable_download(self.bucket, "resumable", str(received), **options)
            return len(received.read_bytes()) if received.read_bytes() == sent.read_bytes() else 0

    def listings(self) -> None:
        self.report.find("list", lambda: [entry.key for entry in oss2.ObjectIterator(self.bucket, prefix="tour/")])
        if hasattr(oss2, "ObjectIteratorV2"):
            second = oss2.ObjectIteratorV2(self.bucket, prefix="tour/", max_keys=2)
            self.report.find("list_v2", lambda: [entry.key for entry in second])
        self.report.find("pages", self.pages)
        flat = self.bucket.list_objects(prefix="tour/", delimiter="/")
        self.report.find("prefixes", lambda: flat.prefix_list)
        self.report.find("delete_many", lambda: sorted(self.bucket.batch_delete_objects(KEYS[1:3]).deleted_keys))

    def pages(self) -> list[list[str]]:
        pages, marker, more = [], "", True
        while more:
            page = self.bucket.list_objects(prefix="tour/", marker=marker, max_keys=2)
            pages.append([entry.key for entry in page.object_list])
            marker, more = page.next_marker, page.is_truncated
        return pages

    def buckets(self) -> None:
        regional = {"region": "cn-hangzhou"} if self.v4 else {}
        service = oss2.Service(self.bucket.auth, self.task.url, **regional)
        self.report.find("buckets", lambda: [entry.name for entry in service.list_buckets().buckets])
        info = self.bucket.get_bucket_info()
        self.report.find("owner", lambda: [info.owner.id, self.bucket.get_bucket_location().location])
        self.report.find("new_bucket", self.new_bucket)
        self.report.refused("missing_bucket", lambda: self.open("a", "no-such-bucket-1").list_objects())

    def new_bucket(self) -> list[Any]:
        new = self.open("a", "client-new")
        new.create_bucket("public-read")
        acl = new.get_bucket_acl().acl
        new.delete_bucket()
        return [acl, self.report.refusal(new.delete_bucket)]

    def refusals(self) -> None:
        refused = self.report.refused
        refused("wrong_secret", lambda: self.open("a", secret="wrong").get_object("copy"))
        refused("unknown_key", lambda: self.open("nobody").get_object("copy"))
        refused("denied", lambda: self.open("reader").put_object("copy", b""))

    def sessions(self) -> None:
        session = self.open_session(self.task.session["token"])
        read = session.get_object("seed/object-00001").read().decode()[5:17]
        self.report.find("session", lambda: [read, self.report.refusal(lambda: session.put_object("x", b""))])
        self.report.refused("forged_token", lambda: self.open_session("forged").get_object("copy"))

    def open_session(self, token: str) -> Any:
        given = self.task.session
        if self.v4:
            provider = oss2.credentials.StaticCredentialsProvider(given["id"], given["secret"], token)
            return self.open_with(oss2.ProviderAuthV4(provider), "client-src", "cn-hangzhou")
        return self.open_with(oss2.StsAuth(given["id"], given["secret"], token), "client-src", "cn-hangzhou")

    def urls(self) -> None:
        slash = {"slash_safe": True} if self.v4 else {}
        read = fetch(self.bucket.sign_url("GET", KEYS[0], 60, **slash))[1]
        fetch(self.bucket.sign_url("PUT", "by-url", 60, **slash), "PUT", b"by url")
        self.report.find("presigned", lambda: [read, self.bucket.get_object("by-url").read().decode()])

    def policy(self) -> None:
        if not hasattr(self.bucket, "put_bucket_policy"):
            return
        self.report.refused("no_policy", self.bucket.get_bucket_policy)
        self.bucket.put_bucket_policy(json.dumps(POLICY))
        statement = json.loads(self.bucket.get_bucket_policy().policy)["Statement"][0]
        self.bucket.delete_bucket_policy()
        self.report.find("policy", lambda: [statement["Action"][0], statement["Resource"][0].split(":")[-1][:-2]])

    def versions(self) -> None:
        if not hasattr(self.bucket, "list_object_versions"):
            return
        bucket = self.open("a", "client-versioned")
        first = bucket.put_object("k", b"first").versionid
        bucket.put_object("k", b"second")
        bucket.delete_object("k")
        listed = bucket.list_object_versions()
        oldest = bucket.get_object("k", params={"versionId": first}).read().decode()
        self.report.find("versions", lambda: [len(listed.versions), len(listed.delete_marker), oldest])

    def replication(self) -> None:
        if not hasattr(self.bucket, "put_bucket_replication"):
            return
        self.report.refused("no_rule", self.bucket.get_bucket_replication)
        rule = self.rule()
        self.bucket.put_bucket_replication(rule)
        self.report.refused("same_rule", lambda: self.bucket.put_bucket_replication(self.rule()))
        self.report.find("progress", self.progress)
        self.report.find("rule", self.listed_rule)
        copy = self.open("b", "client-dst", "cn-shanghai")
        self.report.find("replica", lambda: copy.get_object(KEYS[0]).read().decode())
        self.bucket.delete_bucket_replication("rule-1")

    def rule(self) -> Any:
        fields = {"target_bucket_name": "client-dst", "target_bucket_location": "oss-cn-shanghai"}
        return oss2.models.ReplicationRule(rule_id="rule-1", sync_role_name="Replicator", **fields)

    def progress(self) -> Any:
        def share() -> Any:
            progress = self.bucket.get_bucket_replication_progress("rule-1").progress
            share = float(progress.historical_object_progress)
            return share if share >= 1 and progress.status == "doing" else None

        return until(share)

    def listed_rule(self) -> list[str]:
        rule = self.bucket.get_bucket_replication().rule_list[0]
        return [rule.status, rule.target_bucket_name, rule.action_list[0]]


def main() -> None:
    tour = Tour(read_task())
    for stop in (tour.objects, tour.listings, tour.buckets, tour.refusals, tour.sessions, tour.urls):
        stop()
    for stop in (tour.policy, tour.versions, tour.replication):
        stop()
    tour.report.find("expired", lambda: expiry(tour.fleeting))
    tour.report.print()


if __name__ == "__main__":
    main()
