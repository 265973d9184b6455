"""Word vectors from counts alone, and the nearest words.

In: how often words stand near one another. Out: vectors (positive pointwise mutual information, truncated by a
randomised singular value decomposition: Levy, Goldberg and Dagan 2015; Halko, Martinsson and Tropp 2011), and for each
word the most similar ones of the same length.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from zhprep.core import rng
from zhprep.core.ragged import Ints
from zhprep.instances.similar.cooccurrence import Sparse

Matrix = npt.NDArray[np.float64]
Similar = tuple[str, str, float]

SMOOTHING = 0.75
"""Power of the counts of contexts: rare ones would count too much."""

OVERSAMPLING, ITERATIONS, ROWS = 10, 2, 1024


def count_vectors(counts: Sparse, dimensions: int, seed: int = 0) -> Matrix:
    """Return a vector per word, ``float64[N, dimensions]`` (fewer if there are fewer words)."""
    return _truncated(positive_information(counts), dimensions, seed)


def positive_information(counts: Sparse) -> Sparse:
    """Return the positive pointwise mutual information of each pair; pairs without any are left out."""
    rows = counts.rows
    size = len(counts.offsets) - 1
    sums = np.bincount(rows, counts.values, size)
    contexts = sums**SMOOTHING
    total = contexts.sum()
    values = np.log(counts.values * total / (sums[rows] * contexts[counts.columns]))
    kept = values > 0
    offsets = np.concatenate([[0], np.cumsum(kept)])[counts.offsets]
    return Sparse(values[kept], counts.columns[kept], offsets)


def nearest(words: list[str], vectors: Matrix, most: int, least: float) -> Iterator[Similar]:
    """Yield ``(word, similar word, cosine)``: at most so many for each word, best first, none below ``least``.

    Only words of as many characters are compared, and Chinese ones only with Chinese ones.
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(norms == 0, 1, norms)
    groups: dict[tuple[int, bool], list[int]] = {}
    for place, word in enumerate(words):
        groups.setdefault((len(word), _is_chinese(word)), []).append(place)
    for members in groups.values():
        yield from _nearest_within(words, unit, np.array(members), most, least)


def _nearest_within(words: list[str], unit: Matrix, members: Ints, most: int, least: float) -> Iterator[Similar]:
    """Yield the nearest words of each of ``members`` (``int64[M]``, rows of ``unit`` ``float64[W, D]``) among them."""
    for first in range(0, len(members), ROWS):
        rows = members[first : first + ROWS]
        cosines = unit[rows] @ unit[members].T
        cosines[np.arange(len(rows)), np.arange(first, first + len(rows))] = -2  # not itself
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :most]
        for row, places, found in zip(rows.tolist(), order, np.take_along_axis(cosines, order, 1), strict=True):
            for place, cosine in zip(places.tolist(), found.tolist(), strict=True):
                if cosine >= least:
                    yield words[row], words[int(members[place])], cosine


def _is_chinese(word: str) -> bool:
    return all("㐀" <= character <= "鿿" or character >= "\U00020000" for character in word)


def _truncated(matrix: Sparse, dimensions: int, seed: int) -> Matrix:
    """Return the left singular vectors, each scaled by the root of its singular value: ``float64[W, dimensions]``."""
    size = len(matrix.offsets) - 1
    wide = min(dimensions + OVERSAMPLING, size)
    signs = rng.bits(rng.keys(seed, "vectors", np.arange(size))[:, None], np.arange(wide)) >> np.uint64(63)
    basis = _product(matrix, signs.astype(np.float64) * 2 - 1)
    flipped = _transposed(matrix)
    for _ in range(ITERATIONS):
        basis = _product(matrix, np.linalg.qr(_product(flipped, np.linalg.qr(basis)[0]))[0])
    basis = np.linalg.qr(basis)[0]
    left, values, _ = np.linalg.svd(_product(flipped, basis).T, full_matrices=False)
    vectors: Matrix = (basis @ left * np.sqrt(values))[:, :dimensions]
    return vectors


def _product(matrix: Sparse, dense: Matrix) -> Matrix:
    """Return the product of a sparse matrix and a dense one (``float64[W, D]``), some rows at a time: ``float64[W,
    D]``."""
    size = len(matrix.offsets) - 1
    result = np.zeros((size, dense.shape[1]))
    for first in range(0, size, ROWS):
        offsets = matrix.offsets[first : first + ROWS + 1]
        part = slice(offsets[0], offsets[-1])
        filled = np.flatnonzero(np.diff(offsets))
        if len(filled):
            terms = matrix.values[part, None] * dense[matrix.columns[part]]
            result[first + filled] = np.add.reduceat(terms, offsets[filled] - offsets[0], axis=0)
    return result


def _transposed(matrix: Sparse) -> Sparse:
    order = np.argsort(matrix.columns, kind="stable")
    size = len(matrix.offsets) - 1
    offsets = np.searchsorted(matrix.columns[order], np.arange(size + 1))
    return Sparse(matrix.values[order], matrix.rows[order], offsets)
