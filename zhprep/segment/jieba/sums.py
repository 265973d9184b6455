"""Which words of a text are the most probable, by the same sums in float64 as jieba's ``calc``.

In: chunks, stretches of text that no word goes into or out of. Out: where words end in them. The rounding of a sum
depends on all that follows in the block; where two sums are so near that it may decide, the chunk is unsure, and its
block is to be summed up whole, as jieba does.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from zhprep.core.ragged import offsets_of, ranges
from zhprep.segment.jieba.dictionary import Dictionary
from zhprep.segment.jieba.trie import Bools, FoundWords, Ids, Places

_MARGIN = 1e-6  # far more than the rounding of the sum of any block
_SIZE_BITS, _PLACE_BITS = 12, 30


def path_ends(
    dictionary: Dictionary, points: Ids, ids: Ids, starts: Places, sizes: Places
) -> tuple[Places, Bools, Bools]:
    """Sum up chunks of the text ``points``, ``ids`` (uint32[N]), laid end to end with a gap after each: return their
    offsets there (int64[C + 1]), whether a word ends after each character, and which chunks are unsure (bool[C])."""
    offsets = offsets_of(sizes + 1)
    if not len(starts):
        return offsets, np.zeros(0, np.bool_), np.zeros(0, np.bool_)
    there, taken = ranges(offsets[:-1], sizes), ranges(starts, sizes)
    flat_points, flat_ids = np.zeros((2, int(offsets[-1])), np.uint32)
    flat_points[there], flat_ids[there] = points[taken], ids[taken]
    choices, unsure = _backwards(dictionary.words(flat_points, flat_ids), offsets)
    ends = np.zeros(len(flat_ids), np.bool_)
    at, stops = offsets[:-1], offsets[1:] - 1
    while len(at):
        at = at + choices[at]
        ends[at - 1] = True
        going = at < stops
        at, stops = at[going], stops[going]
    return offsets, ends, np.logical_or.reduceat(unsure, offsets[:-1])


def block_ends(dictionary: Dictionary, points: Ids, ids: Ids) -> Bools:
    """Return whether a word ends after each character of one block (uint32[N])."""
    words = dictionary.words(points, ids)
    order = np.lexsort((words.sizes, words.places))[::-1]
    best, choices = [-np.inf] * len(ids) + [0.0], [1] * len(ids)
    rows = zip(words.places[order].tolist(), words.sizes[order].tolist(), words.scores[order].tolist(), strict=True)
    for place, size, score in rows:
        total = score + best[place + size]
        if total > best[place]:  # the longest come first, and stay where others are as good
            best[place], choices[place] = total, size
    ends, at = np.zeros(len(ids), np.bool_), 0
    while at < len(ids):
        at += choices[at]
        ends[at - 1] = True
    return ends


def _backwards(words: FoundWords, offsets: Places) -> tuple[Places, Bools]:
    """Return the length of the best word at each place of chunks with these ``offsets`` (``int64[C+1]``), ``int64[N]``,
    and whether another is as good but for ``_MARGIN``, ``bool[N]``. Of equal ones the longest is the best."""
    left = offsets[1:][offsets.searchsorted(words.places, "right") - 1] - 1 - words.places
    order = np.argsort((left << _PLACE_BITS | words.places) << _SIZE_BITS | words.sizes)
    places, sizes, scores = words.places[order], words.sizes[order], words.scores[order]
    bounds = left[order].searchsorted(np.arange(1, left.max(initial=0) + 2)).tolist()
    best, choices = np.zeros(int(offsets[-1])), np.ones(int(offsets[-1]), np.int64)
    unsure = np.zeros(int(offsets[-1]), np.bool_)
    for first, stop in pairwise(bounds):
        here, long = places[first:stop], sizes[first:stop]
        sums = scores[first:stop] + best[here + long]
        groups = np.flatnonzero(np.diff(here, prepend=-1))
        counts = np.diff(groups, append=len(here))
        highest = np.maximum.reduceat(sums, groups)
        above = highest.repeat(counts)
        at = here[groups]
        best[at] = highest
        choices[at] = np.maximum.reduceat(np.where(sums == above, long, 0), groups)
        unsure[at] = np.add.reduceat(sums > above - _MARGIN, groups, dtype=np.int64) > 1
    return choices, unsure
