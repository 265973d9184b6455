"""The hidden Markov model with which jieba finds unknown words, for many runs at once.

In: runs of characters that the dictionary left single. Out: after which of them a word ends.
Same parameters, same float64 operations in the same order and the same choice between equal paths
as ``jieba.finalseg``, so that the result is the same to the last tie. States are B, M, E, S: begin,
middle, end of a word, single.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from zhprep.core.bundled import code_of
from zhprep.core.mapped import Arrays, mapped_arrays
from zhprep.segment.jieba.dictionary import FIRST, LAST
from zhprep.segment.jieba.package import import_jieba, package_file, sha256

_STATES = "BMES"
_IMPOSSIBLE = -3.14e100
_LONG = 48  # from here on, one run at a time is cheaper than many arrays of few elements
_TOGETHER = 4096  # runs decoded together: their arrays stay in the cache

# Each state has two states that may come before it. jieba takes the maximum of pairs (probability,
# letter of the state), so of two equal ones the letter later in the alphabet wins: it stands second.
_BEFORE = (("E", "S"), ("B", "M"), ("B", "M"), ("E", "S"))
_OTHER = np.array([_STATES.index(pair[0]) for pair in _BEFORE])
_PREFERRED = np.array([_STATES.index(pair[1]) for pair in _BEFORE])


def jieba_model() -> HiddenMarkov:
    """Return the model with jieba's parameters."""

    def make() -> Arrays:
        model = import_jieba("jieba.finalseg")
        return tables_of(model.start_P, model.trans_P, model.emit_P)

    return HiddenMarkov(mapped_arrays("jieba-hmm", source(), make))


def source() -> str:
    """Return what decides the tables of jieba's model, in hashes."""
    folder = package_file("finalseg")
    hashes = (sha256(folder / f"prob_{name}.py") for name in ("start", "trans", "emit"))
    return " ".join([code_of("segment/jieba/hidden_markov.py", "segment/jieba/dictionary.py"), *hashes])


def tables_of(
    start: Mapping[str, float],
    transition: Mapping[str, Mapping[str, float]],
    emission: Mapping[str, Mapping[str, float]],
) -> Arrays:
    """Return the logarithms of probabilities as arrays: of a start and of a step from each of the two states that may
    come before (all float64[4, 1]), and of characters (float64[4, LAST - FIRST + 1])."""
    steps = [[transition[before].get(state, _IMPOSSIBLE) for before in _BEFORE[i]] for i, state in enumerate(_STATES)]
    emitted = np.full((len(_STATES), LAST - FIRST + 1), _IMPOSSIBLE)
    for i, state in enumerate(_STATES):
        for character, probability in emission[state].items():
            if FIRST <= ord(character) <= LAST:
                emitted[i, ord(character) - FIRST] = probability
    return {
        "start": np.array([[start[state]] for state in _STATES]),
        "from_other": np.array([[pair[0]] for pair in steps]),
        "from_preferred": np.array([[pair[1]] for pair in steps]),
        "emission": emitted,
    }


class HiddenMarkov:
    """Viterbi decoding of many runs of Chinese characters, with the arrays that :func:`tables_of` gives."""

    def __init__(self, tables: Arrays) -> None:
        self.tables = tables
        self._start, self._emission = tables["start"], tables["emission"]
        self._from_other, self._from_preferred = tables["from_other"], tables["from_preferred"]

    def mark_ends(
        self,
        code_points: npt.NDArray[np.uint32],
        starts: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        ends_word: npt.NDArray[np.bool_],
    ) -> None:
        """Write into ``ends_word`` (bool per code point) where the words of each run end.

        Runs (``starts``, ``lengths``: int64[R], each at least 1) hold characters FIRST..LAST only
        and do not overlap; everything outside them is left as it is.
        """
        short = lengths < _LONG
        for start, length in zip(starts[~short].tolist(), lengths[~short].tolist(), strict=True):
            ends_word[start : start + length] = self._one(code_points[start : start + length])
        starts, lengths = starts[short], lengths[short]
        if not len(starts):
            return
        order = np.argsort(-lengths, kind="stable")
        for i in range(0, len(order), _TOGETHER):
            some = order[i : i + _TOGETHER]
            self._many(code_points, starts[some], lengths[some], ends_word)
        ends_word[starts + lengths - 1] = True

    def _many(
        self,
        code_points: npt.NDArray[np.uint32],
        starts: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        ends_word: npt.NDArray[np.bool_],
    ) -> None:
        """Decode runs of ``lengths`` (``int64[R]``, falling, so that those still going are always a prefix) that begin
        at ``starts`` (``int64[R]``) of ``code_points`` (``uint32[N]``); write ``ends_word`` (``bool[N]``)."""
        n_steps = int(lengths[0])
        active = len(lengths) - np.searchsorted(lengths[::-1], np.arange(n_steps), side="right")
        values = self._start + self._emission.take(code_points[starts].astype(np.int64) - FIRST, axis=1)
        chosen: list[npt.NDArray[np.bool_]] = []
        state = np.empty(len(lengths), np.int64)
        for step in range(1, n_steps + 1):
            n = int(active[step]) if step < n_steps else 0
            # Runs that end here: the better of E and S, S if they are equal.
            state[n : values.shape[1]] = np.where(values[3, n:] >= values[2, n:], 3, 2)
            if n == 0:
                break
            values = values[:, :n]
            emitted = self._emission.take(code_points[starts[:n] + step].astype(np.int64) - FIRST, axis=1)
            other = values[_OTHER] + self._from_other + emitted
            preferred = values[_PREFERRED] + self._from_preferred + emitted
            chosen.append(preferred >= other)
            values = np.maximum(other, preferred)
        for step in range(n_steps - 1, -1, -1):
            n = int(active[step])
            ends_word[starts[:n] + step] = state[:n] >= 2
            if step:
                take = chosen[step - 1][state[:n], np.arange(n)]
                state[:n] = np.where(take, _PREFERRED[state[:n]], _OTHER[state[:n]])

    def _one(self, code_points: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """Decode one long run, ``uint32[N]``, step by step; return whether a word ends after each character,
        ``bool[N]``."""
        emission = self._emission[:, code_points.astype(np.int64) - FIRST].T.tolist()
        arcs = list(
            zip(
                _OTHER.tolist(),
                self._from_other[:, 0].tolist(),
                _PREFERRED.tolist(),
                self._from_preferred[:, 0].tolist(),
                strict=True,
            )
        )
        values = [start + emitted for start, emitted in zip(self._start[:, 0].tolist(), emission[0], strict=True)]
        back = []
        for emitted_here in emission[1:]:
            following, before = [], []
            for (other, from_other, preferred, from_preferred), emitted in zip(arcs, emitted_here, strict=True):
                left = values[other] + from_other + emitted
                right = values[preferred] + from_preferred + emitted
                following.append(max(left, right))
                before.append(preferred if right >= left else other)
            values = following
            back.append(before)
        state = 3 if values[3] >= values[2] else 2
        states = [state]
        for before in reversed(back):
            state = before[state]
            states.append(state)
        ends: npt.NDArray[np.bool_] = np.array(states[::-1]) >= 2
        ends[-1] = True
        return ends
