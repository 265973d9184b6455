"""Which documents were wrapped, and at what width.

In: the layout of lines. Out: for each line whether it is full in a document that was wrapped. A document was wrapped if

- of its lines that end within a clause most are *full*: the beginning of the next would not have fitted (the others are
  headings);
- hardly a line is wider;
- the borders of the full lines fall within clauses as often as chance has it, and other clauses end inside these lines:
  in verse, lists and one sentence a line they do not.

A document of few lines shows less, and is held to more: every line but the last is full, and the last ends a sentence.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import numpy.typing as npt

from zhprep.normalize.characters import Flags, Positions
from zhprep.normalize.wrapping.layout import CHARACTERS, COLUMNS, Integers, Layout

NARROWEST = {COLUMNS: 24, CHARACTERS: 12}
NARROWEST_OF_FEW = {COLUMNS: 30, CHARACTERS: 15}
FEW = 3
"""Borders within a clause that a document must show, or else is one of few lines."""

FULL, WIDER, WITHIN, CLAUSES = 0.6, 0.03, 0.4, 0.3
"""Least share of full lines; greatest of wider ones; least of borders within a clause, of such lines with clauses."""

HANGING = {COLUMNS: 2, CHARACTERS: 1}
"""How far punctuation may stand out at the end of a line."""


@dataclasses.dataclass(frozen=True)
class Documents:
    """The lines ``[L]`` of some documents; ``number`` int ``[L]`` is that of each line's document, from 0, rising."""

    layout: Layout
    number: Positions

    @functools.cached_property
    def starts(self) -> Positions:
        """Where each document begins, int ``[D]``."""
        return np.flatnonzero(np.diff(self.number, prepend=-1))

    @functools.cached_property
    def last(self) -> Flags:
        """Whether a line is the last of its document."""
        return np.append(self.number[1:] != self.number[:-1], True)

    @functools.cached_property
    def indent(self) -> Integers:
        """How many columns a line is indented more than the least indented of its document."""
        return self.layout.indent - np.minimum.reduceat(self.layout.indent, self.starts)[self.number]

    @functools.cached_property
    def barred(self) -> Flags:
        """Before which lines nothing is joined: indented ones, items and lines of tables."""
        barred: Flags = (self.indent > 0) | self.layout.item | self.layout.ruled
        return barred

    @functools.cached_property
    def within(self) -> Flags:
        """Whether the border after a line is within a clause, and is none of a list or a table."""
        before, after = self.layout.open & ~self.layout.ruled, self.layout.begins_inside & ~self.barred
        within: Flags = before & np.append(after[1:], False) & ~self.last
        return within

    def count(self, flags: Flags) -> Integers:
        """Return how many lines of each document are flagged, int ``[D]``."""
        return np.add.reduceat(flags, self.starts, dtype=np.int64)


def full_lines(documents: Documents) -> tuple[Flags, Integers]:
    """Return which lines the width has ended in documents that were wrapped, and how much room each line left."""
    if not documents.within.any():
        return np.zeros(documents.number.size, np.bool_), np.zeros(documents.number.size, np.int64)
    shares, full, room = zip(*(_look(documents, measure) for measure in (COLUMNS, CHARACTERS)), strict=True)
    by_columns = (shares[COLUMNS] >= shares[CHARACTERS])[documents.number]
    fits = (np.maximum(*shares) > 0)[documents.number]
    return fits & np.where(by_columns, *full), np.where(by_columns, *room)


def _look(documents: Documents, measure: int) -> tuple[npt.NDArray[np.float64], Flags, Integers]:
    """Return for each of D documents how well it fits a width in one measure (``float64[D]``, 0: not at all); its full
    lines (``bool[N]``), and the room that lines left (``int64[N]``)."""
    widths, unit = documents.layout.widths[measure], documents.layout.unit[measure]
    width = _width(documents, widths)
    of_line = width[documents.number]
    full = (widths + documents.layout.gap + np.append(unit[1:], 0) > of_line) & ~documents.last & (of_line > 0)
    wider = (widths > of_line + HANGING[measure]) & ~documents.layout.ruled
    n_within, n_full, n_wider = (documents.count(flags) for flags in (documents.within, full, wider))
    n_lines, n_both = documents.count(~wider | wider), documents.count(documents.within & full)
    share = n_both / np.maximum(n_within, 1)
    n_clauses = documents.count(documents.within & full & documents.layout.clauses)
    fits = (share >= FULL) & (n_wider <= WIDER * n_lines) & (n_both >= WITHIN * n_full)
    fits &= (n_clauses >= CLAUSES * n_both) & (width >= NARROWEST[measure])
    stopped = documents.layout.stops[np.append(documents.starts[1:], documents.number.size) - 1]
    few = (n_full == n_lines - 1) & stopped & (width >= NARROWEST_OF_FEW[measure]) & (n_wider == 0)
    fits &= (n_both >= FEW) | few
    return np.where(fits, share, 0.0), full, of_line - widths - documents.layout.blank


def _width(documents: Documents, widths: Integers) -> Integers:
    """Return for each document the width that one in twenty of its lines (``widths`` ``int64[N]``) that end within a
    clause has or passes, 0 where there is none: ``int64[D]``."""
    places = np.flatnonzero(documents.within)
    number = documents.number[places]
    order = places[np.lexsort((-widths[places], number))]
    n_within = documents.count(documents.within)
    first = np.cumsum(n_within) - n_within
    chosen = first + n_within // 20
    return np.where(n_within > 0, widths[order[np.minimum(chosen, order.size - 1)]], 0)
