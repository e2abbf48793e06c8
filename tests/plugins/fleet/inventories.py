"""Inventories for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from oss_crr.errors import InventoryError
from oss_crr.fleet.file import Fleet, parse_fleet

PATH = Path("include/fleet.yaml")
REGIONS = {"source_region": "cn-hangzhou", "destination_region": "cn-shanghai"}


def inventory(*pairs: dict[str, Any], **defaults: Any) -> Fleet:
    """Return a fleet of pairs that say only what the test is about."""
    filled = [
        {"name": f"pair-{n}", "source_bucket": f"src-{n}", "destination_bucket": f"dst-{n}", **pair}
        for n, pair in enumerate(pairs)
    ]
    return parse_fleet(yaml.safe_dump({"defaults": {**REGIONS, **defaults}, "pairs": filled}), PATH)


def numbered(count: int, **fields: Any) -> Fleet:
    """Return a fleet of so many pairs that differ in name and buckets only."""
    return inventory(*({**fields} for _ in range(count)))


def problems_in(text: str) -> list[str]:
    """Return what is wrong with an inventory, each problem with its line."""
    with pytest.raises(InventoryError) as caught:
        parse_fleet(text, PATH)
    return [line.removeprefix("include/fleet.yaml") for line in caught.value.lines]
