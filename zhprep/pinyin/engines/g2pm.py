"""g2pM: a small network reads the polyphones, a dictionary the rest (Park and Lee, Interspeech 2020).

The same predictions as the package of that name, for many sentences at once. Where the two best readings are so
close that single precision could turn them round, the sentence is read again in double precision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zhprep.pinyin.flat import FlatText
from zhprep.pinyin.network import Floats, Network, Weights, product

if TYPE_CHECKING:
    from zhprep.pinyin.config import PinyinConfig

ROWS = 512
"""Places of which all logits are kept at once."""

MARGIN = 1e-3
"""Logits nearer than this are computed again; the error of single precision is below 1e-4."""


class G2pmEngine:
    """g2pM's network and dictionary."""

    name = "g2pm"

    def __init__(self, _config: PinyinConfig) -> None:
        self._weights = Weights.load()
        self._network = Network(self._weights)
        self._exact = Network(self._weights, np.float64)

    def fingerprint(self) -> str:
        """Return the version of g2pM and the hash of its weights."""
        return f"g2pM 0.1.2.5 {self._weights.sha256[:16]}"

    def read(self, text: FlatText) -> npt.NDArray[np.uint16]:
        """Return the syllable of every code point in its sentence, uint16 ``[N]``; words are not looked at."""
        weights = self._weights
        result = weights.single[text.codes]
        places = np.flatnonzero(weights.polyphone[text.codes] >= 0)
        if not len(places):
            return result
        numbers = weights.inputs[text.codes]
        best, margin = self._best(self._network, numbers, text, places)
        close = np.flatnonzero(margin < MARGIN)
        if len(close):
            best[close], _ = self._best(self._exact, numbers, text, places[close])
        result[places] = weights.class_syllables[best]
        return result

    def _best(
        self, network: Network, numbers: npt.NDArray[np.int32], text: FlatText, places: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], Floats]:
        """Return the class of the highest logit at each of ``places`` (``int64[N]``), ``int64[N]``, and how far it is
        above the second highest, ``[N]``."""
        states = network.states(numbers, text.sentence_offsets, places)
        weight, bias = np.ascontiguousarray(network.last[0].T), network.last[1]
        best = np.empty(len(places), np.int64)
        margin = np.empty(len(places), states.dtype)
        for first in range(0, len(places), ROWS):
            part = slice(first, first + ROWS)
            logits = product(states[part], weight)
            logits += bias
            rows = np.arange(len(logits))
            best[part] = logits.argmax(axis=1)
            highest = logits[rows, best[part]]
            logits[rows, best[part]] = -np.inf
            margin[part] = highest - logits.max(axis=1)
        return best, margin
