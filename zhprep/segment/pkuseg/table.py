"""A map from 64-bit keys to 32-bit values in two flat arrays, asked for many keys at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Values = npt.NDArray[np.int32]

_EMPTY = np.uint64(2**64 - 1)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class FeatureTable:
    """Open addressing with linear probing; ``keys`` and ``values`` have a power of two of slots.

    The arrays are the whole state, so a table can be mapped from a file.
    """

    def __init__(self, keys: Keys, values: Values) -> None:
        self.keys = keys
        self.values = values
        self._shift = np.uint64(64 - (len(keys).bit_length() - 1))
        self._last = len(keys) - 1

    @classmethod
    def build(cls, keys: Keys, values: Values) -> FeatureTable:
        """Return a table that maps each of ``keys`` (distinct, not 2**64 - 1) to its value."""
        size = 1 << max(4, int(2 * len(keys) - 1).bit_length())
        table = cls(np.full(size, _EMPTY, np.uint64), np.full(size, -1, np.int32))
        slots = table._slots(keys)
        waiting = np.arange(len(keys))
        while len(waiting):
            free = waiting[table.keys[slots[waiting]] == _EMPTY]
            table.keys[slots[free]] = keys[free]  # of several for one slot the last gets it
            table.values[slots[free]] = values[free]
            waiting = waiting[table.keys[slots[waiting]] != keys[waiting]]
            slots[waiting] = (slots[waiting] + 1) & table._last
        return table

    def find(self, keys: Keys) -> Values:
        """Return the value of each key, -1 where there is none."""
        slots = self._slots(keys)
        there = self.keys[slots]
        found = np.where(there == keys, self.values[slots], np.int32(-1))
        waiting = np.flatnonzero((there != keys) & (there != _EMPTY))
        while len(waiting):
            slots[waiting] = (slots[waiting] + 1) & self._last
            there = self.keys[slots[waiting]]
            hit = there == keys[waiting]
            found[waiting[hit]] = self.values[slots[waiting[hit]]]
            waiting = waiting[~hit & (there != _EMPTY)]
        return found

    def _slots(self, keys: Keys) -> npt.NDArray[np.int64]:
        """Return the slot of each key (``uint64[N]``), ``int64[N]``."""
        return (keys * _GOLDEN >> self._shift).astype(np.int64)
