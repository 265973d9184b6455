"""Arithmetic on ragged arrays: rows of unequal length laid end to end, with offsets.

In: numpy arrays of starts, sizes and offsets. Out: flat indices and counts, with no loop over rows.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Array: TypeAlias = npt.NDArray[Any]


def offsets_of(sizes: npt.NDArray[np.integer] | Bools) -> Ints:
    """Return the offsets ``int64[n + 1]`` of rows of these sizes."""
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets


def rows_of(column: pa.ListArray) -> Ints:
    """Return the offsets of a list column, from 0."""
    offsets: Ints = column.offsets.to_numpy().astype(np.int64)
    offsets -= offsets[0]
    return offsets


def sizes_of(offsets: Ints) -> Ints:
    """Return the sizes ``int64[n]`` of the rows with these offsets."""
    return offsets[1:] - offsets[:-1]  # np.diff takes three times as long over a few rows


def ranges(starts: Ints, sizes: Ints) -> Ints:
    """Return ``start, start + 1, …`` for every row, end to end: ``int64[sum(sizes)]``."""
    ends = sizes.cumsum()
    flat: Ints = (starts - ends + sizes).repeat(sizes)
    flat += np.arange(len(flat))
    return flat


def counts_within(positions: Ints, offsets: Ints) -> Ints:
    """Return how many of the sorted ``positions`` fall in each row."""
    return sizes_of(positions.searchsorted(offsets))
