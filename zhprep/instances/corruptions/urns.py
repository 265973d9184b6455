"""Random gaps and random divisions of a number, for a whole batch at once.

In: a key, a number of things and a number of gaps per instance. Out: the gap of each thing. The things are
dropped one after another, and the next may come to lie on either side of each that lies there already (Pólya's urn). So
every way in which like things may lie in the gaps has the same chance, at one draw for each of them.
"""

from __future__ import annotations

import numpy as np

from zhprep.core import rng
from zhprep.core.ragged import Ints, offsets_of

_LOW = np.int64(0xFFFFFFFF)


def drop(keys: rng.Bits, first: int, counts: Ints, n_gaps: Ints) -> Ints:
    """Return the gaps, from 0, that ``counts`` ``int64[B]`` things drop into, ``int64[sum(counts)]`` in the order of
    dropping.

    ``first`` is the index of the first draw, and ``n_gaps`` ``int64[B]`` are at least 1 where something is dropped.
    """
    offsets = offsets_of(counts)
    base = np.repeat(offsets[:-1], counts)
    gaps = np.repeat(n_gaps, counts)
    number = np.arange(offsets[-1]) - base
    slots = rng.below(rng.bits(np.repeat(keys, counts), first + number), gaps + number)
    lies_with = np.where(slots < gaps, base + number, base + slots - gaps)
    while not np.array_equal(further := lies_with[lies_with], lies_with):
        lies_with = further
    return slots[lies_with]


def divide(keys: rng.Bits, first: int, totals: Ints, parts: Ints) -> Ints:
    """Return ``parts`` ``int64[B]`` sizes of at least 1 that add up to ``totals`` ``int64[B]``, end to end: every way
    to divide has the same chance."""
    spare = totals - parts
    walls = np.maximum(parts - 1, 0)
    rows = np.repeat(np.arange(len(parts)), walls)
    gaps = np.sort(rows << 32 | drop(keys, first, walls, spare + 1)) & _LOW
    last = np.cumsum(parts)[parts > 0] - 1
    ends = np.empty(int(parts.sum()), np.int64)
    inner = np.ones(len(ends), np.bool_)
    inner[last] = False
    ends[inner] = gaps
    ends[last] = spare[parts > 0]
    sizes = np.diff(ends, prepend=0)
    starts = offsets_of(parts)[:-1][parts > 0]
    sizes[starts] = ends[starts]
    return sizes + 1
