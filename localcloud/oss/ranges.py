"""Byte ranges, in the service's own reading of the Range header."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localcloud.errors import OssError

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True)
class ByteRange:
    """A part of a body; ``last`` is included."""

    first: int
    last: int

    def cut(self, body: bytes) -> bytes:
        """Return the part of ``body``."""
        return body[self.first : self.last + 1]

    def content_range(self, size: int) -> str:
        """Return the Content-Range header for a body of ``size`` bytes."""
        return f"bytes {self.first}-{self.last}/{size}"


def requested_range(header: str | None, size: int, *, standard: bool) -> ByteRange | None:
    """Return the part of a body that is asked for; None means the whole body with status 200.

    Normally a range that does not lie within the object is ignored. With ``x-oss-range-behavior: standard`` it is cut
    to the object, or refused when nothing is left (help: "Range download").

    :param header: the Range header.
    :param size: size of the body in bytes.
    :param standard: whether the request carries ``x-oss-range-behavior: standard``.
    :raises OssError: 416 InvalidRange, only with ``standard``.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.group(1) == match.group(2) == "":
        return None
    wanted = _resolve(match.group(1), match.group(2), size)
    if wanted.last < wanted.first and match.group(1) and match.group(2):
        return None
    if standard:
        return _clipped(wanted, size, header or "")
    return wanted if 0 <= wanted.first <= wanted.last < size else None


def _resolve(first: str, last: str, size: int) -> ByteRange:
    if not first:
        return ByteRange(size - int(last), size - 1)
    return ByteRange(int(first), int(last) if last else size - 1)


def _clipped(wanted: ByteRange, size: int, header: str) -> ByteRange:
    clipped = ByteRange(max(wanted.first, 0), min(wanted.last, size - 1))
    if clipped.first > clipped.last:
        raise OssError(
            416,
            "InvalidRange",
            "The requested range cannot be satisfied",
            details={"ActualObjectSize": str(size), "RangeHeader": header},
            headers={"Content-Range": f"bytes */{size}"},
        )
    return clipped
