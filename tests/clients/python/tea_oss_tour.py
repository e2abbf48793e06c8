"""alibabacloud-oss20190517, the generated client for OSS: an implementation apart from oss2 and its successor.

It fills few of its own answers' models and leaves out the root of the documents it puts, so that little is left to ask.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from alibabacloud_oss20190517 import models
from alibabacloud_oss20190517.client import Client
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.client import Client as Util

from tests.clients.expected import KEYS
from tests.clients.python.report import Report, Task, read_task


def refusal(error: Exception) -> tuple[int, str]:
    """Return status and code of the SDK's error."""
    return error.data["statusCode"], error.code  # type: ignore[attr-defined]


class Tour:
    """One tour through the cloud; the bucket goes into the host name, as the SDK knows nothing else."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.report = Report(refusal)
        self.client = self.open("a")

    def open(self, key: str, secret: str | None = None, region: str = "cn-hangzhou") -> Any:
        return self.connect(f"key-{key}", secret or f"secret-{key}", None, region)

    def connect(self, key_id: str, secret: str, token: str | None, region: str = "cn-hangzhou") -> Any:
        config = Config(
            access_key_id=key_id,
            access_key_secret=secret,
            security_token=token,
            region_id=region,
            endpoint=self.task.endpoint.replace("cn-hangzhou", region),
            protocol="HTTP",
            signature_version=self.task.signature,
        )
        return Client(config)

    def text(self, key: str, client: Any = None, bucket: str = "client-src") -> str:
        answer = (client or self.client).get_object(bucket, key, models.GetObjectRequest())
        text: str = Util.read_as_string(answer.body)
        return text

    def objects(self) -> None:
        self.report.find("put", self.put)
        self.report.find("get", lambda: self.text("tour/hello.txt"))
        self.report.refused("missing_key", lambda: self.text("tour/none"))
        missing = models.ListObjectsRequest()
        self.report.refused("missing_bucket", lambda: self.client.list_objects("no-such-bucket-1", missing))

    def put(self) -> list[str]:
        for key in KEYS[1:4]:
            headers = self.client.put_object("client-src", key, models.PutObjectRequest(body=BytesIO(b"hello"))).headers
        return [headers["etag"].strip('"'), headers["x-oss-hash-crc64ecma"]]

    def refusals(self) -> None:
        refused = self.report.refused
        refused("wrong_secret", lambda: self.text("tour/hello.txt", self.open("a", "wrong")))
        refused("unknown_key", lambda: self.text("tour/hello.txt", self.open("nobody")))
        put = models.PutObjectRequest(body=BytesIO())
        refused("denied", lambda: self.open("reader").put_object("client-src", "copy", put))
        refused("no_policy", lambda: self.client.get_bucket_policy("client-src"))
        refused("no_rule", lambda: self.client.get_bucket_replication("client-src"))

    def sessions(self) -> None:
        given = self.task.session
        session = self.connect(given["id"], given["secret"], given["token"])
        put = models.PutObjectRequest(body=BytesIO())
        denied = self.report.refusal(lambda: session.put_object("client-src", "x", put))
        self.report.find("session", lambda: [self.text("seed/object-00001", session)[5:17], denied])
        forged = self.connect(given["id"], given["secret"], "forged")
        self.report.refused("forged_token", lambda: self.text("tour/hello.txt", forged))


def main() -> None:
    tour = Tour(read_task())
    for stop in (tour.objects, tour.refusals, tour.sessions):
        stop()
    tour.report.print()


if __name__ == "__main__":
    main()
