"""Rows of the instances table as flat arrays: what a batch is before it is padded."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zhprep.instances.ragged import sizes_of

Integers = npt.NDArray[np.int64]


class Ragged(NamedTuple):
    """A list column: all ``values`` one row after another, and ``offsets`` int64 ``[B+1]`` of the rows in them."""

    values: npt.NDArray[Any]
    offsets: Integers

    def row(self, number: int) -> npt.NDArray[Any]:
        """Return one row, a view."""
        return self.values[self.offsets[number] : self.offsets[number + 1]]


@dataclasses.dataclass(frozen=True)
class Rows:
    """Some instances: list columns by name, and plain columns by name (``[B]``)."""

    lists: dict[str, Ragged]
    plain: dict[str, npt.NDArray[Any]]

    @property
    def tokens(self) -> Ragged:
        """The column ``input_ids``, whose rows say how long each instance is."""
        return self.lists["input_ids"]

    def __len__(self) -> int:
        return len(self.tokens.offsets) - 1

    @property
    def lengths(self) -> Integers:
        """Tokens in each row."""
        return sizes_of(self.tokens.offsets)


def offsets_of(lengths: npt.NDArray[np.integer]) -> Integers:
    """Return where rows of these lengths begin and end when they follow one another (int64 ``[B+1]``)."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def places(begins: npt.NDArray[np.integer], lengths: npt.NDArray[np.integer]) -> Integers:
    """Return ``begin, begin + 1, … begin + length - 1`` of each pair, one after another."""
    offsets = offsets_of(lengths)
    return np.repeat(np.asarray(begins, np.int64) - offsets[:-1], lengths) + np.arange(offsets[-1])


def numbers_within(offsets: Integers) -> Integers:
    """Return for each token its number within its row."""
    return places(np.zeros(len(offsets) - 1, np.int64), np.diff(offsets))


def row_numbers(offsets: Integers) -> Integers:
    """Return for each token the row it is in."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
