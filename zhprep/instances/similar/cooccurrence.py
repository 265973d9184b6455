"""Count which words stand near one another.

In: batches of the ``words`` table, twice: for the words, then for the pairs. Out: the most frequent words, and a sparse
matrix of counts. Memory is bounded by the number of distinct pairs of frequent words.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.errors import DataError
from zhprep.core.ragged import Ints

WINDOW = 2
"""Words on each side that count as near: few, so that words that can stand for one another are similar, not topics."""

COMPACT = 8_000_000
"""Pairs that are held before equal ones are added up."""


@dataclasses.dataclass(frozen=True)
class Sparse:
    """A square sparse matrix: ``values`` at ``columns`` of each row; row *i* is ``offsets[i]:offsets[i + 1]``."""

    values: npt.NDArray[np.float64]
    columns: Ints
    offsets: Ints

    @property
    def rows(self) -> Ints:
        """The row of each value."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))


def frequent_words(batches: Iterable[pa.RecordBatch], most: int, least: int) -> list[str]:
    """Return the ``most`` frequent words that occur at least ``least`` times, by count and then by code point.

    Raises ``DataError`` when there are not two such words.
    """
    counts: Counter[str] = Counter()
    for batch in batches:
        counts.update(chain.from_iterable(_sentences(batch)))
    ranked = sorted((word for word, n in counts.items() if n >= least), key=lambda word: (-counts[word], word))
    if len(ranked) < 2:
        raise DataError(f"no two words occur {least} times", hint="give more text, or a lower --min-count")
    return ranked[:most]


def near_counts(batches: Iterable[pa.RecordBatch], words: list[str]) -> Sparse:
    """Return how often each of ``words`` stands within ``WINDOW`` words of each other one, both ways counted."""
    number = {word: place for place, word in enumerate(words)}
    codes, counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    waiting: list[Ints] = []
    for batch in batches:
        waiting += _pairs(batch, number)
        if sum(map(len, waiting)) > COMPACT:
            codes, counts = _added(codes, counts, waiting)
            waiting = []
    codes, counts = _added(codes, counts, waiting)
    first, second = np.divmod(codes, len(words))
    return _symmetric(first, second, counts, len(words))


def _pairs(batch: pa.RecordBatch, number: dict[str, int]) -> Iterator[Ints]:
    """Yield codes, ``int64[P]``, of pairs of words that stand 1, 2, … words apart in a sentence."""
    rows = [[number.get(word, -1) for word in words] + [-1] * WINDOW for words in _sentences(batch)]
    flat = np.fromiter(chain.from_iterable(rows), np.int64)
    for distance in range(1, WINDOW + 1):
        left, right = flat[:-distance], flat[distance:]
        known = (left >= 0) & (right >= 0)
        yield left[known] * len(number) + right[known]


def _sentences(batch: pa.RecordBatch) -> Iterator[list[str]]:
    sentences, ends = batch["sentences"].flatten().to_pylist(), batch["ends"].flatten().to_pylist()
    for sentence, row in zip(sentences, ends, strict=True):
        yield [sentence[start:stop] for start, stop in pairwise([0, *row])]


def _added(codes: Ints, counts: Ints, more: list[Ints]) -> tuple[Ints, Ints]:
    """Return codes of pairs and their counts, ``int64[P]`` each, with ``more`` of them added."""
    new, n = np.unique(np.concatenate([*more, codes[:0]]), return_counts=True)
    merged, place = np.unique(np.concatenate([codes, new]), return_inverse=True)
    total = np.zeros(len(merged), np.int64)
    np.add.at(total, place, np.concatenate([counts, n]))
    return merged, total


def _symmetric(first: Ints, second: Ints, counts: Ints, size: int) -> Sparse:
    """Return the counts (``int64[P]``) of pairs of words as a matrix of ``size`` rows that is equal to its
    transpose."""
    codes = np.concatenate([first * size + second, second * size + first])
    merged, place = np.unique(codes, return_inverse=True)
    values = np.bincount(place, np.concatenate([counts, counts]).astype(np.float64), len(merged)).astype(np.float64)
    rows, columns = np.divmod(merged, size)
    return Sparse(values, columns, np.searchsorted(rows, np.arange(size + 1)))
