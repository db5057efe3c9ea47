"""Where the marks of the report's plots go: numbers in, coordinates of an SVG out; the template draws them.

Every plot is `WIDTH` units wide, so that at its natural size, which a phone has room for, its letters are of reading
size.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

WIDTH = 340
HEIGHT = 230
LEFT = 44
RIGHT = 12
TOP = 14
BOTTOM = 40
ROW = 38
BINS = 20
BEYOND = 0.98
"""Share of the latencies that the even bins hold; the last bin takes the rest, however slow."""
POINTS = 200
"""Points drawn of a curve at most; more than a screen can tell apart."""


class Tick(NamedTuple):
    """A mark on an axis."""

    at: float
    label: str


class Whisker(NamedTuple):
    """A mean with its interval, on a line of its own."""

    label: str
    text: str
    y: float
    dot: float | None
    low: float | None
    high: float | None


class Bar(NamedTuple):
    """A bin of a histogram."""

    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True, slots=True)
class Whiskers:
    """Means of shares, one a row."""

    rows: tuple[Whisker, ...]
    ticks: tuple[Tick, ...]
    height: float
    bottom: float
    """Where the rows end and the axis is written."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line over shares of all cases."""

    line: str
    """Points of a polyline."""
    area: str
    """Points of the polygon below it."""
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often which value came."""

    bars: tuple[Bar, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    marks: tuple[Tick, ...]


class Share(NamedTuple):
    """A share from 0 to 1 and what to call it; the numbers are None where nothing was scored."""

    label: str
    text: str
    mean: float | None
    low: float | None
    high: float | None


def across(share: float, start: float = 0.0, width: float = 100.0) -> float:
    """Return where a share stands on a line, kept inside it.

    >>> across(0.25), across(1.5)
    (25.0, 100.0)
    """
    return round(start + min(1.0, max(0.0, share)) * width, 2)


def whiskers(shares: Sequence[Share]) -> Whiskers:
    """Return a dot and a whisker for each share, from the top in the order given."""
    start, width = 10.0, WIDTH - 20.0
    rows = tuple(
        Whisker(
            share.label,
            share.text,
            TOP + position * ROW,
            *(None if value is None else across(value, start, width) for value in (share.mean, share.low, share.high)),
        )
        for position, share in enumerate(shares)
    )
    bottom = TOP + len(rows) * ROW
    ticks = tuple(Tick(across(step / 4, start, width), f"{step * 25}") for step in range(5))
    return Whiskers(rows, ticks, bottom + 34.0, float(bottom))


def risk_coverage(points: Sequence[tuple[float, float]]) -> Curve | None:
    """Return the curve of risk over coverage; None where there are fewer than two points.

    Args:
        points: (coverage, risk), both shares, in any order.
    """
    if len(points) < 2:  # noqa: PLR2004  (a line has two ends)
        return None
    ordered = sorted(points)
    step = max(1, math.ceil(len(ordered) / POINTS))
    drawn = [*ordered[:-1:step], ordered[-1]]
    top = max(0.1, math.ceil(round(max(risk for _, risk in drawn) * 10, 6)) / 10)
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    base = TOP + height
    placed = [(across(coverage, LEFT, width), round(base - min(risk / top, 1) * height, 2)) for coverage, risk in drawn]
    line = " ".join(f"{x},{y}" for x, y in placed)
    area = f"{placed[0][0]},{base} {line} {placed[-1][0]},{base}"
    x_ticks = tuple(Tick(across(step / 4, LEFT, width), f"{step * 25}") for step in range(5))
    y_ticks = tuple(Tick(base - part / 2 * height, f"{top * part * 50:g}") for part in range(3))
    return Curve(line, area, x_ticks, y_ticks)


def histogram(values: Sequence[float], marks: Sequence[tuple[str, float]] = ()) -> Histogram | None:
    """Return how often values came, in even bins; the last one is open and holds what is slower.

    Args:
        values: Not negative, in any order and unit.
        marks: Name and value of what is to be pointed at in the plot.

    Returns:
        None where there are no values.
    """
    if not values:
        return None
    ordered = sorted(values)
    usual = ordered[min(len(ordered) - 1, int(len(ordered) * BEYOND))]
    size = _round_up(max(usual, 1e-9) / BINS)
    bins = max(1, math.ceil(round(usual / size, 6)))
    counts = [0] * bins
    for value in ordered:
        counts[min(bins - 1, int(value / size))] += 1
    most = max(counts)
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    base, wide = TOP + height, width / bins
    bars = tuple(
        Bar(
            round(LEFT + wide * position, 2),
            round(base - count / most * height, 2),
            round(max(wide - 1, 1), 2),
            round(count / most * height, 2),
            f"{position * size:g} to {(position + 1) * size:g}: {count}"
            if position < bins - 1 or ordered[-1] <= bins * size
            else f"{position * size:g} or more: {count}",
        )
        for position, count in enumerate(counts)
    )
    every = _round_up(bins / 4)
    x_ticks = tuple(
        Tick(round(LEFT + wide * position, 2), f"{position * size:g}")
        for position in range(0, bins + 1, int(every) or 1)
    )
    y_ticks = tuple(
        Tick(base - height * part, f"{most * part:g}") for part in ((0, 0.5, 1) if most % 2 == 0 else (0, 1))
    )
    placed = tuple(Tick(across(value / (size * bins), LEFT, width), name) for name, value in marks)
    return Histogram(bars, x_ticks, y_ticks, placed)


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5, 10, 20 … that is no smaller.

    >>> _round_up(3.2), _round_up(0.011)
    (5.0, 0.02)
    """
    power: float = 10.0 ** math.floor(math.log10(value))
    steps = [1.0, 2.0, 5.0, 10.0]
    nth = bisect_right(steps, value / power * (1 - 1e-9))
    return round(steps[min(nth, 3)] * power, 12)
