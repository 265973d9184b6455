"""Text with something small above it, and tables, in lines of a terminal.

In: what stands above and what stands below, piece by piece. Out: pairs of lines no wider than the terminal, each piece
above the one it belongs to. Chinese characters are two columns wide.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

_COLOR = re.compile("\x1b\\[[0-9;]*m")


def ruby_lines(pieces: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield the lines of ``(above, below)`` pieces, wrapped at ``width`` columns; no upper line where it is empty."""
    upper = lower = ""
    for above, below in pieces:
        size = max(columns(above), columns(below))
        if lower and columns(lower) + size > width:
            yield from _pair(upper, lower)
            upper = lower = ""
        upper += above + " " * (size - columns(above) + 1)
        lower += below + " " * (size - columns(below) + 1)
    yield from _pair(upper, lower)


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a line for each of ``rows``, their cells below one another."""
    widths = [max(map(columns, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def columns(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes; colours take none."""
    plain = _COLOR.sub("", text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in plain)
    return len(plain) - sum(map(bool, map(unicodedata.combining, plain))) + wide


def _pair(upper: str, lower: str) -> Iterator[str]:
    yield from (line.rstrip() for line in (upper, lower) if line.strip())
