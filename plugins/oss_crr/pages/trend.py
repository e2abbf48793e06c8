"""The last results of a pair as a small picture. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oss_crr.pages.columns import is_number

WIDTH, HEIGHT = 96, 22
_MARGIN = 3.0
#: What is drawn, if there is any: the first of these that the results have.
_MEASURES = (
    ("arrival_seconds", "seconds to arrive"),
    ("lag_seconds", "seconds of lag"),
    ("drift", "parts that drifted"),
)


def sparkline(trend: object) -> dict[str, Any] | None:
    """Return what to draw of a pair's last results, the oldest first; None when there is nothing to compare.

    :param trend: results as mappings with ``at``, ``health`` and measures (``TrendPoint``).
    :returns: ``line`` (points of an SVG polyline), ``dots`` (``x``, ``y``, ``health``, ``title``) and ``title``.
    """
    results = [result for result in trend if isinstance(result, Mapping)] if isinstance(trend, list | tuple) else []
    for key, unit in _MEASURES:
        if sum(is_number(result.get(key)) for result in results) > 1:
            return _drawing(results, key, unit)
    return None


def _drawing(results: Sequence[Mapping[str, Any]], key: str, unit: str) -> dict[str, Any]:
    values = [result.get(key) for result in results]
    known = [value for value in values if is_number(value)]
    highest = max(known) or 1
    step = (WIDTH - 2 * _MARGIN) / (len(results) - 1)
    dots = [
        {
            "x": round(_MARGIN + place * step, 1),
            "y": round(HEIGHT - _MARGIN - (value if is_number(value) else 0) / highest * (HEIGHT - 2 * _MARGIN), 1),
            "health": str(result.get("health") or "unknown"),
            "title": _title(result, value, unit),
        }
        for place, (result, value) in enumerate(zip(results, values, strict=True))
    ]
    line = " ".join(f"{dot['x']},{dot['y']}" for dot, value in zip(dots, values, strict=True) if is_number(value))
    return {"line": line, "dots": dots, "title": f"last {len(results)} results: {unit}, at most {highest:g}"}


def _title(result: Mapping[str, Any], value: object, unit: str) -> str:
    measured = f"{value:g} {unit}" if isinstance(value, int | float) else "not measured"
    return f"{result.get('at', '')}: {result.get('health', 'unknown')}, {measured}"
