"""The compiled loop as an engine's quick way, taken where it is there and the text is long enough to be worth it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zhprep.core.compiled import address, compiled
from zhprep.core.object_code import can_place
from zhprep.segment.jieba import loop
from zhprep.segment.jieba.dictionary import Dictionary
from zhprep.segment.jieba.hidden_markov import HiddenMarkov
from zhprep.segment.jieba.trie import Bools, Ids

_WORTH_LOADING, _WORTH_COMPILING = 1 if can_place() else 1 << 18, 1 << 22
"""Code points after which the code is loaded (a millisecond, or 40), and those after which it is made where it is not
there (5 s)."""


class FastCut:
    """Cuts with the tables of a dictionary and of a model (None: without it), once it has been asked often enough."""

    def __init__(self, dictionary: Dictionary, model: HiddenMarkov | None) -> None:
        self._dictionary, self._model = dictionary, model
        self._n_asked = 0
        self._cut: Callable[[Ids], Bools] | None = None

    def ends(self, points: Ids) -> Bools | None:
        """Return whether a word ends after each of ``points`` (uint32[N]); None where it is to be found otherwise."""
        asked, self._n_asked = self._n_asked, self._n_asked + len(points)
        for worth, compile_it in ((_WORTH_LOADING, False), (_WORTH_COMPILING, True)):
            if self._cut is None and asked < worth <= self._n_asked:
                self._cut = compiled_cut(self._dictionary, self._model, compile_it=compile_it)
        return None if self._cut is None else self._cut(points)


def compiled_cut(
    dictionary: Dictionary, model: HiddenMarkov | None, *, compile_it: bool = True
) -> Callable[[Ids], Bools] | None:
    """Return what says of code points (uint32[N]) whether a word ends after each; None where nothing is compiled."""
    function = compiled(loop.cut, loop.SIGNATURE, compile_it=compile_it)
    if function is None:
        return None
    tables, states = dictionary.arrays, {} if model is None else model.tables
    n_pairs, longest = len(tables["pairs"]), len(tables["bounds"]) + 1
    names = ("start", "from_other", "from_preferred", "emission")
    words = (
        address(tables["ids"], np.uint32), address(tables["singles"], np.float64), address(tables["alone"], np.bool_),
        address(tables["pairs"], np.uint32), n_pairs.bit_length() - 1,
        address(tables["edges"], np.uint64), address(tables["bounds"], np.int64), longest,
        address(tables["words"], np.uint64), address(tables["before"], np.uint32),
        address(tables["scores"], np.float64),
        *(address(states[name], np.float64) if states else None for name in names),
    )  # fmt: skip

    def cut(points: Ids) -> Bools:
        size, room = len(points), len(points) + 2
        ends = np.zeros(size, np.bool_)
        characters, (sizes, pairs, triples, places, others) = np.empty(room, np.uint32), np.empty((5, room), np.int32)
        choices, (twos, threes, sums) = np.empty(size, np.uint8), np.empty((3, room), np.float64)
        text = (address(points, np.uint32), size, address(ends, np.bool_), bool(states))
        numbers = (address(one, np.int32) for one in (sizes, pairs, triples, places, others))
        values = (address(one, np.float64) for one in (twos, threes, sums))
        function(*text, address(characters, np.uint32), *numbers, address(choices, np.uint8), *values, *words)
        return ends

    return cut
