"""Region facts: which locations exist, and what is offered between them."""

from __future__ import annotations

import pytest

from localcloud.oss import regions


@pytest.mark.parametrize("region", ["cn-hangzhou", "cn-hongkong", "us-west-1", "cn-shanghai-finance-1"])
def test_location_names_lead_back_to_their_region(region: str) -> None:
    assert regions.region_at(regions.location_of(region)) == region


@pytest.mark.parametrize("location", ["cn-hangzhou", "oss-cn-atlantis", "oss-", ""])
def test_what_is_no_location_is_none(location: str) -> None:
    assert regions.region_at(location) is None


def test_partners_are_all_other_regions_of_the_same_cloud() -> None:
    partners = regions.partners("cn-hangzhou")
    assert "cn-beijing" in partners
    assert "us-west-1" in partners
    assert "cn-hangzhou" not in partners
    assert "cn-shanghai-finance-1" not in partners
    assert regions.partners("cn-atlantis") == ()


@pytest.mark.parametrize(
    ("source", "destination", "needed"),
    [
        ("cn-hangzhou", "cn-beijing", False),
        ("cn-hangzhou", "cn-hongkong", True),
        ("us-west-1", "cn-shanghai", True),
        ("cn-hongkong", "ap-southeast-1", False),
    ],
)
def test_acceleration_is_needed_across_the_mainland_border(source: str, destination: str, needed: bool) -> None:
    assert regions.needs_acceleration(source, destination) is needed


@pytest.mark.parametrize(
    ("source", "destination", "offered"),
    [
        ("cn-hangzhou", "cn-shenzhen", True),
        ("us-west-1", "us-east-1", True),
        ("cn-hangzhou", "cn-chengdu", False),
        ("cn-hangzhou", "us-east-1", False),
        ("cn-hangzhou", "cn-hangzhou", False),
    ],
)
def test_rtc_is_offered_within_two_groups_of_regions(source: str, destination: str, offered: bool) -> None:
    assert regions.supports_rtc(source, destination) is offered
