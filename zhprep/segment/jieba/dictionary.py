"""jieba's dictionary as tables.

A character has a number: 0 outside jieba's blocks, where no word goes across, and one number in common for all that
stand in no word of two characters or more. A score is ``log(frequency) - log(total)`` as jieba computes it, to the last
bit. The tables are made once and mapped (``core.mapped``); jieba's own cache, a file in the world-writable temporary
folder that it reads back with ``marshal``, is neither read nor written.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from zhprep.core.mapped import Arrays
from zhprep.segment.jieba.trie import WORD, Bools, Edges, Floats, FoundWords, Ids, Places, Scores, Trie

FIRST, LAST = 0x4E00, 0x9FD5
"""The characters that jieba takes for Chinese."""

N_POINTS = 0x10000
"""Code points that a table of characters has a place for; the last, at which nothing is, stands for all beyond."""


class Dictionary:
    """The words of jieba, perhaps with a user's: ``ids`` (uint32[65536]) numbers characters by code point, ``singles``
    (float64[65536]) are their scores by themselves, ``alone`` (bool[65536]) says which are words; ``arrays`` are all of
    its tables (see ``tables``)."""

    def __init__(self, arrays: Arrays) -> None:
        self.ids: Ids = arrays["ids"]
        self.singles: Floats = arrays["singles"]
        self.alone: Bools = arrays["alone"]
        deeper = (arrays["edges"][first:stop] for first, stop in pairwise(arrays["bounds"].tolist()))
        self.trie = Trie(
            [Edges(arrays["pairs"]), *map(Edges, deeper)], Scores(arrays["words"], arrays["before"], arrays["scores"])
        )
        self.arrays = arrays

    def knows(self, word: str) -> bool:
        """Return whether ``word`` is a word."""
        points = np.frombuffer(word.encode("utf-32-le"), np.uint32)
        if len(points) < 2:
            return bool(self.alone.take(points, mode="clip").any())
        return bool(self.holds(self.ids.take(points, mode="clip"), np.zeros(1, np.int64), np.array([len(points)]))[0])

    def holds(self, ids: Ids, starts: Places, sizes: Places) -> Bools:
        """Return which of the runs of ``ids``, each of at least two characters, are words."""
        flags, _ = self.trie.find(ids, starts, sizes)
        found: Bools = flags & WORD != 0
        return found

    def words(self, points: Ids, ids: Ids) -> FoundWords:
        """Return the words that begin at each character: those of one character where these are words or where there is
        no other."""
        longer = self.trie.words(ids)
        alone = self.alone.take(points, mode="clip")
        alone |= np.bincount(longer.places, minlength=len(ids)) == 0
        places = np.flatnonzero(alone & (ids != 0))
        return FoundWords(
            np.concatenate((places, longer.places)),
            np.concatenate((np.ones(len(places), np.int64), longer.sizes)),
            np.concatenate((self.singles[points[places]], longer.scores)),
        )
