"""What is known about OSS regions: names, which are mainland China, where RTC is offered.

Sources: the vendor's pages "Regions and endpoints" and "RTC" (25 March 2026), and the regions of the Terraform
provider (August 2026). The service is asked as well before anything is written (GetBucketReplicationLocation): this
table serves the form and the early, offline checks.
"""

from __future__ import annotations

from typing import Literal

TransferType = Literal["internal", "oss_acc"]

#: Region ids with the names that the console shows.
REGIONS: dict[str, str] = {
    "cn-hangzhou": "China (Hangzhou)",
    "cn-shanghai": "China (Shanghai)",
    "cn-qingdao": "China (Qingdao)",
    "cn-beijing": "China (Beijing)",
    "cn-zhangjiakou": "China (Zhangjiakou)",
    "cn-huhehaote": "China (Hohhot)",
    "cn-wulanchabu": "China (Ulanqab)",
    "cn-shenzhen": "China (Shenzhen)",
    "cn-heyuan": "China (Heyuan)",
    "cn-guangzhou": "China (Guangzhou)",
    "cn-chengdu": "China (Chengdu)",
    "cn-nanjing": "China (Nanjing)",
    "cn-fuzhou": "China (Fuzhou)",
    "cn-zhongwei": "China (Zhongwei)",
    "cn-hongkong": "China (Hong Kong)",
    "ap-southeast-1": "Singapore",
    "ap-southeast-2": "Australia (Sydney)",
    "ap-southeast-3": "Malaysia (Kuala Lumpur)",
    "ap-southeast-5": "Indonesia (Jakarta)",
    "ap-southeast-6": "Philippines (Manila)",
    "ap-southeast-7": "Thailand (Bangkok)",
    "ap-southeast-8": "Malaysia (Johor)",
    "ap-northeast-1": "Japan (Tokyo)",
    "ap-northeast-2": "South Korea (Seoul)",
    "ap-south-1": "India (Mumbai)",
    "us-west-1": "US (Silicon Valley)",
    "us-east-1": "US (Virginia)",
    "us-southeast-1": "US (Atlanta)",
    "na-south-1": "Mexico",
    "eu-central-1": "Germany (Frankfurt)",
    "eu-west-1": "UK (London)",
    "me-east-1": "UAE (Dubai)",
    "me-central-1": "Saudi Arabia (Riyadh)",
    "cn-shanghai-finance-1": "China East 2 Finance",
    "cn-shenzhen-finance-1": "China South 1 Finance",
    "cn-beijing-finance-1": "China North 2 Finance",
    "cn-hzfinance": "China East 1 Finance (Hangzhou)",
}

#: Groups of regions among which RTC is offered (RTC page, 25 March 2026).
_RTC_GROUPS: tuple[frozenset[str], ...] = (
    frozenset({"cn-hangzhou", "cn-shanghai", "cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-shenzhen"}),
    frozenset({"us-west-1", "us-east-1"}),
)


def is_mainland(region: str) -> bool:
    """Tell whether a region lies in mainland China; Hong Kong does not."""
    return region.startswith("cn-") and region != "cn-hongkong"


def required_transfer_type(source: str, destination: str) -> TransferType:
    """Return the transfer type that a region pair requires.

    Transfer acceleration is mandatory between mainland China and the rest, and refused elsewhere
    (vendor page "Cross-region replication overview").
    """
    return "oss_acc" if is_mainland(source) != is_mainland(destination) else "internal"


def offers_rtc(source: str, destination: str) -> bool:
    """Tell whether replication time control is offered for a region pair."""
    return any(source in group and destination in group for group in _RTC_GROUPS)


def from_location(location: str) -> str:
    """Turn OSS's location name (``oss-cn-hangzhou``) into a region id (``cn-hangzhou``)."""
    return location.removeprefix("oss-")


def to_location(region: str) -> str:
    """Turn a region id into OSS's location name."""
    return f"oss-{region}"
