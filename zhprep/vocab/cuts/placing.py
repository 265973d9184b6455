"""The tokens of a chunk in their order, with the places they have in their sentences.

In: a chunk that is cut up, and the tokens of its runs. Out: :class:`Encoded`, by arrays or by the compiled loop
(``emit``), where that is there.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.compiled import Kernel, Loop, address
from zhprep.vocab.cuts import emit
from zhprep.vocab.cuts.cut import Cut
from zhprep.vocab.runs import RunTokens, spread

Ids = npt.NDArray[Any]
Places = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Encoded:
    """The tokens of a batch of sentences.

    ``ids`` (uint16 if the vocabulary fits, else int32)[T]; ``starts`` and ``stops`` int32[T], the code
    points of its sentence that a token stands for; ``sentence_offsets`` int64[S+1] into the three.
    ``n_specials_in_text`` is how many special tokens stood in the text and were encoded as the characters they are.
    """

    ids: Ids
    starts: Places
    stops: Places
    sentence_offsets: Ints
    n_specials_in_text: int = 0


class Placing:
    """Puts tokens in their places; ids below ``space`` are tokens, ``run`` marks the code points of runs."""

    def __init__(self, space: int, run: int) -> None:
        self._space, self._run = space, run
        self._kernel = Kernel(emit.emit, emit.SIGNATURE)

    def placed(self, cut: Cut, found: RunTokens | None, offsets: Ints) -> Encoded:
        """Return the tokens of ``cut``, of whose runs ``found`` are (None: it has none); sentences begin and end at
        ``offsets`` (int64[S+1])."""
        loop = self._kernel.get(len(cut.codes))
        if loop is not None:
            return by_loop(loop, cut, found, offsets, self._space)
        return by_arrays(cut, found, offsets, self._space, self._run)


def by_loop(loop: Loop, cut: Cut, found: RunTokens | None, offsets: Ints, space: int) -> Encoded:
    """Return the tokens as the compiled loop finds them."""
    none = np.empty(0, np.int64)
    runs = found or RunTokens(none, none.astype(np.int32), none, none)
    codes = cut.codes.astype(np.int32, copy=False)
    most = len(codes) + len(runs.ids)
    ids, begins, ends = np.empty((3, most), np.int32)
    sentence_offsets = np.empty(len(offsets), np.int64)
    reach, run_ids = none if cut.reach is None else cut.reach, runs.ids.astype(np.int32)
    loop(
        address(codes, np.int32), address(offsets, np.int64), len(offsets) - 1, space,
        address(reach, np.int64), cut.reach is not None,
        address(cut.starts, np.int64), address(cut.stops, np.int64), address(runs.n_tokens, np.int64), len(cut.starts),
        address(run_ids, np.int32), address(runs.starts, np.int64), address(runs.stops, np.int64),
        address(ids, np.int32), address(begins, np.int32), address(ends, np.int32), address(sentence_offsets, np.int64),
    )  # fmt: skip
    n_tokens = int(sentence_offsets[-1])
    return Encoded(ids[:n_tokens].astype(cut.codes.dtype), begins[:n_tokens], ends[:n_tokens], sentence_offsets)


def by_arrays(cut: Cut, found: RunTokens | None, offsets: Ints, space: int, run: int) -> Encoded:
    """Return the tokens by arrays."""
    keep = cut.codes < space
    if found is None:
        position = np.flatnonzero(keep)
        return _encoded(cut.codes[position], position, _stops(cut, position), position, offsets)
    room = np.minimum(found.n_tokens, cut.stops - cut.starts)
    keep[spread(cut.starts, room)] = True
    position = _with_extra(np.flatnonzero(keep), found.n_tokens - room, cut.stops - 1)
    in_run = np.flatnonzero(cut.codes[position] == run)
    ids = cut.codes[position]
    ids[in_run] = found.ids
    begin, end = position.copy(), _stops(cut, position)
    origin = np.repeat(cut.starts, found.n_tokens)
    begin[in_run] = origin + found.starts
    end[in_run] = origin + found.stops
    return _encoded(ids, begin, end, position, offsets)


def _stops(cut: Cut, position: Ints) -> Ints:
    """Return where the tokens that begin at ``position`` (``int64[T]``) stop, ``int64[T]``."""
    return position + 1 if cut.reach is None else cut.reach[position]


def _with_extra(position: Ints, extra: Ints, last: Ints) -> Ints:
    """Return ``position`` (``int64[T]``) with ``last[i]`` repeated ``extra[i]`` times more (``int64[R]`` each): runs
    with more tokens than characters."""
    if not extra.any():
        return position
    more = np.repeat(last, extra)
    return np.insert(position, np.searchsorted(position, more), more)


def _encoded(ids: Ids, begin: Ints, end: Ints, position: Ints, offsets: Ints) -> Encoded:
    """Return tokens ``[T]`` with places in their sentences; ``position`` ``int64[T]``, in order, is within the sentence
    of each token, ``offsets`` ``int64[S + 1]`` are those of the sentences."""
    sentence_offsets = np.searchsorted(position, offsets)
    origin = np.repeat(offsets[:-1], np.diff(sentence_offsets))
    return Encoded(ids, (begin - origin).astype(np.int32), (end - origin).astype(np.int32), sentence_offsets)
