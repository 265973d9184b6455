"""Plots as inline SVG: no script, no network, readable in print and in the dark.

In: numbers. Out: a string of SVG. Colours come from the page's style sheet (``--series-1`` …).
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 40

Points = Sequence[tuple[float, float]]


def line_chart(series: dict[str, Points], *, x_label: str, y_label: str, levels: dict[str, float] | None = None) -> str:
    """Draw one line per series; ``levels`` are horizontal marks with a name, such as a baseline."""
    levels = levels or {}
    points = [point for line in series.values() for point in line]
    if not points:
        return ""
    x_ticks = _ticks(min(x for x, _ in points), max(x for x, _ in points))
    y_values = [y for _, y in points] + list(levels.values())
    y_ticks = _ticks(min(y_values), max(y_values))
    frame = _Frame(x_ticks, y_ticks)
    parts = [frame.axes(x_label, y_label)]
    for name, level in levels.items():
        y = frame.y(level)
        parts.append(f'<line class="level" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(
            f'<text class="note" x="{WIDTH - RIGHT}" y="{y - 4:.1f}" text-anchor="end">{html.escape(name)}</text>'
        )
    for number, (name, line) in enumerate(series.items(), 1):
        path = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in line)
        parts.append(f'<polyline class="line s{number}" points="{path}"><title>{html.escape(name)}</title></polyline>')
    return _svg(parts) + _legend(list(series))


def bar_chart(bars: Sequence[tuple[str, float]], *, y_label: str, expected: Sequence[float] | None = None) -> str:
    """Draw one bar per (name, value); ``expected`` marks on each what it should be."""
    if not bars:
        return ""
    frame = _Frame([0, len(bars)], _ticks(0, max(*(value for _, value in bars), *(expected or ()), 1e-9)))
    parts = [frame.axes("", y_label, x_numbers=False)]
    step = (WIDTH - LEFT - RIGHT) / len(bars)
    for place, (name, value) in enumerate(bars):
        x, y = LEFT + step * (place + 0.15), frame.y(value)
        parts.append(
            f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" width="{step * 0.7:.1f}" height="{HEIGHT - BOTTOM - y:.1f}">'
            f"<title>{html.escape(name)}: {value:g}</title></rect>"
        )
        if len(bars) <= 16 or place % math.ceil(len(bars) / 16) == 0:
            parts.append(
                f'<text class="tick" x="{x + step * 0.35:.1f}" y="{HEIGHT - BOTTOM + 16}" '
                f'text-anchor="middle">{html.escape(name)}</text>'
            )
        if expected is not None:
            level = frame.y(expected[place])
            parts.append(
                f'<line class="level" x1="{x - 3:.1f}" x2="{x + step * 0.7 + 3:.1f}" '
                f'y1="{level:.1f}" y2="{level:.1f}"/>'
            )
    return _svg(parts)


class _Frame:
    """The plotting area: from values to places."""

    def __init__(self, x_ticks: Sequence[float], y_ticks: Sequence[float]) -> None:
        self._xs, self._ys = x_ticks, y_ticks

    def x(self, value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - self._xs[0]) / ((self._xs[-1] - self._xs[0]) or 1)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - self._ys[0]) / ((self._ys[-1] - self._ys[0]) or 1)

    def axes(self, x_label: str, y_label: str, *, x_numbers: bool = True) -> str:
        parts = []
        for tick in self._ys:
            y = self.y(tick)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
        for tick in self._xs if x_numbers else ():
            parts.append(
                f'<text class="tick" x="{self.x(tick):.1f}" y="{HEIGHT - BOTTOM + 16}" '
                f'text-anchor="middle">{_short(tick)}</text>'
            )
        parts.append(
            f'<text class="label" x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 6}" '
            f'text-anchor="middle">{html.escape(x_label)}</text>'
        )
        middle = (TOP + HEIGHT - BOTTOM) / 2
        parts.append(
            f'<text class="label" transform="translate(14 {middle}) rotate(-90)" '
            f'text-anchor="middle">{html.escape(y_label)}</text>'
        )
        return "".join(parts)


def _ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round numbers that span ``low`` to ``high``."""
    span = (high - low) or abs(high) or 1.0
    step = 10 ** math.floor(math.log10(span / about))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= about)
    first = math.floor(low / step + 1e-9)
    ticks = [first * step]
    while ticks[-1] < high - 1e-9 * span:
        ticks.append((first + len(ticks)) * step)
    return [round(tick, 12) for tick in ticks]


def _short(value: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _svg(parts: list[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def _legend(names: list[str]) -> str:
    if len(names) < 2:
        return ""
    items = "".join(
        f'<span><i class="s{number}"></i>{html.escape(name)}</span>' for number, name in enumerate(names, 1)
    )
    return f'<p class="legend">{items}</p>'
