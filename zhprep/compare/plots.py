"""Plots as inline SVG: no script, no network, readable in print and in the dark.

In: numbers; those that are not finite are left out. Out: a string of SVG. Colours come from the page's style
sheet (``--series-1`` …).
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

WIDE, HALF, HEIGHT = 860, 420, 250
"""Widths of a plot across the page and of one of two beside each other, and the height, in pixels."""

LEFT, RIGHT, TOP, BOTTOM = 58, 22, 18, 48
COLOURS = 6
"""Colours that the style sheet has."""
MOST_POINTS = 400
"""Points of a line; of more, neighbours are drawn as their mean."""
MOST_BARS_WITH_VALUES = 6
MOST_BARS_WITH_NAMES = 16

Points = Sequence[tuple[float, float]]


def line_chart(
    series: dict[str, Points], *, x_label: str, y_label: str, levels: dict[str, float] | None = None, width: int = WIDE
) -> str:
    """Draw one line per series; ``levels`` are horizontal marks with a name, such as a baseline."""
    alone = {name: [points] for name, points in series.items()}
    return curve_chart(alone, x_label=x_label, y_label=y_label, levels=levels, width=width)


def curve_chart(
    series: Mapping[str, Sequence[Points]], *, x_label: str, y_label: str, levels: dict[str, float] | None = None,
    width: int = WIDE,
) -> str:  # fmt: skip
    """Draw the lines of each series in its colour, and in its dashes where there are more series than colours."""
    lines = {name: [_thinned(line) for line in several] for name, several in series.items()}
    levels = {name: level for name, level in (levels or {}).items() if math.isfinite(level)}
    points = [point for several in lines.values() for line in several for point in line]
    if not points:
        return ""
    y_values = [y for _, y in points] + list(levels.values())
    xs = [x for x, _ in points]
    whole = all(float(x).is_integer() for x in xs)  # steps and layers have no halves
    x_ticks = _ticks(min(xs), max(xs), about=max(4, width // 110), finest=1.0 if whole else 0.0)
    frame = _Frame(width, x_ticks, _ticks(min(y_values), max(y_values)))
    parts = [frame.axes(x_label, y_label), *(frame.level(LEFT, width - RIGHT, level) for level in levels.values())]
    for number, (name, several) in enumerate(lines.items()):
        for line in several:
            path = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in line)
            title = f"<title>{html.escape(name)}</title>"
            parts.append(f'<polyline class="line {style_of(number)}" points="{path}">{title}</polyline>')
    parts += [_text(width - RIGHT, frame.y(level) - 5, name, "end", "note") for name, level in levels.items()]
    return frame.svg(parts) + _legend({name: number for number, name in enumerate(lines) if any(lines[name])})


def style_of(number: int) -> str:
    """Return the classes of the series ``number``, counted from 0: its colour and, beyond those, its dashes."""
    dashes = number // COLOURS % 3
    return f"s{number % COLOURS + 1}" + (f" d{dashes}" if dashes else "")


def _thinned(line: Points) -> Points:
    """Return the finite points of a line: means of neighbours where there are more than can be seen."""
    finite = [(x, y) for x, y in line if math.isfinite(x) and math.isfinite(y)]
    size = math.ceil(len(finite) / MOST_POINTS)
    if size < 2:
        return finite
    groups = [finite[begin : begin + size] for begin in range(0, len(finite), size)]
    return [tuple(math.fsum(values) / len(group) for values in zip(*group, strict=True)) for group in groups]  # type: ignore[misc]


def bar_chart(
    bars: Sequence[tuple[str, float]], *, y_label: str, x_label: str = "", expected: Sequence[float] | None = None,
    width: int = WIDE,
) -> str:  # fmt: skip
    """Draw one bar per (name, value), few with their values; ``expected`` marks on each what it should be."""
    if not bars:
        return ""
    values = [value if math.isfinite(value) else 0.0 for _, value in bars]
    frame = _Frame(width, [0, len(bars)], _ticks(0, max([*values, *(expected or ()), 1e-9])))
    parts = [frame.axes(x_label, y_label, x_numbers=False)]
    step = (width - LEFT - RIGHT) / len(bars)
    for place, ((name, _), value) in enumerate(zip(bars, values, strict=True)):
        x, y, broad = LEFT + step * (place + 0.15), frame.y(value), step * 0.7
        parts.append(
            f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" width="{broad:.1f}" height="{HEIGHT - BOTTOM - y:.1f}" rx="2">'
            f"<title>{html.escape(name)}: {value:g}</title></rect>"
        )
        if place % math.ceil(len(bars) / MOST_BARS_WITH_NAMES) == 0:
            parts.append(_text(x + broad / 2, HEIGHT - BOTTOM + 20, name, "middle", "tick"))
        if expected is not None:
            parts.append(frame.level(x - 4, x + broad + 4, expected[place]))
        if len(bars) <= MOST_BARS_WITH_VALUES:
            parts.append(_text(x + broad / 2, y - 5, f"{value:.4g}", "middle", "value"))
    return frame.svg(parts)


class _Frame:
    """The plotting area: from values to places."""

    def __init__(self, width: int, x_ticks: Sequence[float], y_ticks: Sequence[float]) -> None:
        self._width, self._xs, self._ys = width, x_ticks, y_ticks

    def x(self, value: float) -> float:
        span = (self._xs[-1] - self._xs[0]) or 1
        return LEFT + (self._width - LEFT - RIGHT) * (value - self._xs[0]) / span

    def y(self, value: float) -> float:
        span = (self._ys[-1] - self._ys[0]) or 1
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - self._ys[0]) / span

    def level(self, x_1: float, x_2: float, value: float) -> str:
        y = self.y(value)
        return f'<line class="level" x1="{x_1:.1f}" x2="{x_2:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'

    def axes(self, x_label: str, y_label: str, *, x_numbers: bool = True) -> str:
        parts = []
        for tick in self._ys:
            y = self.y(tick)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{self._width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(_text(LEFT - 7, y + 4, _short(tick), "end", "tick"))
        for tick in self._xs if x_numbers else ():
            parts.append(_text(self.x(tick), HEIGHT - BOTTOM + 20, _short(tick), "middle", "tick"))
        parts.append(_text((LEFT + self._width) / 2, HEIGHT - 6, x_label, "middle", "label"))
        turned = f' transform="translate(14 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)"'
        parts.append(_text(0, 0, y_label, "middle", "label", turned))
        return "".join(parts)

    def svg(self, parts: list[str]) -> str:
        return f'<svg viewBox="0 0 {self._width} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def _text(x: float, y: float, text: str, anchor: str, style: str, more: str = "") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}'
    return f'<text class="{style}" {place}>{html.escape(text)}</text>' if text else ""


def _ticks(low: float, high: float, about: int = 5, *, finest: float = 0.0) -> list[float]:
    """Return round numbers that span ``low`` to ``high``, at least ``finest`` apart."""
    least = 1e-9 * max(abs(low), abs(high))  # finer ticks could not be told apart
    span = max(high - low, least, 1e-12) if high > low else abs(high) if abs(high) > 1e-12 else 1.0
    step = 10 ** math.floor(math.log10(span / about))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= about)
    step = max(step, finest)
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


def _legend(numbers: Mapping[str, int]) -> str:
    """Return what the colours of lines mean, nothing for one line; ``numbers`` has that of each series."""
    if len(numbers) < 2:
        return ""
    items = "".join(
        f'<span><i class="{style_of(number)}"></i>{html.escape(name)}</span>' for name, number in numbers.items()
    )
    return f'<p class="legend">{items}</p>'
