"""The seconds of fleets over their size, as an SVG: two logarithmic axes, a line for each way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench.world import Json

_WIDTH, _HEIGHT = 760, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 210, 46, 56

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """One way to set a fleet up.

    :param seconds: from a scenario's results.
    """

    label: str
    colour: str
    seconds: Callable[[Json], float]


_LINES = (
    Line("one by one", "#8a8f98", lambda row: float(row["one_by_one"]["first"])),
    Line("ten at a time", "#d9822b", lambda row: float(row["side_by_side"]["first"])),
    Line("this product", "#1769aa", lambda row: float(row["first"]["seconds"])),
    Line("this product, run again", "#4fa3d9", lambda row: float(row["again"]["seconds"])),
    Line("as many empty tasks", "#5b8c5a", lambda row: float(row["empty"]["seconds"])),
)


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis.

    :param first: smallest value shown.
    :param last: largest value shown.
    :param start: where the first is drawn.
    :param end: where the last is drawn.
    """

    first: float
    last: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value is drawn."""
        part = (math.log10(value) - math.log10(self.first)) / (math.log10(self.last) - math.log10(self.first))
        return self.start + part * (self.end - self.start)

    def ticks(self) -> list[float]:
        """The powers of ten within."""
        return [10.0**power for power in range(round(math.log10(self.first)), round(math.log10(self.last)) + 1)]


def draw(scenarios: Sequence[Json], latency_ms: int) -> str:
    """Draw the fleets that were measured at one latency without quotas."""
    rows = sorted(
        (row for row in scenarios if row["latency_ms"] == latency_ms and not row["quotas"]),
        key=lambda row: row["pairs"],
    )
    values = [line.seconds(row) for line in _LINES for row in rows]
    across = Axis(1, _power_above(max(row["pairs"] for row in rows)), _LEFT, _WIDTH - _RIGHT)
    up = Axis(_power_below(min(values)), _power_above(max(values)), _HEIGHT - _BOTTOM, _TOP)
    parts = [*_frame(across, up, latency_ms), *_curves(rows, across, up)]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="13">\n<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def _power_above(value: float) -> float:
    return float(10 ** max(1, math.ceil(math.log10(value))))


def _power_below(value: float) -> float:
    return float(10 ** math.floor(math.log10(value)))


def _frame(across: Axis, up: Axis, latency_ms: int) -> Iterable[str]:
    yield _text(_LEFT, 24, f"Seconds to set a fleet up, {latency_ms} ms a cloud call", size=15)
    for value in across.ticks():
        x = across.at(value)
        yield _stroke(x, up.start, x, up.end)
        yield _text(x, up.start + 20, f"{value:,.0f}", anchor="middle")
    for value in up.ticks():
        y = up.at(value)
        yield _stroke(across.start, y, across.end, y)
        yield _text(across.start - 8, y + 4, f"{value:,g}", anchor="end")
    yield _text((across.start + across.end) / 2, up.start + 42, "bucket pairs", anchor="middle")


def _curves(rows: Sequence[Json], across: Axis, up: Axis) -> Iterable[str]:
    ends: list[tuple[float, Line]] = []
    for line in _LINES:
        points = [(across.at(row["pairs"]), up.at(line.seconds(row))) for row in rows]
        yield _polyline(points, line.colour)
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{line.colour}"/>' for x, y in points)
        ends.append((points[-1][1], line))
    for y, line in _spread(ends):
        yield _text(across.end + 12, y + 4, line.label, colour=line.colour)


def _spread(ends: Iterable[tuple[float, Line]], gap: float = 18.0) -> list[tuple[float, Line]]:
    """Move labels down until none covers another."""
    placed: list[tuple[float, Line]] = []
    for y, line in sorted(ends, key=lambda end: end[0]):
        placed.append((max(y, placed[-1][0] + gap) if placed else y, line))
    return placed


def _polyline(points: Iterable[Point], colour: str) -> str:
    listed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{listed}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _stroke(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#e3e6ea"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = "#30363d", size: int = 13) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}">{text}</text>'
