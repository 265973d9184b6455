"""Arrays as sets of numbers, without the masked arrays that numpy imports to know one.

``np.unique``, and ``np.isin`` and ``np.union1d`` by way of it, import ``numpy.ma`` when they are first called: a
twenty-fifth of the time that a command takes on one line of text. What is here gives the same.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from zhprep.core.ragged import Array, Bools

_FIRST = 256
"""Up to here ids are the first of a vocabulary, where special tokens are; few in a text are so small."""


def distinct(values: Array) -> Array:
    """Return the distinct ones of integers ``[N]``, in order."""
    ordered = np.sort(values)
    new = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return ordered[new]


def among(values: Array, few: Iterable[int]) -> Bools:
    """Return which of integers ``[N]`` are one of a ``few``, ``bool[N]``."""
    found = np.zeros(values.shape, np.bool_)
    for one in few:
        found |= values == one
    return found


def marked(ids: Array, table: Bools) -> Bools:
    """Return ``table[ids]`` for ids ``[N]``, ``bool[N]``, in a third of its time where only ids of special tokens are
    marked. An id beyond the table is as the last of it."""
    marks = np.flatnonzero(table)
    last = int(marks[-1]) if len(marks) else -1
    if last >= min(_FIRST, len(table) - 1):
        return table.take(ids, mode="clip")
    flags: Bools = ids <= last
    some = np.flatnonzero(flags)
    flags[some] = table.take(ids[some], mode="clip")
    return flags
