"""Regions: which lie in mainland China, what a region pair requires, and how OSS writes them."""

from __future__ import annotations

import pytest

from oss_crr import regions
from oss_crr.regions import REGIONS


@pytest.mark.parametrize("region", ["cn-hangzhou", "cn-zhongwei", "cn-shanghai-finance-1", "cn-hzfinance"])
def test_mainland(region: str) -> None:
    assert region in REGIONS
    assert regions.is_mainland(region)


@pytest.mark.parametrize("region", ["cn-hongkong", "ap-southeast-1", "us-west-1", "me-central-1"])
def test_outside(region: str) -> None:
    assert region in REGIONS
    assert not regions.is_mainland(region)


@pytest.mark.parametrize(
    ("source", "destination", "transfer_type"),
    [
        ("cn-hangzhou", "cn-beijing", "internal"),
        ("us-west-1", "eu-central-1", "internal"),
        ("cn-hongkong", "ap-southeast-1", "internal"),
        ("cn-hangzhou", "cn-hongkong", "oss_acc"),
        ("cn-hangzhou", "us-west-1", "oss_acc"),
        ("us-west-1", "cn-hangzhou", "oss_acc"),
    ],
)
def test_acceleration_is_required_across_the_border_only(source: str, destination: str, transfer_type: str) -> None:
    assert regions.required_transfer_type(source, destination) == transfer_type


@pytest.mark.parametrize(
    ("source", "destination", "offered"),
    [
        ("cn-hangzhou", "cn-shenzhen", True),
        ("us-west-1", "us-east-1", True),
        ("cn-hangzhou", "us-east-1", False),
        ("cn-hangzhou", "cn-chengdu", False),
        ("cn-chengdu", "cn-guangzhou", False),
    ],
)
def test_rtc_is_offered_within_groups(source: str, destination: str, offered: bool) -> None:
    assert regions.offers_rtc(source, destination) is offered


@pytest.mark.parametrize("region", REGIONS)
def test_location_names_lead_back(region: str) -> None:
    assert regions.to_location(region) == f"oss-{region}"
    assert regions.from_location(f"oss-{region}") == regions.from_location(region) == region


def test_rtc_groups_name_known_regions() -> None:
    offered = {region for region in REGIONS for other in REGIONS if regions.offers_rtc(region, other)}
    assert offered == {
        "cn-hangzhou",
        "cn-shanghai",
        "cn-qingdao",
        "cn-beijing",
        "cn-zhangjiakou",
        "cn-shenzhen",
        "us-west-1",
        "us-east-1",
    }
