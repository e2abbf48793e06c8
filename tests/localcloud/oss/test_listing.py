"""Listings against a slow and obvious model of what a listing is."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sortedcontainers import SortedDict

from localcloud.oss.listing import Query, list_objects, list_versions, successor
from localcloud.oss.model import Bucket, ObjectVersion
from tests.localcloud.oss.harness import Oss

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEYS = st.sets(st.text(alphabet="ab/\U0010ffff", min_size=1, max_size=5), max_size=25)
SHORT = st.text(alphabet="ab/", max_size=2)


def bucket_of(keys: set[str], markers: frozenset[str] = frozenset()) -> Bucket:
    bucket = Bucket("b", "1", "cn-hangzhou", NOW, versioning="Enabled")
    for key in keys:
        bucket.write(ObjectVersion(key, "v1", NOW), "put", NOW)
        if key in markers:
            bucket.write(ObjectVersion(key, "v2", NOW, delete_marker=True), "delete_marker", NOW)
    return bucket


def expected(keys: set[str], prefix: str, delimiter: str) -> list[str]:
    """Return all names of a listing in order, common prefixes in place of what they stand for."""

    def shown(key: str) -> str:
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
        return prefix + head + found if found else key

    return [name for name, _ in groupby(shown(key) for key in sorted(keys) if key.startswith(prefix))]


def page_through(bucket: Bucket, prefix: str, delimiter: str, limit: int) -> list[str]:
    names: list[str] = []
    marker = ""
    while True:
        page = list_objects(bucket, Query(prefix, delimiter, marker, limit))
        assert len(page) <= limit
        names += sorted([*(v.key for v in page.entries), *page.prefixes])
        if not page.truncated:
            return names
        assert len(page) == limit
        marker = page.next_marker


@given(KEYS, SHORT, SHORT, st.integers(1, 4))
def test_pages_give_every_name_once_and_in_order(keys: set[str], prefix: str, delimiter: str, limit: int) -> None:
    assert page_through(bucket_of(keys), prefix, delimiter, limit) == expected(keys, prefix, delimiter)


@given(KEYS, st.data())
def test_deleted_keys_do_not_show(keys: set[str], data: st.DataObject) -> None:
    deleted = data.draw(st.sets(st.sampled_from(sorted(keys)))) if keys else set()
    bucket = bucket_of(keys, frozenset(deleted))
    assert page_through(bucket, "", "/", 2) == expected(keys - deleted, "", "/")


@given(KEYS, SHORT, st.integers(1, 4))
def test_pages_of_versions_give_every_version_once(keys: set[str], prefix: str, limit: int) -> None:
    bucket = bucket_of(keys, frozenset(keys))
    seen: list[tuple[str, str, bool]] = []
    query, id_marker = Query(prefix, limit=limit), ""
    while True:
        page = list_versions(bucket, query, id_marker)
        seen += [(e.version.key, e.version.version_id, e.is_latest) for e in page.entries]
        if not page.truncated:
            break
        query, id_marker = Query(prefix, marker=page.next_marker, limit=limit), page.next_minor
    wanted = sorted(key for key in keys if key.startswith(prefix))
    assert seen == [entry for key in wanted for entry in ((key, "v2", True), (key, "v1", False))]


@given(st.text(max_size=4), st.text(max_size=4))
def test_successor_is_behind_everything_with_the_prefix(prefix: str, tail: str) -> None:
    behind = successor(prefix)
    assert behind is None or (prefix + tail < behind and not behind.startswith(prefix))


class CountingDict(SortedDict[str, list[ObjectVersion]]):
    """Counts the keys that are looked at."""

    looked_at = 0

    def __getitem__(self, key: str) -> list[ObjectVersion]:
        self.looked_at += 1
        versions: list[ObjectVersion] = super().__getitem__(key)
        return versions


def test_a_page_looks_only_at_what_it_shows() -> None:
    bucket = bucket_of({f"{half}/{number:05}" for half in "xy" for number in range(10_000)})
    keys = bucket.keys = CountingDict(bucket.keys)
    keys.looked_at = 0
    assert list_objects(bucket, Query(delimiter="/")).prefixes == ["x/", "y/"]
    assert keys.looked_at == 2
    assert len(list_objects(bucket, Query(marker="y/09990"))) == 9
    assert keys.looked_at == 2 + 9


def test_marker_inside_a_group_shows_the_rest_of_it() -> None:
    page = list_objects(bucket_of({"d/a", "d/b", "e"}), Query(delimiter="/", marker="d/a"))
    assert (page.prefixes, [v.key for v in page.entries]) == (["d/"], ["e"])


def test_key_count_and_tokens(oss: Oss) -> None:
    for key in ("a", "b", "c/1", "c/2"):
        oss.send("PUT", f"/data/{key}")
    first = oss.document("/data/?list-type=2&max-keys=2&delimiter=/")
    token = first.findtext("NextContinuationToken")
    assert (first.findtext("KeyCount"), first.findtext("IsTruncated")) == ("2", "true")
    second = oss.document(f"/data/?list-type=2&max-keys=2&delimiter=/&continuation-token={token}")
    assert [p.text for p in second.findall("CommonPrefixes/Prefix")] == ["c/"]
    assert second.find("NextContinuationToken") is None
    assert second.find("Contents/Owner") is None
    assert first.find("Contents/Type") is not None


@pytest.mark.parametrize(
    "query",
    [
        "max-keys=1001",
        "max-keys=-1",
        "max-keys=x",
        "encoding-type=base64",
        "list-type=2&continuation-token=%21",
        f"prefix={'p' * 1024}",
        "versions&version-id-marker=v",
    ],
)
def test_bad_parameters(oss: Oss, query: str) -> None:
    error = oss.refusal("GET", f"/data/?{query}")
    assert (error.status, error.code) == (400, "InvalidArgument")


def test_max_keys_zero_is_an_empty_page(oss: Oss) -> None:
    oss.send("PUT", "/data/a")
    root = oss.document("/data/?max-keys=0")
    assert (root.findtext("IsTruncated"), root.find("Contents")) == ("false", None)


def test_url_encoding_covers_names_and_markers(oss: Oss) -> None:
    for key in ("a%20%2B/1", "a%20%2B/2"):
        oss.send("PUT", f"/data/{key}")
    root = oss.document("/data/?encoding-type=url&max-keys=1&prefix=a%20%2B/")
    assert (root.findtext("Contents/Key"), root.findtext("NextMarker")) == ("a%20%2B%2F1", "a%20%2B%2F1")
    assert (root.findtext("Prefix"), root.findtext("EncodingType")) == ("a%20%2B%2F", "url")


def test_parameters_with_plus_are_spaces_only_when_raw(oss: Oss) -> None:
    oss.send("PUT", "/data/a%2Bb")
    assert oss.document("/data/?prefix=a%2B").findtext("Contents/Key") == "a+b"
