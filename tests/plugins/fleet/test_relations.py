"""Pairs of a fleet looked at together: each odd input has its answer."""

from __future__ import annotations

from itertools import pairwise

import pytest

from oss_crr.errors import InventoryError
from tests.plugins.fleet.inventories import inventory, numbered


def test_a_name_is_given_once() -> None:
    with pytest.raises(InventoryError, match="one, name: is taken: the pair in line"):
        inventory({"name": "one"}, {"name": "one"})


def test_the_same_pair_twice_is_refused() -> None:
    same = {"source_bucket": "src", "destination_bucket": "dst"}
    with pytest.raises(InventoryError, match=r"src → dst is the same pair as 'one' in line .*: remove one of them"):
        inventory({"name": "one", **same}, {"name": "two", **same})


def test_two_pairs_of_the_same_buckets_with_other_options_are_refused() -> None:
    same = {"source_bucket": "src", "destination_bucket": "dst"}
    with pytest.raises(InventoryError, match=r"with other options \(prefixes, rtc, verify\)\. OSS takes one rule"):
        inventory(
            {"name": "one", **same},
            {"name": "two", "prefixes": ["a/"], "rtc": True, "verify": {"canary": False}, **same},
        )


def test_two_buckets_may_replicate_to_each_other() -> None:
    fleet = inventory(*chain("aaa", "bbb", "aaa"))
    assert fleet.warnings == ()


def test_a_chain_is_told_because_replicas_do_not_travel_on() -> None:
    (warning,) = inventory(*chain("aaa", "bbb", "ccc")).warnings
    assert "bbb-ccc, source_bucket: what 'aaa-bbb' brings to bbb does not travel on to ccc" in warning


def test_a_chain_with_a_direct_pair_is_right() -> None:
    fleet = inventory(*chain("aaa", "bbb", "ccc"), *chain("aaa", "ccc"))
    assert fleet.warnings == ()


def test_every_pair_of_a_circle_is_told() -> None:
    warnings = inventory(*chain("aaa", "bbb", "ccc", "aaa")).warnings
    assert [warning.split(": ")[1].split(",")[0] for warning in warnings] == ["aaa-bbb", "bbb-ccc", "ccc-aaa"]


@pytest.mark.parametrize(("pairs", "warned"), [(100, False), (101, True)])
@pytest.mark.parametrize("side", ["source", "destination"])
def test_more_rules_than_a_bucket_takes_are_told(side: str, pairs: int, warned: bool) -> None:
    warnings = numbered(pairs, **{f"{side}_bucket": "hub"}).warnings
    assert [f"hub would have {pairs} rules" in warning for warning in warnings] == [True] * warned


def test_rules_count_in_both_directions() -> None:
    into = [{"name": f"into-{n}", "destination_bucket": "hub"} for n in range(60)]
    out_of = [{"name": f"out-{n}", "source_bucket": "hub", "destination_bucket": f"src-{n}"} for n in range(60)]
    for pair in out_of:
        pair |= {"source_region": "cn-shanghai", "destination_region": "cn-hangzhou"}
    assert any("hub would have 120 rules" in warning for warning in inventory(*into, *out_of).warnings)


_REGIONS = ("cn-hangzhou", "cn-shanghai", "cn-beijing")


def chain(*buckets: str) -> list[dict[str, str]]:
    """Return pairs from each bucket to the next."""
    regions = {bucket: _REGIONS[index % 3] for index, bucket in enumerate(("aaa", "bbb", "ccc"))}
    return [
        {
            "name": f"{source}-{destination}",
            "source_bucket": source,
            "source_region": regions[source],
            "destination_bucket": destination,
            "destination_region": regions[destination],
        }
        for source, destination in pairwise(buckets)
    ]
