"""Distinct pairs of symbols as arrays: what they are of, how often they stand in the text, and where.

Numbers are given in the order in which pairs are met; 0 stands for no pair.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


class Pairs:
    """``left``, ``right`` and ``count`` of each pair, int64[P] and room for more."""

    def __init__(self) -> None:
        self.left = np.zeros(1, np.int64)
        self.right = np.zeros(1, np.int64)
        self.count = np.zeros(1, np.int64)
        self._first = np.zeros(1, np.int64)
        self._n_places = np.zeros(1, np.int64)
        self._where = np.zeros(0, np.int64)
        self._n, self._n_where = 1, 0

    def add(self, keys: Ints, counts: Ints, where: Ints, n_each: Ints) -> Ints:
        """Add pairs ``left << 32 | right`` that were not there, and where each stands; return their numbers."""
        numbers = np.arange(self._n, self._n + len(keys))
        self._n += len(keys)
        self.left = _put(self.left, numbers, keys >> 32)
        self.right = _put(self.right, numbers, keys & 0xFFFFFFFF)
        self.count = _put(self.count, numbers, counts)
        self._first = _put(self._first, numbers, self._n_where + np.cumsum(n_each) - n_each)
        self._n_places = _put(self._n_places, numbers, n_each)
        self._where = _put(self._where, np.arange(self._n_where, self._n_where + len(where)), where)
        self._n_where += len(where)
        return numbers

    def counts(self) -> Ints:
        """Return the counts of all pairs there are."""
        return self.count[: self._n]

    def places(self, numbers: Ints) -> tuple[Ints, Ints]:
        """Return where each of ``numbers`` was when it was added, and which of them each place is of."""
        n = self._n_places[numbers]
        owner = np.repeat(np.arange(len(numbers)), n)
        return self._where[(self._first[numbers] - np.cumsum(n) + n)[owner] + np.arange(len(owner))], owner

    def with_symbol(self, symbol: int) -> Ints:
        """Return the pairs that stand somewhere and have ``symbol`` on a side."""
        n = self._n
        return np.flatnonzero(((self.left[:n] == symbol) | (self.right[:n] == symbol)) & (self.count[:n] > 0))


def grouped(keys: Ints, weights: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the distinct ``keys``, the sums of their weights, the order that groups them, and how many each has."""
    order = np.argsort(keys)
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate((np.ones(min(len(keys), 1), np.bool_), keys[1:] != keys[:-1])))
    sums = np.add.reduceat(weights[order], starts) if len(starts) else weights[:0]
    return keys[starts], sums, order, np.diff(np.append(starts, len(keys)))


def _put(array: Ints, places: Ints, values: Ints) -> Ints:
    """Set ``values`` at ``places`` (``int64[N]`` each), the last ones, in ``array`` or in a longer copy of it."""
    if len(places) and places[-1] >= len(array):
        array = np.concatenate((array, np.zeros(max(len(array), int(places[-1]) + 1 - len(array)), array.dtype)))
    array[places] = values
    return array
