"""Checksums that OSS shows: ETag, MD5 and CRC-64."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from fastcrc import crc64


def etag(body: bytes) -> str:
    """Return the ETag of an object put in one piece: its MD5, upper-case hexadecimal, without quotes."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest().upper()


def multipart_etag(part_etags: Iterable[str]) -> str:
    """Return the ETag of an object put in parts: MD5 of the parts' MD5s, a dash, the number of parts."""
    digests = [bytes.fromhex(part) for part in part_etags]
    return f"{etag(b''.join(digests))}-{len(digests)}"


def crc(body: bytes) -> int:
    """Return CRC-64/XZ, which OSS calls CRC-64 by ECMA-182 and sends in decimal."""
    return int(crc64.xz(body))


def content_md5(body_etag: str) -> str:
    """Return the ``Content-MD5`` header that belongs to an MD5 ETag."""
    return base64.b64encode(bytes.fromhex(body_etag)).decode()
