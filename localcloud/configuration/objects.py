"""The objects that a configuration declares: invented ones, and files of a folder."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from datetime import datetime

from localcloud.configuration.schema import FolderObjects, GeneratedObjects
from localcloud.oss.digest import crc, etag
from localcloud.oss.model import NULL_VERSION, Encryption, ObjectVersion

_DEFAULT_TYPE = "application/octet-stream"


def describe(
    objects: GeneratedObjects | FolderObjects, encryption: Encryption | None, now: datetime
) -> Iterator[ObjectVersion]:
    """Yield object versions, ready to be stored.

    :param encryption: the bucket's default encryption, for objects that are not described with one of their own.
    """
    bodies = _generated(objects) if isinstance(objects, GeneratedObjects) else _files(objects)
    for key, body in bodies:
        yield ObjectVersion(
            key=key,
            version_id=NULL_VERSION,
            last_modified=now,
            body=body,
            etag=etag(body),
            crc64=crc(body),
            headers={"content-type": mimetypes.guess_type(key)[0] or _DEFAULT_TYPE},
            encryption=objects.encryption or encryption,
        )


def _generated(objects: GeneratedObjects) -> Iterator[tuple[str, bytes]]:
    """Yield invented objects: always the same ones, and no two alike."""
    for number in range(1, objects.count + 1):
        key = f"{objects.prefix}object-{number:05}"
        line = f"{key}\n".encode()
        yield key, (line * (objects.size // len(line) + 1))[: objects.size]


def _files(objects: FolderObjects) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a folder and its subfolders."""
    for file in sorted(objects.folder.rglob("*")):
        if file.is_file():
            yield objects.prefix + file.relative_to(objects.folder).as_posix(), file.read_bytes()
