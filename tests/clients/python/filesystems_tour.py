"""Clients that make a file system of OSS: opendal (an implementation in Rust), ossfs and aiooss2 (on top of oss2)."""

from __future__ import annotations

import asyncio
from typing import Any

import aiooss2
import opendal
import ossfs

from tests.clients.expected import KEYS
from tests.clients.python.report import Report, Task, read_task


class Tour:
    """One tour with three clients."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.report = Report(lambda error: (getattr(error, "status", 0), str(error)))

    def operator(self, secret: str = "secret-a") -> Any:
        return opendal.Operator(
            "oss",
            endpoint=self.task.url,
            bucket="client-src",
            access_key_id="key-a",
            access_key_secret=secret,
            addressing_style="path",
            presign_addressing_style="path",
        )

    def opendal(self) -> None:
        operator = self.operator()
        for key in KEYS:
            operator.write(key, b"hello")
        self.report.find("opendal_get", lambda: [operator.read(key).decode() for key in KEYS])
        self.report.find("opendal_list", lambda: sorted(e.path for e in operator.scan("tour/") if e.path[-1] != "/"))
        self.report.find("opendal_stat", lambda: operator.stat("tour/hello.txt").content_length)
        operator.copy(KEYS[0], "copied")
        self.report.find("opendal_copy", lambda: operator.read("copied").decode())
        self.report.find("opendal_missing", lambda: type(_error(lambda: operator.read("tour/none"))).__name__)
        self.report.find("opendal_denied", lambda: type(_error(lambda: self.operator("no").read("k"))).__name__)
        operator.delete("copied")

    def ossfs(self) -> None:
        files = ossfs.OSSFileSystem(key="key-a", secret="secret-a", endpoint=self.task.url)
        self.report.find("ossfs_ls", lambda: files.ls("client-src/tour", detail=False))
        self.report.find("ossfs_cat", lambda: files.cat(f"client-src/{KEYS[4]}").decode())
        with files.open("client-src/tour/large", "wb") as handle:
            handle.write(bytes(6_000_000))
        self.report.find("ossfs_size", lambda: files.info("client-src/tour/large")["size"])
        files.rm("client-src/tour/large")
        self.report.find("ossfs_gone", lambda: files.exists("client-src/tour/large"))

    async def aiooss2(self) -> list[Any]:
        # Its uploads do not work with the aiohttp of today.
        auth = aiooss2.Auth("key-a", "secret-a")
        async with aiooss2.AioBucket(auth, self.task.url, "client-src") as bucket:
            async with await bucket.get_object("seed/object-00001") as got:
                text = (await got.read()).decode()
            head = await bucket.head_object("seed/object-00001")
            listed = [entry.key async for entry in aiooss2.AioObjectIterator(bucket, prefix="tour/", delimiter="/")]
            return [text[5:17], head.content_length, listed]


def _error(call: Any) -> Exception | None:
    try:
        call()
    except Exception as error:  # noqa: BLE001 - whatever the client raises is asked for
        return error
    return None


def main() -> None:
    tour = Tour(read_task())
    tour.opendal()
    tour.ossfs()
    tour.report.find("aiooss2", lambda: asyncio.run(tour.aiooss2()))
    tour.report.print()


if __name__ == "__main__":
    main()
