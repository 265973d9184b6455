"""Pairs of segments: random draws for them by address, and cutting them to length.

In: pairs as token ranges. Out: arrays, shortened by Google's rule (from the longer segment, a random end).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zhprep.core import rng
from zhprep.core.ragged import Ints

_AHEAD = 512
_DRAWS = 4


class PairList:
    """The pairs made so far, and four random draws for each next one, addressed by its instance id."""

    def __init__(self, seed: int, purpose: str, first_id: int) -> None:
        self._seed, self._purpose, self._first_id = seed, purpose, first_id
        self._rows: list[tuple[int, int, int, int]] = []
        self._labels: list[int] = []
        self._ahead: list[list[int]] = []

    def draws(self) -> list[int]:
        """Return 64 random bits for each of four decisions about the next pair."""
        number = len(self._rows)
        if number % _AHEAD == 0:
            self._ahead = self._bits(number)
        return self._ahead[number % _AHEAD]

    def add(self, a_start: int, a_stop: int, b_start: int, b_stop: int, label: int) -> None:
        """Add a pair of token ranges."""
        self._rows.append((a_start, a_stop, b_start, b_stop))
        self._labels.append(label)

    def keys(self, n: int) -> rng.Bits:
        """Return the keys of the first ``n`` pairs."""
        return rng.keys(self._seed, self._purpose, self._first_id + np.arange(n))

    def arrays(self) -> tuple[Ints, npt.NDArray[np.uint8]]:
        """Return the ranges ``int64[n, 4]`` and the labels ``uint8[n]``."""
        return np.array(self._rows, np.int64).reshape(-1, 4), np.array(self._labels, np.uint8)

    def _bits(self, first: int) -> list[list[int]]:
        keys = rng.keys(self._seed, self._purpose, self._first_id + first + np.arange(_AHEAD))
        rows: list[list[int]] = rng.bits(keys[:, None], np.arange(_DRAWS)).tolist()
        return rows


def shorten(borders: Ints, spans: Ints, room: int, keys: rng.Bits) -> tuple[Ints, Ints]:
    """Cut pairs to ``room`` tokens: always from the longer segment, at either end with equal chance.

    ``spans`` is ``int64[n, 4]``. The new ends are then drawn in to word ``borders``. Returns the spans and
    how many tokens each segment lost, ``int64[n, 2]``.
    """
    spans = spans.copy()
    sizes = spans[:, 1::2] - spans[:, ::2]
    rows = np.flatnonzero(sizes.sum(axis=1) > room)
    if not len(rows):
        return spans, np.zeros_like(sizes)
    surplus = sizes[rows].sum(axis=1) - room
    lead = sizes[rows, 0] - sizes[rows, 1]
    alone = np.minimum(surplus, np.abs(lead))  # taken from the longer one until both are equal
    both = surplus - alone
    lost = np.stack([np.where(lead > 0, alone, 0) + both // 2, np.where(lead < 0, alone, 0) + (both + 1) // 2])
    for side in (0, 1):
        front = _heads(keys[rows], lost[side], side)
        start = spans[rows, 2 * side] + front
        stop = spans[rows, 2 * side + 1] - (lost[side] - front)
        spans[rows, 2 * side], spans[rows, 2 * side + 1] = _whole_words(borders, start, stop)
    return spans, sizes - (spans[:, 1::2] - spans[:, ::2])


def _heads(keys: rng.Bits, tosses: Ints, side: int) -> Ints:
    """Return how many of so many tosses (``int64[n]``) of a coin are heads, ``int64[n]``."""
    heads = np.zeros(len(tosses), np.int64)
    for word in range(int(tosses.max(initial=0) + 63) // 64):
        use = np.clip(tosses - 64 * word, 0, 64)
        bits = rng.bits(keys, _DRAWS + 2 * word + side) & _ones(use)
        heads += np.bitwise_count(bits)
    return heads


def _ones(n: Ints) -> rng.Bits:
    """Return words whose lowest ``n`` bits (``int64[n]``, 0 to 64) are set: ``uint64[n]``."""
    full = np.uint64(2**64 - 1)
    return np.where(n > 0, full >> np.minimum(64 - n, 63).astype(np.uint64), np.uint64(0))


def _whole_words(borders: Ints, start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """Draw ranges (``int64[n]`` each) in to word borders, where that leaves anything."""
    inner_start = borders[np.searchsorted(borders, start)]
    inner_stop = borders[np.searchsorted(borders, stop, side="right") - 1]
    some = inner_start < inner_stop
    return np.where(some, inner_start, start), np.where(some, inner_stop, stop)
