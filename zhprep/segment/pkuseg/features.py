"""Scores of every tag at every character, summed in pkuseg's order.

In: nodes (uint16[N]), 0 between fragments. Out: float64[N, tags].
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from zhprep.segment.pkuseg.nodes import SEPARATOR
from zhprep.segment.pkuseg.table import FeatureTable

Nodes = npt.NDArray[np.uint16]
Ids = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

WORD_LENGTHS = (6, 5, 4, 3, 2)  # in the order in which pkuseg looks


class Features:
    """The tables of a converted model."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        self._arrays = {name: np.asarray(array) for name, array in arrays.items()}
        self._pairs = FeatureTable(arrays["pair_keys"], arrays["pair_values"])  # type: ignore[arg-type]
        self._steps = FeatureTable(arrays["step_keys"], arrays["step_values"])  # type: ignore[arg-type]
        self._word_pairs = FeatureTable(arrays["word_pair_keys"], arrays["word_pair_values"])  # type: ignore[arg-type]

    def scores(self, nodes: Nodes) -> Floats:
        """Return the score of every tag at every node; those at separators mean nothing."""
        padded = np.concatenate((np.zeros(2, np.uint16), nodes, np.zeros(2, np.uint16)))
        scores = self._character_scores(padded)
        words = self._words(nodes)
        self._add_words(scores, words)
        self._add_word_pairs(scores, words)
        return scores

    def _character_scores(self, padded: Nodes) -> Floats:
        """Sum bias, characters and pairs around each node, ``[N, T]`` (``padded``, ``uint16[N + 4]``, has two
        separators on either side)."""
        size = len(padded) - 4
        before2, before, here, after, after2 = (padded[start : start + size] for start in range(5))
        # Across a separator there is no character at distance two.
        before2 = np.where(before == SEPARATOR, np.uint16(SEPARATOR), before2)
        after2 = np.where(after == SEPARATOR, np.uint16(SEPARATOR), after2)
        keys = padded[:-1].astype(np.uint64) << np.uint64(16) | padded[1:]
        pairs = self._pairs.find(keys)
        single, pair = self._arrays["character_scores"], self._arrays["pair_scores"]
        scores = np.broadcast_to(self._arrays["bias"], (size, single.shape[2])).copy()
        scores += single[0].take(here, axis=0)
        scores += single[1].take(before, axis=0)
        scores += pair[0].take(pairs[1 : 1 + size], axis=0, mode="wrap")
        scores += single[2].take(after, axis=0)
        scores += pair[1].take(pairs[2 : 2 + size], axis=0, mode="wrap")
        scores += single[3].take(before2, axis=0)
        scores += pair[2].take(pairs[:size], axis=0, mode="wrap")
        scores += single[4].take(after2, axis=0)
        return scores

    def _words(self, nodes: Nodes) -> dict[int, Ids]:
        """Return for each length the word that begins at each node (``uint16[N]``), ``int32[N]``, -1 where none
        does."""
        words = {}
        places = np.arange(len(nodes) - 1)
        states = nodes[:-1].astype(np.int32)
        for length in sorted(WORD_LENGTHS):
            inside = places + length - 1 < len(nodes)
            places, states = places[inside], states[inside]
            found = self._steps.find(states.astype(np.uint64) << np.uint64(16) | nodes[places + length - 1])
            places, states = places[found >= 0], found[found >= 0]
            words[length] = np.full(len(nodes), -1, np.int32)
            words[length][places] = self._arrays["words_of_states"][states]
        return words

    def _add_words(self, scores: Floats, words: dict[int, Ids]) -> None:
        """Add to ``scores`` ``[N, T]`` those of words that end, then of words that begin, at each node."""
        ending, beginning = self._arrays["word_scores"]
        for length in WORD_LENGTHS:
            places = np.flatnonzero(words[length] >= 0)
            scores[places + length - 1] += ending.take(words[length][places], axis=0)
        for length in WORD_LENGTHS:
            places = np.flatnonzero(words[length] >= 0)
            scores[places] += beginning.take(words[length][places], axis=0)

    def _add_word_pairs(self, scores: Floats, words: dict[int, Ids]) -> None:
        """Add to ``scores`` ``[N, T]`` those of two words that meet: first to the node after the border, then to that
        before it."""
        begins = {length: words[length] >= 0 for length in WORD_LENGTHS}
        left, right = self._arrays["word_pair_scores"]
        met = []
        for before in WORD_LENGTHS:
            for after in WORD_LENGTHS:
                starts = np.flatnonzero(begins[before][: -before or None] & begins[after][before:])
                borders = starts + before
                keys = words[before][starts].astype(np.uint64) << np.uint64(32) | words[after][borders].astype(
                    np.uint64
                )
                pairs = self._word_pairs.find(keys)
                known = pairs >= 0
                met.append((borders[known], pairs[known]))
        for borders, pairs in met:
            scores[borders] += left.take(pairs, axis=0)
        for borders, pairs in met:
            scores[borders - 1] += right.take(pairs, axis=0)
