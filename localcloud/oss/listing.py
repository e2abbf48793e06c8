"""Pages of keys, versions and uploads: prefixes, delimiters and markers, without any HTTP.

A page touches only the keys it shows: it enters the sorted keys at the marker, and jumps over everything that a common
prefix stands for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sortedcontainers import SortedDict

from localcloud.oss.model import Bucket, ObjectVersion

T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True)
class Query:
    """What to list.

    :param prefix: only keys that begin with it.
    :param delimiter: group keys up to its first occurrence behind the prefix; empty for no grouping.
    :param marker: begin behind this key or common prefix; empty for the beginning.
    :param limit: entries on a page, common prefixes included.
    """

    prefix: str = ""
    delimiter: str = ""
    marker: str = ""
    limit: int = 100

    def group_of(self, key: str) -> str | None:
        """Return the common prefix that ``key`` disappears in, or None."""
        if not self.delimiter:
            return None
        end = key.find(self.delimiter, len(self.prefix))
        return None if end < 0 else key[: end + len(self.delimiter)]


@dataclass(frozen=True)
class VersionEntry:
    """One version in a listing of versions."""

    version: ObjectVersion
    is_latest: bool


@dataclass
class Page(Generic[T]):
    """A page of a listing.

    :param next_marker: last key or common prefix on the page, when another page follows.
    :param next_minor: version id or upload id that belongs to ``next_marker``; empty for a common prefix.
    """

    entries: list[T] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    truncated: bool = False
    next_marker: str = ""
    next_minor: str = ""

    def __len__(self) -> int:
        return len(self.entries) + len(self.prefixes)


@dataclass(frozen=True)
class _Item(Generic[T]):
    """An entry on its way to a page: its place in the listing, and the value or None for a common prefix."""

    key: str
    minor: str
    value: T | None


def list_objects(bucket: Bucket, query: Query) -> Page[ObjectVersion]:
    """List current objects; keys whose current version is a delete marker are left out."""

    def current(key: str) -> Iterator[_Item[ObjectVersion]]:
        latest = bucket.keys[key][0]
        if not latest.delete_marker:
            yield _Item(key, "", latest)

    return _page(_walk(bucket.keys, query, current, skip_marker=True), query.limit)


def list_versions(bucket: Bucket, query: Query, version_id_marker: str = "") -> Page[VersionEntry]:
    """List all versions and delete markers, newest first within a key.

    :param version_id_marker: begin behind this version of the key ``query.marker``; empty skips that whole key.
    """

    def versions(key: str) -> Iterator[_Item[VersionEntry]]:
        entries = [VersionEntry(v, index == 0) for index, v in enumerate(bucket.keys[key])]
        if key == query.marker:
            entries = _behind(entries, version_id_marker)
        return (_Item(key, entry.version.version_id, entry) for entry in entries)

    return _page(_walk(bucket.keys, query, versions, skip_marker=not version_id_marker), query.limit)


def list_by_key(groups: SortedDict[str, list[tuple[str, T]]], query: Query, minor_marker: str = "") -> Page[T]:
    """List values of which several may share one key, such as multipart uploads.

    :param groups: values with their ids, in order, by key.
    :param minor_marker: begin behind this id of the key ``query.marker``; empty skips that whole key.
    """

    def values(key: str) -> Iterator[_Item[T]]:
        return (_Item(key, minor, value) for minor, value in groups[key] if key != query.marker or minor > minor_marker)

    return _page(_walk(groups, query, values, skip_marker=not minor_marker), query.limit)


def _behind(entries: list[VersionEntry], version_id: str) -> list[VersionEntry]:
    """Return the entries that follow a version; all of them when that version has gone meanwhile."""
    ids = [entry.version.version_id for entry in entries]
    return entries[ids.index(version_id) + 1 :] if version_id in ids else entries


def _page(items: Iterator[_Item[T]], limit: int) -> Page[T]:
    """Fill one page, and look one item ahead to learn whether another follows."""
    page: Page[T] = Page()
    if limit == 0:
        return page
    for item in items:
        if len(page) == limit:
            page.truncated = True
            return page
        if item.value is None:
            page.prefixes.append(item.key)
        else:
            page.entries.append(item.value)
        page.next_marker, page.next_minor = item.key, item.minor
    page.next_marker = page.next_minor = ""
    return page


def _walk(
    keys: SortedDict[str, K],
    query: Query,
    items_of: Callable[[str], Iterator[_Item[T]]],
    *,
    skip_marker: bool,
) -> Iterator[_Item[T]]:
    """Yield the items of a listing in order, each common prefix once, beginning at the marker.

    :param items_of: the items of one key; none when the key is not visible.
    :param skip_marker: whether the marker's own key is left out altogether.
    """
    position = _start(query)
    while position is not None:
        group = yield from _until_group(keys.irange(minimum=position), query, items_of, skip_marker=skip_marker)
        if group is None:
            return
        yield _Item(group, "", None)
        position = successor(group)


def _until_group(
    keys: Iterator[str], query: Query, items_of: Callable[[str], Iterator[_Item[T]]], *, skip_marker: bool
) -> Generator[_Item[T], None, str | None]:
    """Yield items up to the first key that belongs to a common prefix; return that prefix, or None at the end."""
    for key in keys:
        if not key.startswith(query.prefix):
            return None
        if skip_marker and key == query.marker:
            continue
        group = query.group_of(key)
        if group is None:
            yield from items_of(key)
        elif next(items_of(key), None) is not None:
            return group
    return None


def _start(query: Query) -> str | None:
    """Return where to enter the keys: behind the group that the marker names, or at the marker."""
    if query.marker and query.marker == query.group_of(query.marker):
        behind = successor(query.marker)
        return None if behind is None else max(query.prefix, behind)
    return max(query.prefix, query.marker)


def successor(prefix: str) -> str | None:
    """Return the smallest text behind everything that begins with ``prefix``; None when there is none.

    Texts are compared by code point, which is the order of their UTF-8 bytes.
    """
    while prefix:
        code = ord(prefix[-1]) + 1
        if code <= sys.maxunicode:
            return prefix[:-1] + chr(code)
        prefix = prefix[:-1]
    return None
