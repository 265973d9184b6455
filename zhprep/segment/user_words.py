"""The words of a user's dictionary: whole where the segmenter cannot see them, and counted.

jieba cuts at every character that is neither Chinese nor of ``a-zA-Z0-9+#&._%-`` before it looks anything up, so that
迈克尔·乔丹, 《三体》 or ``Blue Leaf认证`` in its dictionary never match; other segmenters cut at spaces, or take no
dictionary. Such entries are whole words wherever they stand, the longest from the left, but never with half of a Latin
word or number (``5‰盐水`` is not in 15‰盐水). What else the segmenter made stays, less what lies in an entry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from zhprep.core.phrases import Phrases
from zhprep.core.report import Account
from zhprep.segment.sentences import SEPARATOR, Sentences

Bools = npt.NDArray[np.bool_]


class UserWords:
    """A user's list of words; those that the segmenter does not itself ``match`` are forced, all if it matches none."""

    def __init__(self, name: str, words: Sequence[str], match: Callable[[str], bool] | None) -> None:
        self.name = name
        self._n_entries = len(words)
        self._numbers: dict[str, list[int]] = {}
        for number, word in enumerate(words):
            self._numbers.setdefault(word, []).append(number)
        self._forced = Phrases(word for word in self._numbers if SEPARATOR not in word and not (match and match(word)))
        self._begins = np.zeros(0x110000, np.bool_)
        self._begins[[ord(word[0]) for word in self._numbers]] = True

    @property
    def any_forced(self) -> bool:
        """Whether the segmenter needs help with any entry."""
        return len(self._forced) > 0

    def force(self, text: Sentences, marks: Bools) -> None:
        """Set and clear ``marks`` (bool[N + 1]) so that forced words are words."""
        for start, stop, _ in self._forced.find(text.code_points, edges=_edges(text.code_points)):
            marks[start + 1 : stop] = False
            marks[[start, stop]] = True

    def count(self, text: Sentences, marks: Bools, account: Account) -> None:
        """Note in ``account`` which entries are among the words that end at ``marks`` (bool[N + 1])."""
        edges = np.flatnonzero(marks)
        starts, stops = edges[:-1], edges[1:]
        some = self._begins.take(text.code_points.take(starts))
        slices = map(slice, starts[some].tolist(), stops[some].tolist())
        found = set(map(text.text.__getitem__, slices)) & self._numbers.keys()
        account.match(self.name, self._n_entries, chain.from_iterable(map(self._numbers.__getitem__, found)))


def _edges(code_points: npt.NDArray[np.uint32]) -> Bools:
    """Return where a forced word may begin and stop (bool[N + 1]): not between two Latin letters or digits."""
    lower = code_points | 0x20
    latin = (lower >= ord("a")) & (lower <= ord("z")) | (code_points >= ord("0")) & (code_points <= ord("9"))
    edges = np.ones(len(code_points) + 1, np.bool_)
    edges[1:-1] = ~(latin[:-1] & latin[1:])
    return edges
