"""One pair of the inventory: how to replicate, and how to verify that. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from oss_crr.pair import BucketPair, parse_pair

#: Minutes that replication may lag behind (the service promises ten with replication time control).
MAX_LAG_MINUTES = 15.0
MAX_LAG_MINUTES_WITH_RTC = 10.0


@dataclass(frozen=True)
class VerifySettings:
    """How one pair is verified; the ``verify`` mapping of a pair in the inventory, or of its defaults.

    :param max_lag_minutes: how far the watermark may lie behind now; None for the default.
    :param canary: whether a test object may be sent through the pair.
    :param canary_prefix: where test objects go; empty for a folder of this product's within the rule's prefixes.
    :param compare: whether the listings of both buckets are compared.
    """

    max_lag_minutes: float | None = None
    canary: bool = True
    canary_prefix: str = ""
    compare: bool = True

    def lag_limit(self, pair: BucketPair) -> float:
        """Return how many minutes the pair may lag behind."""
        if self.max_lag_minutes is not None:
            return self.max_lag_minutes
        return MAX_LAG_MINUTES_WITH_RTC if pair.rtc else MAX_LAG_MINUTES


@dataclass(frozen=True)
class FleetEntry:
    """A pair of the inventory. ``pair.name`` is the entry's name.

    :param line: where in the file it begins; 0 for a pair that comes from elsewhere.
    """

    pair: BucketPair
    verify: VerifySettings = field(default_factory=VerifySettings)
    line: int = 0

    @property
    def name(self) -> str:
        """Return the entry's name."""
        return self.pair.name

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON data, the form that travels between tasks."""
        return {"pair": self.pair.to_dict(), "verify": asdict(self.verify), "line": self.line}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FleetEntry:
        """Rebuild from :meth:`to_dict`."""
        return cls(parse_pair(data["pair"]), VerifySettings(**data["verify"]), data["line"])
