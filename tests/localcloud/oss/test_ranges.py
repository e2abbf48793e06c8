"""Byte ranges, in both of the service's readings."""

from __future__ import annotations

import pytest

from localcloud.errors import OssError
from localcloud.oss.ranges import requested_range


@pytest.mark.parametrize(
    ("header", "normal", "standard"),
    [
        ("bytes=0-499", (0, 499), (0, 499)),
        ("bytes=500-", (500, 999), (500, 999)),
        ("bytes=-1", (999, 999), (999, 999)),
        ("bytes=-1000", (0, 999), (0, 999)),
        ("bytes=999-999", (999, 999), (999, 999)),
        # Not within the object: ignored, or cut to it.
        ("bytes=500-2000", None, (500, 999)),
        ("bytes=-2000", None, (0, 999)),
        # No range at all.
        ("bytes=-", None, None),
        ("bytes=9-5", None, None),
        ("bytes=0-1,3-4", None, None),
        ("items=0-1", None, None),
        ("bytes=a-b", None, None),
        ("bytes=-" + "9" * 5000, None, None),
        (None, None, None),
    ],
)
def test_ranges_of_1000_bytes(
    header: str | None, normal: tuple[int, int] | None, standard: tuple[int, int] | None
) -> None:
    for wanted, is_standard in ((normal, False), (standard, True)):
        part = requested_range(header, 1000, standard=is_standard)
        assert (part and (part.first, part.last)) == wanted


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-2000", "bytes=-0"])
def test_nothing_left(header: str) -> None:
    assert requested_range(header, 1000, standard=False) is None
    with pytest.raises(OssError) as caught:
        requested_range(header, 1000, standard=True)
    assert (caught.value.status, caught.value.code) == (416, "InvalidRange")
    assert caught.value.details["ActualObjectSize"] == "1000"


def test_empty_object_has_no_ranges() -> None:
    assert requested_range("bytes=0-0", 0, standard=False) is None
