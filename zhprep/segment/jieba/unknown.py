"""Cut again what the most probable path left single, as ``jieba.finalseg`` does.

In: characters, and where words of the path end. Out: where words end. A run of two single characters or more is cut
again, unless it is itself a word of the dictionary (less probable than its characters): Chinese by the hidden Markov
model, the rest by a regular expression.
"""

from __future__ import annotations

import re

import numpy as np

from zhprep.segment.jieba.dictionary import FIRST, LAST, Dictionary
from zhprep.segment.jieba.hidden_markov import HiddenMarkov
from zhprep.segment.jieba.trie import Bools, Ids, Places

_RUN = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")  # jieba.finalseg.re_skip
_N_REMEMBERED = 1 << 16


class UnknownWords:
    """Finds the words of runs of single characters."""

    def __init__(self, dictionary: Dictionary, model: HiddenMarkov) -> None:
        self._dictionary, self._model = dictionary, model
        self._cuts_of: dict[bytes, list[int]] = {}

    def cut_again(self, points: Ids, ids: Ids, ends: Bools, chunk_ends: Bools) -> None:
        """Write into ``ends`` (bool[N]) where the words of the text ``points``, ``ids`` (uint32[N]) end, of which it
        holds those of the path; no word of the dictionary goes across ``chunk_ends`` (bool[N])."""
        single = ends & (ids != 0)
        single[1:] &= ends[:-1]
        starts, stops = runs(single)
        several = stops - starts > 1
        single[starts[~several]] = False
        starts, stops = starts[several], stops[several]
        inside = np.flatnonzero(~chunk_ends[starts])  # only these may be words
        words = inside[self._dictionary.holds(ids, starts[inside], (stops - starts)[inside])]
        for start, stop in zip(starts[words].tolist(), stops[words].tolist(), strict=True):
            single[start:stop] = False
        chinese = single & (points >= FIRST) & (points <= LAST)
        starts, stops = runs(chinese)
        self._model.mark_ends(points, starts, stops - starts, ends)
        self._cut_latin(points, single & ~chinese, ends)

    def _cut_latin(self, points: Ids, single: Bools, ends: Bools) -> None:
        """Write the ends (``bool[N]``) of the words of runs of letters, digits and signs, which are ``single``
        (``bool[N]``)."""
        starts, stops = runs(single)
        ends[single] = False
        ends[stops - 1] = True
        signs = np.flatnonzero(single & ~is_alphanumeric(points))
        mixed = np.unique(starts.searchsorted(signs, "right") - 1)
        for start, stop in zip(starts[mixed].tolist(), stops[mixed].tolist(), strict=True):
            ends[[start + cut for cut in self._cuts(points[start:stop].tobytes())]] = True

    def _cuts(self, run: bytes) -> list[int]:
        """Return the place of the last character of each piece of a run (its code points in 4 bytes each)."""
        cuts = self._cuts_of.get(run)
        if cuts is None:
            lengths = [len(piece) for piece in _RUN.split(run.decode("utf-32-le")) if piece]
            cuts = (np.cumsum(lengths) - 1).tolist()
            if len(self._cuts_of) < _N_REMEMBERED:
                self._cuts_of[run] = cuts
        return cuts


def join_latin(points: Ids, ids: Ids, ends: Bools) -> None:
    """Clear ``ends`` between single letters and digits, as jieba does without the model."""
    single = ends & (ids != 0) & is_alphanumeric(points)
    single[1:] &= ends[:-1]
    ends[:-1] &= ~(single[:-1] & single[1:])


def is_alphanumeric(points: Ids) -> Bools:
    """Return which code points are ASCII letters or digits."""
    lower = points | 0x20
    letters: Bools = (lower >= ord("a")) & (lower <= ord("z"))
    letters |= (points >= ord("0")) & (points <= ord("9"))
    return letters


def runs(flags: Bools) -> tuple[Places, Places]:
    """Return where each run of True begins and where it stops."""
    edges = np.flatnonzero(flags[1:] != flags[:-1]) + 1
    if len(flags) and flags[0]:
        edges = np.concatenate(([0], edges))
    if len(flags) and flags[-1]:
        edges = np.concatenate((edges, [len(flags)]))
    return edges[::2], edges[1::2]
