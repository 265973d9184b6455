"""Rows of the instances table as flat arrays: what a batch is before it is padded."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zhprep.core.ragged import sizes_of

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


def row_numbers(offsets: Integers) -> Integers:
    """Return for each token the row it is in."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
