"""Rows of the instances table as flat arrays: what a batch is before it is padded."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zhprep.core.ragged import offsets_of, sizes_of

Integers = npt.NDArray[np.int64]


class Ragged(NamedTuple):
    """A list column: all ``values`` one row after another, and ``offsets`` int64 ``[B+1]`` of the rows in them."""

    values: npt.NDArray[Any]
    offsets: Integers

    def row(self, number: int) -> npt.NDArray[Any]:
        """Return one row, a view."""
        return self.values[self.offsets[number] : self.offsets[number + 1]]

    def slice(self, first: int, last: int) -> Ragged:
        """Return the rows ``first`` to ``last - 1``, their values a view."""
        offsets = self.offsets[first : last + 1]
        return Ragged(self.values[offsets[0] : offsets[-1]], offsets - offsets[0])

    @classmethod
    def joined(cls, parts: Sequence[Ragged]) -> Ragged:
        """Return the rows of ``parts``, one after another."""
        if len(parts) == 1:
            return parts[0]
        sizes = np.concatenate([sizes_of(part.offsets) for part in parts])
        return cls(np.concatenate([part.values for part in parts]), offsets_of(sizes))


@dataclasses.dataclass(frozen=True)
class Rows:
    """Some instances: list columns, and plain ones: a number for each row (``[B]``) or masked token (``[M]``)."""

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

    def only(self, columns: Collection[str]) -> Rows:
        """Return the same rows with no other columns than ``columns``, in their order."""
        lists = {name: self.lists[name] for name in columns if name in self.lists}
        return Rows(lists, {name: self.plain[name] for name in columns if name in self.plain})

    def having(self, others: Rows) -> Rows:
        """Return the same rows with the columns of ``others`` put over theirs."""
        return Rows({**self.lists, **others.lists}, {**self.plain, **others.plain})

    def slice(self, first: int, last: int) -> Rows:
        """Return the rows ``first`` to ``last - 1``; all plain columns are of rows."""
        lists = {name: column.slice(first, last) for name, column in self.lists.items()}
        return Rows(lists, {name: values[first:last] for name, values in self.plain.items()})


def row_numbers(offsets: Integers) -> Integers:
    """Return for each token the row it is in."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
