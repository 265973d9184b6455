"""Texts with masks in a blank, cut on both sides to fit: which tokens are kept, and where they go.

In: the two sides of each blank as tokens. Out: rows of what is kept of the left side, masks, what is kept of the right
one; for models that read two granularities in both, cut at the same places of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from zhprep.collate.rows import Integers
from zhprep.core.ragged import offsets_of, ranges, sizes_of
from zhprep.evaluate.granularities import CoarseTexts
from zhprep.vocab import Encoded


class Around(NamedTuple):
    """``N`` rows of what is kept of two sides, with ``n_masks`` masks between: where it begins among all tokens of its
    side, and how many tokens it is (int64 ``[N]`` for each side)."""

    firsts: tuple[Integers, Integers]
    kept: tuple[Integers, Integers]
    n_masks: int

    @property
    def offsets(self) -> Integers:
        """Where rows begin and end (int64 ``[N + 1]``)."""
        return offsets_of(self.kept[0] + self.n_masks + self.kept[1])

    @property
    def begins(self) -> tuple[Integers, Integers]:
        """Where each side begins among the tokens of all rows (int64 ``[N]``)."""
        return self.offsets[:-1], self.offsets[1:] - self.kept[1]

    def filled(self, sides: Sequence[Integers], mask: int) -> Integers:
        """Return the rows (int64 ``[T]``) made of columns of both sides, and ``mask`` between."""
        values = np.full(self.offsets[-1], mask, np.int64)
        for side, first, begin, size in zip(sides, self.firsts, self.begins, self.kept, strict=True):
            values[ranges(begin, size)] = side[ranges(first, size)]
        return values

    def encoded(self, sides: Sequence[Encoded], mask: int) -> Encoded:
        """Return the rows as encoded texts, whose tokens are nowhere in them."""
        nowhere = np.zeros(self.offsets[-1], np.int32)
        return Encoded(self.filled([side.ids for side in sides], mask), nowhere, nowhere, self.offsets)


def kept_of(left: Integers, right: Integers, room: int) -> tuple[Integers, Integers]:
    """Return how many of ``left`` and ``right`` tokens to keep in ``room``: half of it each, or what the other side
    leaves (int64 ``[N]``)."""
    kept = np.minimum(left, np.maximum(room - right, room // 2))
    return kept, np.minimum(right, room - kept)


def around(sides: Sequence[Encoded], n_masks: int, room: int) -> Around:
    """Return rows of at most ``room`` tokens with as much of both sides as there is room for."""
    left, right = (side.sentence_offsets for side in sides)
    kept = kept_of(sizes_of(left), sizes_of(right), room - n_masks)
    return Around((left[1:] - kept[0], right[:-1]), kept, n_masks)


def coarse_around(
    fine: Around, encoded: Sequence[Encoded], sides: Sequence[CoarseTexts], n_masks: int, room: int
) -> tuple[Around, Integers]:
    """Return rows of the coarse tokens that the ``fine`` ones of the sides are in, and for each token of the fine rows
    the place of its coarse one among those of all rows (int64 ``[T]``); the masks of both lie against each other."""
    rows = np.arange(len(fine.offsets) - 1)
    extents = [
        side.extent(rows, first, size, one.sentence_offsets[1:])
        for side, one, first, size in zip(sides, encoded, fine.firsts, fine.kept, strict=True)
    ]
    kept = kept_of(extents[0][1], extents[1][1], room - n_masks)
    coarse = Around((extents[0][0] + extents[0][1] - kept[0], extents[1][0]), kept, n_masks)
    steps = np.arange(fine.n_masks) * n_masks // max(fine.n_masks, 1)
    of = np.zeros(fine.offsets[-1], np.int64)
    masks = ranges(fine.offsets[:-1] + fine.kept[0], np.full(len(rows), fine.n_masks))
    of[masks] = ((coarse.offsets[:-1] + coarse.kept[0])[:, None] + steps).reshape(-1)
    for side, first, size, begin, coarse_first, coarse_begin in zip(
        sides, fine.firsts, fine.kept, fine.begins, coarse.firsts, coarse.begins, strict=True
    ):
        of[ranges(begin, size)] = side.of[ranges(first, size)] + np.repeat(coarse_begin - coarse_first, size)
    lengths = sizes_of(fine.offsets)
    bounds = [np.repeat(bound, lengths) for bound in (coarse.offsets[:-1], coarse.offsets[1:] - 1)]
    return coarse, np.clip(of, *bounds)  # beyond where a side has more coarse tokens than there is room for
