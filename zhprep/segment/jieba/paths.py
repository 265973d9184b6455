"""The most probable path through the words of a dictionary, for a whole text at once.

In: text as numbers of characters. Out: after which characters a word of the path ends. Text falls into chunks, out of
which no word goes; nearly all are a character, or a word that nothing contests. The others are summed up, and
remembered if they are short.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zhprep.core.ragged import ranges
from zhprep.core.sets import distinct
from zhprep.segment.jieba.dictionary import Dictionary
from zhprep.segment.jieba.sums import block_ends, path_ends
from zhprep.segment.jieba.trie import CHARACTER_BITS, Bools, Ids, Keys, Places

_SHORT = 4  # characters of a chunk that fit into a key
_LONG = 24  # from here on, one block at a time is cheaper than a step of few elements for each character
_MEMORY_BITS = 17
_UNSURE = 1 << 7


class Paths:
    """Finds paths with one dictionary, and remembers those of short chunks."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._keys = np.zeros(1 << _MEMORY_BITS, np.uint64)
        self._answers = np.zeros(1 << _MEMORY_BITS, np.uint8)

    def ends(self, points: Ids, ids: Ids) -> tuple[Bools, Bools]:
        """Return for each character (``points`` and their ``ids``, uint32[N]) whether a word of the path ends after it,
        and whether a chunk does. A character with the number 0 is a word."""
        longest, contested = self._dictionary.trie.longest(ids)
        places = np.arange(len(ids) + 1, dtype=np.int32)
        chunk_ends = np.maximum.accumulate(longest + places[:-1]) == places[1:]
        lasts = np.flatnonzero(chunk_ends)
        sizes = np.diff(lasts, prepend=-1)
        chosen = np.flatnonzero(sizes > 1)
        starts, sizes = lasts[chosen] - sizes[chosen] + 1, sizes[chosen]
        chosen = np.flatnonzero(contested[starts] | (longest[starts] != sizes))
        starts, sizes = starts[chosen], sizes[chosen]
        ends = chunk_ends.copy()
        keys = _keys(ids, starts, sizes)
        answers, unknown = self._recall(keys, sizes)
        for offset in range(_SHORT - 1):
            ends[starts[answers & (1 << offset) != 0] + offset] = True
        unsure = self._solve(points, ids, starts[unknown], sizes[unknown], keys[unknown], ends)
        blocks = np.concatenate((unsure, starts[answers & _UNSURE != 0], starts[sizes >= _LONG]))
        if len(blocks):
            self._sum_blocks_up(points, ids, blocks, ends)
        return ends, chunk_ends

    def _recall(self, keys: Keys, sizes: Places) -> tuple[npt.NDArray[np.uint8], Places]:
        """Return the answers to chunks that are remembered, ``uint8[C]``, 0 for others, and which chunks are to be
        solved, ``int64[M]``."""
        slots = _slots(keys)
        known = (self._keys[slots] == keys) & (keys != 0)
        answers = np.where(known, self._answers[slots], np.uint8(0))
        return answers, np.flatnonzero(~known & (sizes < _LONG))

    def _solve(self, points: Ids, ids: Ids, starts: Places, sizes: Places, keys: Keys, ends: Bools) -> Places:
        """Write the ends of the words of chunks (``ends`` ``bool[N]``), and remember those of short ones; return the
        starts of unsure ones, ``int64[M]``."""
        offsets, inner, unsure = path_ends(self._dictionary, points, ids, starts, sizes)
        ends[ranges(starts, sizes)] |= inner[ranges(offsets[:-1], sizes)]
        short = np.flatnonzero(keys)
        answers = np.where(unsure[short], np.uint8(_UNSURE), np.uint8(0))
        for offset in range(_SHORT - 1):
            longer = np.flatnonzero(sizes[short] > offset + 1)
            answers[longer] |= inner[offsets[short[longer]] + offset].astype(np.uint8) << np.uint8(offset)
        # Of two keys for one slot the last stays; both arrays are written in the same order.
        slots = _slots(keys[short])
        self._keys[slots], self._answers[slots] = keys[short], answers
        return starts[unsure]

    def _sum_blocks_up(self, points: Ids, ids: Ids, places: Places, ends: Bools) -> None:
        """Write the ends of the words (``ends`` ``bool[N]``) of the blocks in which there is one of ``places``
        (``int64[M]``)."""
        outside = np.concatenate(([-1], np.flatnonzero(ids == 0), [len(ids)]))
        for block in distinct(outside.searchsorted(places)).tolist():
            inside = slice(int(outside[block - 1]) + 1, int(outside[block]))
            ends[inside] = block_ends(self._dictionary, points[inside], ids[inside])


def _keys(ids: Ids, starts: Places, sizes: Places) -> Keys:
    """Return a key (``uint64[C]``) for each chunk that is short enough, 0 for others: its characters. Chunks are
    ``sizes`` of ``ids`` (``[N]``) from ``starts`` on (both ``int64[C]``)."""
    keys = np.zeros(len(starts), np.uint64)
    for offset in range(_SHORT):
        inside = np.flatnonzero((sizes > offset) & (sizes <= _SHORT))
        keys[inside] |= ids[starts[inside] + offset].astype(np.uint64) << np.uint64(CHARACTER_BITS * offset)
    return keys


def _slots(keys: Keys) -> Places:
    """Return the slot of each key (``uint64[C]``) in the memory, ``int64[C]``."""
    slots: Places = (keys * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(64 - _MEMORY_BITS)).astype(np.int64)
    return slots
