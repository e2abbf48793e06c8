"""Tags and the Tagging document, which buckets and objects share."""

from __future__ import annotations

import re
from collections.abc import Sequence

from localcloud.errors import OssError
from localcloud.oss import xml

MAX_OBJECT_TAGS = 10
MAX_BUCKET_TAGS = 20
_TAG_TEXT = re.compile(r"[\w+\-=.:/ ]*")


def checked_tags(pairs: Sequence[tuple[str, str]], most: int) -> dict[str, str]:
    """Return tags by key (help: "HTTP 400 status code").

    :param most: number of tags allowed.
    :raises OssError: 400 TooManyTags, RepeatedTags or InvalidTaggingKey.
    """
    tags = dict(pairs)
    if len(pairs) > most:
        raise OssError(400, "TooManyTags", "The tags num is beyond limit.")
    if len(tags) != len(pairs):
        raise OssError(400, "RepeatedTags", "Tag keys must be unique.")
    for key, value in pairs:
        if not key or not _is_tag_text(key, 128) or not _is_tag_text(value, 256):
            raise OssError(400, "InvalidTaggingKey", "The tagging key you provided is invalid.", details={"Key": key})
    return tags


def _is_tag_text(text: str, most_bytes: int) -> bool:
    """Tell whether a text is letters, digits, spaces and ``+ - = . _ : /``, and not too long."""
    return len(text.encode()) <= most_bytes and _TAG_TEXT.fullmatch(text) is not None


def parse_tags(body: bytes) -> list[tuple[str, str]]:
    """Return the tags of a Tagging document in order, unchecked.

    :raises OssError: 400 MalformedXML.
    """
    root = xml.parse(body, "Tagging")
    if root.find("TagSet") is None:
        raise xml.malformed()
    return [(xml.required(tag, "Key"), tag.findtext("Value") or "") for tag in root.findall("TagSet/Tag")]


def tags_element(tags: dict[str, str]) -> str:
    """Return tags as a Tagging document."""
    entries = (xml.element("Tag", xml.text("Key", key), xml.text("Value", value)) for key, value in tags.items())
    return xml.element("Tagging", xml.element("TagSet", *entries))
