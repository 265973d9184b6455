"""Find strings of a list in text: from the left, of those that begin at one place the longest.

In: a list of strings, and text as code points. Out: where they stand, and which they are. All places are followed at
once, a character more at each step, as long as what was read may be the beginning of a string, by its hash; what may be
one is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CodePoints = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_LAST = 0xFFFF  # stands for itself and for all code points beyond it
_SPARSE = 16  # places of a table for each beginning
_MOST_BITS = 22
_FIRST = np.uint32(0x9E3779B1)
_FACTOR = np.uint32(0x85EBCA77)


class Found(NamedTuple):
    """A phrase in the text: its first character, where it stops, and its number in the list."""

    start: int
    stop: int
    number: int


class Phrases:
    """The strings of a list, each of two characters or more (others are never found), none twice."""

    def __init__(self, phrases: Iterable[str]) -> None:
        texts = {number: phrase.encode("utf-32-le") for number, phrase in enumerate(phrases) if len(phrase) > 1}
        self._numbers = {text: number for number, text in texts.items()}
        beginnings = {text[:size] for text in self._numbers for size in range(8, len(text) + 1, 4)}
        self._shift = np.uint32(32 - min(_MOST_BITS, (_SPARSE * len(beginnings)).bit_length()))
        self._begins = np.zeros(_LAST + 1, np.bool_)
        self._may_begin, self._may_be = np.zeros((2, 1 << 32 - int(self._shift)), np.bool_)
        firsts = np.frombuffer(b"".join(text[:4] for text in self._numbers), np.uint32)
        self._begins[np.minimum(firsts, _LAST)] = True
        self._may_begin[self._places(beginnings)] = True
        self._may_be[self._places(self._numbers)] = True

    def __len__(self) -> int:
        return len(self._numbers)

    def find(self, code_points: CodePoints, stops: Places | None = None, edges: Bools | None = None) -> Iterator[Found]:
        """Yield the phrases of the text (uint32[N]), which do not overlap.

        None goes across one of the places ``stops`` (int64[S], rising), and each begins and stops where ``edges``
        (bool[N + 1]) allows.
        """
        free = 0
        for start, stop in self._likely(code_points, stops, edges):
            number = self._numbers.get(code_points[start:stop].tobytes()) if start >= free else None
            if number is not None:
                yield Found(start, stop, number)
                free = stop

    def _likely(self, code_points: CodePoints, stops: Places | None, edges: Bools | None) -> Iterator[tuple[int, int]]:
        """Return where phrases may begin and stop in the text (``uint32[C]``), among which are all that do: by place,
        the longest first. ``edges`` ``bool[C + 1]``."""
        starts = np.flatnonzero(self._begins.take(code_points, mode="clip"))
        if edges is not None:
            starts = starts[edges[starts]]
        limits = np.full(len(starts), len(code_points)) if stops is None else stops[stops.searchsorted(starts, "right")]
        hashes = code_points[starts] * _FIRST
        found_starts, found_stops = [starts[:0]], [starts[:0]]
        size = 1
        while len(starts):
            more = np.flatnonzero(starts + size < limits)
            starts, limits = starts[more], limits[more]
            hashes = (hashes[more] + code_points[starts + size]) * _FACTOR
            going = self._may_begin.take(hashes >> self._shift)
            starts, limits, hashes = starts[going], limits[going], hashes[going]
            size += 1
            whole = self._may_be.take(hashes >> self._shift)
            if edges is not None:
                whole &= edges[starts + size]
            found_starts.append(starts[whole])
            found_stops.append(starts[whole] + size)
        begin, stop = np.concatenate(found_starts), np.concatenate(found_stops)
        order = np.lexsort((-stop, begin))
        return zip(begin[order].tolist(), stop[order].tolist(), strict=True)

    def _places(self, texts: Iterable[bytes]) -> CodePoints:
        """Return the place in a table of each text, ``uint32[N]``."""
        hashes = []
        for text in texts:
            points = np.frombuffer(text, np.uint32).tolist()
            value = points[0] * int(_FIRST)
            for point in points[1:]:
                value = (value + point) * int(_FACTOR) & 0xFFFFFFFF
            hashes.append(value)
        return np.array(hashes, np.uint32) >> self._shift
