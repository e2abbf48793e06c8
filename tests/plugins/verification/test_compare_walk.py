"""Walking both buckets of a pair part by part: everything is met once, and nothing is kept."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from oss_crr.inventory import Suspect
from oss_crr.model import ObjectSummary
from oss_crr.verification.compare_walk import Walk
from tests.plugins.fake_cloud import DAWN, FakeCloud, make_resolved

KEYS = st.text(alphabet="ab/é", min_size=1, max_size=3)


@settings(max_examples=200, deadline=None)
@given(
    source=st.sets(KEYS, max_size=12),
    destination=st.sets(KEYS, max_size=12),
    prefixes=st.sampled_from([[], ["a"], ["b", "a/"], ["é", "a", "b/"]]),
    limit=st.integers(1, 5),
)
def test_parts_cover_everything_once(source: set[str], destination: set[str], prefixes: list[str], limit: int) -> None:
    cloud = FakeCloud()
    for bucket, keys in ((cloud.src, source), (cloud.dst, destination)):
        for key in keys:
            cloud.put_object(bucket, key)
    pair = make_resolved(prefixes=prefixes).pair
    seen: list[Suspect] = []
    after = ""
    for _ in range(30):
        walk = Walk(cloud.accounts, pair, after, limit)
        part = list(walk)
        assert len(part) == walk.seen <= limit
        seen += part
        after = walk.last
        if not after:
            break
    wanted = sorted(key for key in source | destination if not prefixes or key.startswith(tuple(prefixes)))
    assert [item.key for item in seen] == wanted
    assert all((item.source is not None) == (item.key in source) for item in seen)
    assert all((item.destination is not None) == (item.key in destination) for item in seen)


def test_memory_does_not_grow_with_the_buckets() -> None:
    """Two hundred thousand objects on each side; each page of a thousand takes about half a megabyte."""

    class Endless:
        def list_pages(
            self, bucket: str, prefix: str = "", start_after: str = ""
        ) -> Iterator[tuple[ObjectSummary, ...]]:
            for page in range(200):
                numbers = range(page * 1000, page * 1000 + 1000)
                yield tuple(ObjectSummary(f"{n:012}", 10, "E", DAWN, "Standard", "Normal") for n in numbers)

    cloud = FakeCloud()
    for account in (cloud.source, cloud.destination):
        account.oss = lambda region: Endless()  # type: ignore[assignment,method-assign,return-value]
    tracemalloc.start()
    walked = sum(1 for _ in Walk(cloud.accounts, make_resolved().pair, "", 10**9))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert walked == 200_000
    assert peak < 10_000_000
