"""Straight double quotes: which of them open a quotation, and what lies inside one.

In: code points and their kinds, with a mark at both ends. Out: the quotes of the lines in which they pair up, and
the other quotes.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from zhprep.normalize import marks
from zhprep.normalize.characters import Codes, Flags, Positions
from zhprep.normalize.marks import Kinds

_LONGEST_QUOTATION = 200


@dataclasses.dataclass(frozen=True)
class Quotes:
    """The straight quotes of a text; they pair up in a line with an even number of them and no wide gap in a pair."""

    edges: Positions
    paired: Positions
    unpaired: Positions

    @classmethod
    def find(cls, codes: Codes, kinds: Kinds) -> Quotes:
        """Find the quotes in text that begins and ends with a mark."""
        quotes = np.flatnonzero(codes == ord('"'))
        if not quotes.size:
            return cls(quotes, quotes, quotes)
        edges = np.flatnonzero(kinds == marks.EDGE)
        line = np.searchsorted(edges, quotes)
        first = np.flatnonzero(np.diff(line, prepend=-1))
        counts = np.diff(np.append(first, quotes.size))
        nth = np.arange(quotes.size) - np.repeat(first, counts)
        wide = (nth % 2 == 0) & (np.diff(quotes, append=quotes[-1]) > _LONGEST_QUOTATION)
        pairs = np.repeat((counts % 2 == 0) & ~np.logical_or.reduceat(wide, first), counts)
        return cls(edges, quotes[pairs], quotes[~pairs])

    @property
    def opening(self) -> Positions:
        """The quotes that open a quotation."""
        return self.paired[::2]

    def enclose(self, places: Positions) -> Flags:
        """Return which of ``places`` lie inside a quotation."""
        if not self.paired.size:
            return np.zeros(places.size, np.bool_)
        inside: Flags = np.searchsorted(self.paired, places) % 2 == 1
        return inside

    def doubtful(self, stops: Positions) -> Positions:
        """Return the numbers of the sentences, split off before ``stops``, whose quotes pair up only now."""
        if not self.unpaired.size:
            return self.unpaired
        line = np.searchsorted(self.edges, self.unpaired) - 1
        number = line + np.searchsorted(stops, self.unpaired, side="right")
        split = np.diff(np.searchsorted(stops, self.edges))[line] > 0
        numbers, counts = np.unique(number[split], return_counts=True)
        doubtful: Positions = numbers[counts % 2 == 0]
        return doubtful
