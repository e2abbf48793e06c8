"""Counts and sizes of a bucket's content by storage class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from localcloud.oss import xml
from localcloud.oss.model import Bucket, ObjectVersion

#: Storage classes as GetBucketStat spells them in its element names.
_ELEMENT_NAMES = {
    "Standard": "Standard",
    "IA": "InfrequentAccess",
    "Archive": "Archive",
    "ColdArchive": "ColdArchive",
    "DeepColdArchive": "DeepColdArchive",
}


def stat_element(bucket: Bucket) -> str:
    """Return the BucketStat document; sizes are in bytes, previous versions are counted too."""
    sizes: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    markers = 0
    for version in _versions(bucket):
        if version.delete_marker:
            markers += 1
        else:
            sizes[version.storage_class] += version.size
            counts[version.storage_class] += 1
    return xml.element(
        "BucketStat",
        xml.text("Storage", sizes.total()),
        xml.text("ObjectCount", counts.total()),
        xml.text("MultipartUploadCount", len(bucket.uploads)),
        xml.text("MultipartPartCount", sum(len(upload.parts) for upload in bucket.uploads.values())),
        xml.text("LiveChannelCount", 0),
        xml.text("LastModifiedTime", int(_last_change(bucket))),
        xml.text("DeleteMarkerCount", markers),
        *(text for name in _ELEMENT_NAMES for text in _class_elements(name, sizes[name], counts[name])),
    )


def _versions(bucket: Bucket) -> Iterator[ObjectVersion]:
    return (version for versions in bucket.keys.values() for version in versions)


def _last_change(bucket: Bucket) -> float:
    """Return the time of the latest change, in seconds since 1970."""
    return max((version.last_modified for version in _versions(bucket)), default=bucket.created).timestamp()


def _class_elements(storage_class: str, size: int, count: int) -> Iterator[str]:
    """Yield the elements of one storage class; only Standard has no separate real size."""
    name = _ELEMENT_NAMES[storage_class]
    yield xml.text(f"{name}Storage", size)
    if storage_class != "Standard":
        yield xml.text(f"{name}RealStorage", size)
    yield xml.text(f"{name}ObjectCount", count)
