"""Numbers for keys and for strings, looked up for whole arrays at once.

In: distinct keys, or the strings of a list. Out: the number of each one that is asked for, -1 for those not there. A
string of up to three characters is its own key; that of a longer one is a hash, so what it finds is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from zhprep.core.ragged import ranges
from zhprep.vocab import codepoints

Keys: TypeAlias = npt.NDArray[np.uint64]
Ints: TypeAlias = npt.NDArray[np.int64]

_SPREAD = 8  # places of the table for each key, so that hardly any stands elsewhere than at its home
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_EXACT = 3  # characters of 21 bits each
_BITS = 21
_HASHED = np.uint64(1 << 63)


class KeyTable:
    """Distinct ``keys`` (uint64[K], none 0) by open addressing."""

    def __init__(self, keys: Keys) -> None:
        bits = max(6, (_SPREAD * len(keys)).bit_length() - 1)
        self._shift = np.uint64(64 - bits)
        self._keys = np.zeros(1 << bits, np.uint64)
        self._numbers = np.full(1 << bits, -1, np.int32)
        waiting, places = np.arange(len(keys)), self._homes(keys)
        while len(waiting):
            free = waiting[self._keys[places[waiting]] == 0]
            self._keys[places[free]] = keys[free]  # of several for one place the last gets it
            waiting = waiting[self._keys[places[waiting]] != keys[waiting]]
            places[waiting] = (places[waiting] + 1) & (len(self._keys) - 1)
        self._numbers[places] = np.arange(len(keys))

    def find(self, keys: Keys) -> npt.NDArray[np.int32]:
        """Return the number of each key (uint64[N], none 0), -1 for those that are not there: int32[N]."""
        places = self._homes(keys)
        there = self._keys.take(places)
        numbers = self._numbers.take(places)
        waiting = np.flatnonzero((there != keys) & (there != 0))
        numbers[waiting] = -1
        while len(waiting):
            places[waiting] = (places[waiting] + 1) & (len(self._keys) - 1)
            there = self._keys[places[waiting]]
            hit = there == keys[waiting]
            numbers[waiting[hit]] = self._numbers[places[waiting[hit]]]
            waiting = waiting[~hit & (there != 0)]
        return numbers

    def _homes(self, keys: Keys) -> Ints:
        """Return the place in which to look first for each key (``uint64[N]``), ``int64[N]``."""
        homes: Ints = (keys * _FACTOR >> self._shift).view(np.int64)
        return homes


class StringTable:
    """Distinct strings, none empty. Raises ``ValueError`` where two have one hash."""

    def __init__(self, strings: Sequence[str]) -> None:
        self._points, offsets = codepoints.flat(list(strings))
        self._starts, self._sizes = offsets[:-1], np.diff(offsets)
        self.longest = int(self._sizes.max(initial=0))
        keys = self._keys(self._points, self._starts, self._sizes)
        if len(np.unique(keys)) < len(keys):
            raise ValueError("two strings have one hash")
        self._table = KeyTable(keys)

    def find(self, points: codepoints.Points, starts: Ints, sizes: Ints) -> npt.NDArray[np.int32]:
        """Return the numbers of the strings ``points[start : start + size]``, -1 for those not there: int32[N]."""
        numbers = self._table.find(self._keys(points, starts, sizes))
        doubtful = np.flatnonzero((numbers >= 0) & (sizes > _EXACT))
        if len(doubtful):
            known = numbers[doubtful]
            same = sizes[doubtful] == self._sizes[known]
            doubtful, known, wrong = doubtful[same], known[same], doubtful[~same]
            numbers[wrong] = -1
            of_each = sizes[doubtful]
            mine, theirs = ranges(starts[doubtful], of_each), ranges(self._starts[known], of_each)
            differ = np.flatnonzero(points[mine] != self._points[theirs])
            numbers[doubtful.repeat(of_each)[differ]] = -1
        return numbers

    def _keys(self, points: codepoints.Points, starts: Ints, sizes: Ints) -> Keys:
        """Return the keys of strings ``uint64[N]``; of those longer than any here, of their beginnings."""
        keys = points[starts].astype(np.uint64) + np.uint64(1)
        places = np.flatnonzero(sizes > 1)
        for k in range(1, self.longest + 1):
            more = points[starts[places] + k].astype(np.uint64) + np.uint64(1)
            if k < _EXACT:
                keys[places] |= more << np.uint64(_BITS * k)
            else:
                keys[places] = keys[places] * _FACTOR + more | _HASHED
            places = places[sizes[places] > k + 1]
        return keys
