"""A table of similar words as arrays of token ids, looked up for a whole batch at once.

In: word, similar word and score, one pair per line. Out: for the chosen words of a batch the ids of a
similar word of as many tokens.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from zhprep.core import rng
from zhprep.core.ragged import Array, Ints, offsets_of, ranges


@dataclasses.dataclass(frozen=True)
class SimilarTable:
    """``K`` words with similar words of the same number of tokens.

    ``hashes`` ``uint64[K]``, sorted, names a word by its tokens; ``words`` are these tokens, ``offsets``
    ``int64[K + 1]``. The similar words of word ``k`` are rows of ``sizes[k]`` tokens in ``similar``, from ``firsts[k]``
    on, ``counts[k]`` of them.
    """

    hashes: rng.Bits
    words: Ints
    offsets: Ints
    similar: Ints
    firsts: Ints
    counts: Ints

    @property
    def sizes(self) -> Ints:
        """Tokens of each word, ``int64[K]``."""
        return np.diff(self.offsets)

    def find(self, ids: Array, starts: Ints, sizes: Ints) -> Ints:
        """Return for each run of tokens its row in the table, or -1."""
        if not len(self.hashes) or not len(starts):
            return np.full(len(starts), -1, np.int64)
        tokens = ids[ranges(starts, sizes)].astype(np.int64)
        wanted = hash_runs(tokens, sizes)
        rows = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        same = (self.hashes[rows] == wanted) & (self.sizes[rows] == sizes)
        result = np.where(same, rows, -1)
        result[~_equal(tokens, sizes, self.words, self.offsets, result)] = -1
        return result

    def pick(self, rows: Ints, draws: rng.Bits) -> Ints:
        """Return the tokens of one similar word for each of ``rows``, end to end."""
        sizes = self.sizes[rows]
        which = rng.below(draws, np.maximum(self.counts[rows], 1))
        return self.similar[ranges(self.firsts[rows] + which * sizes, sizes)]


def make_table(words: list[npt.NDArray[np.int64]], similar: list[list[npt.NDArray[np.int64]]]) -> SimilarTable:
    """Return the table of ``words`` (tokens) and their ``similar`` words, but for those of another length."""
    fitting = [
        [other for other in others if len(other) == len(word)] for word, others in zip(words, similar, strict=True)
    ]
    rows = [row for row, others in enumerate(fitting) if others and len(words[row])]
    sizes = np.array([len(words[row]) for row in rows], np.int64)
    flat = np.concatenate([words[row] for row in rows] or [np.zeros(0, np.int64)]).astype(np.int64)
    hashes = hash_runs(flat, sizes)
    order = np.argsort(hashes, kind="stable")
    rows = [rows[place] for place in order.tolist()]
    sizes = sizes[order]
    counts = np.array([len(fitting[row]) for row in rows], np.int64)
    return SimilarTable(
        hashes=hashes[order],
        words=np.concatenate([words[row] for row in rows] or [np.zeros(0, np.int64)]).astype(np.int64),
        offsets=offsets_of(sizes),
        similar=np.concatenate([np.concatenate(fitting[row]) for row in rows] or [np.zeros(0, np.int64)]).astype(
            np.int64
        ),
        firsts=offsets_of(sizes * counts)[:-1],
        counts=counts,
    )


def hash_runs(tokens: Ints, sizes: Ints) -> rng.Bits:
    """Return a 64-bit hash of each run of tokens (assembled end to end, none empty)."""
    if not len(sizes):
        return np.zeros(0, np.uint64)
    places = ranges(np.zeros(len(sizes), np.int64), sizes)
    mixed = rng.bits(tokens.astype(np.uint64), places + 1)
    return np.add.reduceat(mixed, offsets_of(sizes)[:-1])


def _equal(tokens: Ints, sizes: Ints, words: Ints, offsets: Ints, rows: Ints) -> npt.NDArray[np.bool_]:
    """Return True where a run of tokens (``sizes`` ``int64[R]`` of ``tokens``) is just the word of its row in the
    table, ``bool[R]``."""
    found = rows >= 0
    result = np.zeros(len(rows), np.bool_)
    if found.any():
        runs = sizes[found]
        ours = tokens[ranges(offsets_of(sizes)[:-1][found], runs)]
        theirs = words[ranges(offsets[rows[found]], runs)]
        result[found] = np.logical_and.reduceat(ours == theirs, offsets_of(runs)[:-1])
    return result
