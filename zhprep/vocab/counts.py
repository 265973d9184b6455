"""Distinct pieces with 64-bit counts; the counts of blocks, tasks and machines add up by key."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core import arrow
from zhprep.core.errors import DataError

SCHEMA = pa.schema([pa.field("piece", pa.string()), pa.field("count", pa.int64())])
AT_ONCE = 1 << 20
TOTALS = ("documents", "sentences", "characters")

Amounts = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Counts:
    """Distinct pieces: ``table`` (piece, count) sorted by bytes; ``totals`` says what was read.

    ``by_word`` is True when the pieces are words of a segmenter.
    """

    table: pa.Table
    totals: dict[str, int]
    by_word: bool = False

    def as_dict(self) -> dict[str, int]:
        """Return the pieces and their counts as a dict, in order."""
        return dict(zip(self.table["piece"].to_pylist(), self.table["count"].to_pylist(), strict=True))

    @classmethod
    def from_dict(
        cls, pieces: dict[str, int], totals: dict[str, int] | None = None, *, by_word: bool = False
    ) -> Counts:
        """Make a table of pieces and their counts."""
        tally = Tally(pa.string())
        tally.add(pa.array(list(pieces), pa.string()), pa.array(list(pieces.values()), pa.int64()))
        return cls.from_tally(tally, totals or dict.fromkeys(TOTALS, 0), by_word=by_word)

    @classmethod
    def from_tally(cls, tally: Tally, totals: dict[str, int], *, by_word: bool = False) -> Counts:
        """Make a table of the strings that were counted."""
        pieces, amounts = tally.result()
        order = arrow.call("array_sort_indices", pieces)
        columns = [arrow.call("take", pieces, order), arrow.array_of(amounts[order.to_numpy()])]
        return cls(pa.table(columns, schema=SCHEMA), totals, by_word)


class Tally:
    """How often each key was added; memory stays at a few times the distinct keys, whatever their number."""

    def __init__(self, kind: pa.DataType) -> None:
        self._kind = kind
        self._known: pa.Array = pa.array([], kind)
        self._amounts = np.zeros(0, np.int64)
        self._new: list[tuple[list[pa.Array], Amounts]] = []
        self._n_new = 0

    def add(self, keys: pa.Array | pa.ChunkedArray, amounts: Any) -> None:
        """Add ``amounts[i]`` (integers, of Arrow or numpy) to the count of ``keys[i]``."""
        chunks = keys.chunks if isinstance(keys, pa.ChunkedArray) else [keys]
        self._new.append((chunks, np.asarray(amounts, np.int64)))
        self._n_new += len(keys)
        if self._n_new > max(AT_ONCE, len(self._known)):
            self._add_up()

    def add_each(self, keys: pa.Array) -> None:
        """Add one to the count of each of ``keys``."""
        self.add(*arrow.call("value_counts", keys).flatten())

    def result(self) -> tuple[pa.Array, Amounts]:
        """Return the distinct keys, in no order, and their counts, ``int64[K]``."""
        self._add_up()
        return self._known, self._amounts

    def _add_up(self) -> None:
        """By numbering the keys: to group a table by them, Arrow imports ``pyarrow.compute``."""
        if not self._n_new:
            return
        keys = [self._known, *(chunk for chunks, _ in self._new for chunk in chunks)]
        numbered = arrow.call("dictionary_encode", pa.chunked_array(keys, self._kind))  # all chunks by one dictionary
        numbers = np.concatenate([chunk.indices.to_numpy() for chunk in numbered.chunks])
        self._known = numbered.chunk(numbered.num_chunks - 1).dictionary
        before, self._amounts = self._amounts, np.zeros(len(self._known), np.int64)
        np.add.at(self._amounts, numbers, np.concatenate([before, *(amounts for _, amounts in self._new)]))
        self._new, self._n_new = [], 0


def merge(parts: Iterable[Counts]) -> Counts:
    """Add up counts by piece; neither the order nor the number of the parts matters.

    Raises ``DataError`` when some count words and others do not.
    """
    tally, totals = Tally(pa.string()), dict.fromkeys(TOTALS, 0)
    units = set()
    for part in parts:
        units.add(part.by_word)
        tally.add(part.table["piece"], part.table["count"])
        for name in TOTALS:
            totals[name] += part.totals.get(name, 0)
    if len(units) > 1:
        raise DataError(
            "some counts are of words and some of plain text",
            hint="give build-vocab either segmented input or plain text",
        )
    return Counts.from_tally(tally, totals, by_word=True in units)
