"""The compiled loop as an engine's quick way, taken where it is there and the text is long enough to be worth it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zhprep.core.compiled import address, compiled
from zhprep.core.object_code import can_place
from zhprep.segment.jieba import loop
from zhprep.segment.jieba.dictionary import Dictionary
from zhprep.segment.jieba.hidden_markov import HiddenMarkov
from zhprep.segment.jieba.trie import Bools, Ids

_WORTH_LOADING, _WORTH_COMPILING = 1 if can_place() else 1 << 18, 1 << 22
"""Code points after which the code is loaded (a millisecond, or 40), and those after which it is made where it is not
there (5 s)."""

_ROOM = 1 << 14
"""Code points of a window for which there is room at first; a block of as many is hardly text."""


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

    spare = [_Room.of(_ROOM)]

    def cut(points: Ids) -> Bools:
        ends, wanted = np.zeros(len(points), np.bool_), np.zeros(1, np.int64)
        room = spare.pop() if spare else _Room.of(_ROOM)  # of two threads each has its own
        function(
            address(points, np.uint32), len(points), address(ends, np.bool_), bool(states),
            *room.addresses(), address(wanted, np.int64), *words,
        )  # fmt: skip
        spare.append(room if not wanted[0] else _Room.of(2 * int(wanted[0])))
        return cut(points) if wanted[0] else ends

    return cut


class _Room(NamedTuple):
    """Room for what is found out of a window: ``characters`` uint32[R], ``numbers`` int32[5, R], ``choices`` uint8[R],
    ``values`` float64[3, R] (``loop_tables`` says of what)."""

    characters: Ids
    numbers: npt.NDArray[np.int32]
    choices: npt.NDArray[np.uint8]
    values: npt.NDArray[np.float64]

    @classmethod
    def of(cls, size: int) -> _Room:
        """Return room for windows of up to ``size`` code points."""
        return cls(
            np.empty(size, np.uint32), np.empty((5, size), np.int32), np.empty(size, np.uint8), np.empty((3, size))
        )

    def addresses(self) -> Iterator[int]:
        """Yield what the loop is told: where each array lies, and how much room there is."""
        yield address(self.characters, np.uint32)
        yield from (address(one, np.int32) for one in self.numbers)
        yield address(self.choices, np.uint8)
        yield from (address(one, np.float64) for one in self.values)
        yield len(self.characters)
