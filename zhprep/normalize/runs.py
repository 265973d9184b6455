"""Runs of stops with what clings to them, found for a whole batch at once.

In: code points and their kinds, with a mark at both ends. Out: arrays with one item per run.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np

from zhprep.core.compiled import Kernel, Loop, Signature, address
from zhprep.normalize import marks
from zhprep.normalize.characters import Codes, Positions
from zhprep.normalize.marks import DOT, ELLIPSIS, EXTENDER, Kinds

_LONGEST_REFERENCE = 3

SIGNATURE = Signature(
    *("uint8*", "int64"),  # kinds, and how many
    *("int64*", "int64*", "int64*", "uint8*", "int64*"),  # what is written of each run: see Runs
    "int64*",  # how many runs there are
)
"""Types of the arguments of :func:`find_runs`."""


def find_runs(
    kinds: Any, size: Any, first: Any, last: Any, after: Any, strongest: Any, n_stops: Any, count: Any
) -> None:
    """Write where each run has its first and its last stop and where it is over, its strongest stop and how many."""
    n_runs = place = np.int64(0)
    while place < size:
        begin = end = place
        most, stops = np.int64(0), np.int64(0)
        while place < size and kinds[place] >= EXTENDER:
            kind = np.int64(kinds[place])
            if kind >= DOT:
                begin = place if stops == 0 else begin
                end = place
                stops += 1
                most = max(most, kind)
            place += 1
        if stops:
            first[n_runs], last[n_runs], after[n_runs], n_stops[n_runs] = begin, end, place, stops
            strongest[n_runs] = ELLIPSIS if most == DOT and stops > 1 else most
            n_runs += 1
        place += 1
    count[0] = n_runs


_FIND = Kernel(find_runs, SIGNATURE)


def demote_inner_dots(kinds: Kinds) -> None:
    """Make a dot before a letter or digit an ordinary character: 3.14, v1.2, a.com, .NET."""
    dots = np.flatnonzero(kinds == marks.DOT)
    following = kinds[dots + 1]
    kinds[dots[(following >= marks.LOWER) & (following <= marks.DIGIT)]] = marks.OTHER


def absorb_references(codes: Codes, kinds: Kinds) -> None:
    """Make a numbered reference after a stop cling to it: 他走了。[12]"""
    openers = np.flatnonzero(codes == ord("["))
    openers = openers[kinds[openers - 1] > marks.DOT]
    if not openers.size:
        return
    places = np.minimum(openers[:, None] + np.arange(1, _LONGEST_REFERENCE + 2), codes.size - 1)
    n_digits = np.cumprod(kinds[places] == marks.DIGIT, axis=1).sum(axis=1)
    closed = (n_digits > 0) & (codes[np.minimum(openers + 1 + n_digits, codes.size - 1)] == ord("]"))
    for offset in range(_LONGEST_REFERENCE + 1):
        kinds[openers[closed & (n_digits >= offset)] + offset] = marks.CLOSER


@dataclasses.dataclass(frozen=True)
class Runs:
    """Every run of stops with what clings to them, as arrays with one item per run."""

    codes: Codes
    kinds: Kinds
    first: Positions
    """The first stop."""
    last: Positions
    """The last stop."""
    after: Positions
    """The place after the run."""
    strongest: Kinds
    """The strongest stop in the run."""
    n_stops: Positions

    @classmethod
    def find(cls, codes: Codes, kinds: Kinds) -> Runs:
        """Find the runs in text that begins and ends with a mark."""
        loop = _FIND.get(kinds.size)
        return cls.by_arrays(codes, kinds) if loop is None else cls.by_loop(loop, codes, kinds)

    @classmethod
    def by_loop(cls, loop: Loop, codes: Codes, kinds: Kinds) -> Runs:
        """Find them by the compiled loop."""
        room = kinds.size // 2 + 1
        first, last, after, n_stops = np.empty((4, room), np.int64)
        strongest, count = np.empty(room, np.uint8), np.zeros(1, np.int64)
        loop(
            address(kinds, np.uint8), kinds.size,
            address(first, np.int64), address(last, np.int64), address(after, np.int64), address(strongest, np.uint8),
            address(n_stops, np.int64), address(count, np.int64),
        )  # fmt: skip
        n_runs = int(count[0])
        first, last, after, n_stops = (found[:n_runs].copy() for found in (first, last, after, n_stops))
        return cls(codes, kinds, first, last, after, strongest[:n_runs].copy(), n_stops)

    @classmethod
    def by_arrays(cls, codes: Codes, kinds: Kinds) -> Runs:
        """Find them by arrays."""
        members = np.flatnonzero(kinds >= marks.EXTENDER)
        if not members.size:
            none = np.zeros(0, np.intp)
            return cls(codes, kinds, none, none, none, kinds[:0], none)
        group = np.append(0, np.cumsum(np.diff(members) > 1))
        group_end = members[np.append(np.flatnonzero(np.diff(group)), members.size - 1)]
        is_stop = kinds[members] >= marks.DOT
        stops, group = members[is_stop], group[is_stop]
        begins = np.flatnonzero(np.diff(group, prepend=-1))
        n_stops = np.diff(np.append(begins, stops.size))
        strongest = np.maximum.reduceat(kinds[stops], begins) if begins.size else kinds[:0]
        dots = (strongest == marks.DOT) & (n_stops > 1)
        return cls(
            codes=codes,
            kinds=kinds,
            first=stops[begins],
            last=stops[begins + n_stops - 1],
            after=group_end[group[begins]] + 1,
            strongest=np.where(dots, marks.ELLIPSIS, strongest).astype(np.uint8),
            n_stops=n_stops,
        )

    @functools.cached_property
    def barriers(self) -> Positions:
        """The places of all stops and edges, which no bracket or quotation reaches across."""
        return np.flatnonzero((self.kinds == marks.EDGE) | (self.kinds >= marks.DOT))

    def skip_spaces(self, places: Positions) -> Positions:
        """Return the first places at or after ``places`` that hold no space."""
        return self._skip(places, 1)

    def skip_spaces_back(self, places: Positions) -> Positions:
        """Return the last places at or before ``places`` that hold no space."""
        return self._skip(places, -1)

    def _skip(self, places: Positions, step: int) -> Positions:
        """Return ``places`` (``intp[N]``), those on white space moved by ``step`` to the nearest that are not."""
        spaced = np.flatnonzero(self.kinds[places] == marks.SPACE)
        if not spaced.size:
            return places
        places = places.copy()
        places[spaced] += step  # white space is mostly one space
        wider = spaced[self.kinds[places[spaced]] == marks.SPACE]
        if wider.size:
            visible = np.flatnonzero(self.kinds != marks.SPACE)
            nearest = np.searchsorted(visible, places[wider])
            places[wider] = visible[nearest if step > 0 else nearest - 1]
        return places
