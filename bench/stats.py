"""Repeated measurements in three numbers."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, smallest and largest of some measurements.

    :param values: at least one.
    """
    return {"median": median(values), "min": min(values), "max": max(values), "count": len(values)}
