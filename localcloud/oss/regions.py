"""Region facts of OSS: names of locations, and what replication offers between two regions.

Sources, as read in November 2026: "Regions and endpoints" for the names, "Cross-region replication overview" for
transfer acceleration, "RTC" (25 March 2026) for Replication Time Control.
"""

from __future__ import annotations

#: Regions in the Chinese mainland.
MAINLAND = (
    "cn-hangzhou",
    "cn-shanghai",
    "cn-nanjing",
    "cn-fuzhou",
    "cn-qingdao",
    "cn-beijing",
    "cn-zhangjiakou",
    "cn-huhehaote",
    "cn-wulanchabu",
    "cn-shenzhen",
    "cn-heyuan",
    "cn-guangzhou",
    "cn-chengdu",
    "cn-zhongwei",
)

#: Regions outside the Chinese mainland; Hong Kong counts as outside.
OUTSIDE = (
    "cn-hongkong",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "eu-central-1",
    "eu-west-1",
    "me-central-1",
    "me-east-1",
    "na-south-1",
    "us-east-1",
    "us-west-1",
)

#: Regions of the finance cloud. That they pair only with one another is an assumption.
FINANCE = ("cn-hzfinance", "cn-beijing-finance-1", "cn-shanghai-finance-1", "cn-shenzhen-finance-1")

#: Groups of regions within which Replication Time Control is offered.
_RTC_GROUPS = (
    {"cn-hangzhou", "cn-shanghai", "cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-shenzhen"},
    {"us-west-1", "us-east-1"},
)

_LOCATION_PREFIX = "oss-"


def location_of(region: str) -> str:
    """Return OSS's name of a region: ``cn-hangzhou`` is the location ``oss-cn-hangzhou``."""
    return _LOCATION_PREFIX + region


def region_at(location: str) -> str | None:
    """Return the region that a location name means, or None when there is no such location."""
    region = location.removeprefix(_LOCATION_PREFIX)
    known = location.startswith(_LOCATION_PREFIX) and region in (*MAINLAND, *OUTSIDE, *FINANCE)
    return region if known else None


def partners(region: str) -> tuple[str, ...]:
    """Return the other regions that buckets of ``region`` can replicate to; empty for an unknown region."""
    groups = (FINANCE,) if region in FINANCE else (MAINLAND, OUTSIDE)
    offered = tuple(name for group in groups for name in group)
    return tuple(name for name in offered if name != region) if region in offered else ()


def needs_acceleration(source: str, destination: str) -> bool:
    """Tell whether data travels between mainland and outside, where only accelerated transfer is offered."""
    return (source in OUTSIDE) != (destination in OUTSIDE)


def supports_rtc(source: str, destination: str) -> bool:
    """Tell whether Replication Time Control is offered between two different regions."""
    return source != destination and any({source, destination} <= group for group in _RTC_GROUPS)
