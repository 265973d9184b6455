"""Phrases and context together: pypinyin's phrases say what a word decides, a network what the sentence decides.

Every character gets its reading from pypinyin's dictionaries. A polyphone is then judged: each of its candidate
readings scores the logit of g2pM's network (which knows the sentence) and, if a phrase of its word reads it so, the
weight of the phrase. Both numbers were fitted on CPP's development set; neither source alone reads as well.
A Traditional character that the network does not know goes by its Simplified form.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zhprep.pinyin.engines.pypinyin import Phrases
from zhprep.pinyin.flat import FlatText, Integers
from zhprep.pinyin.network import Floats, Network, Weights
from zhprep.pinyin.words import Syllables, WordTable, words_with

if TYPE_CHECKING:
    from zhprep.pinyin.config import PinyinConfig

PHRASE = 8.0
"""What a phrase weighs, in logits of the network (dev set: 97.8 % from 5 to 12, 97.4 % without)."""

MARGIN = 1e-3
"""Scores nearer than this are computed again in double precision, so that no rounding decides."""


class ContextEngine:
    """pypinyin's phrases and g2pM's network, each where it is good."""

    name = "context"

    def __init__(self, _config: PinyinConfig) -> None:
        self._phrases = Phrases.load()
        self._weights = Weights.load()
        self._networks = Network(self._weights), Network(self._weights, np.float64)
        self.words = WordTable(self._phrases.in_phrases)
        self._looked_up = self._phrases.moves | (self._weights.polyphone >= 0)

    def fingerprint(self) -> str:
        """Return the version of pypinyin and the hash of its readings and of the weights."""
        digest = hashlib.sha256(f"{self._phrases.sha256} {self._weights.sha256} {PHRASE}".encode()).hexdigest()
        return f"context, pypinyin {self._phrases.version} {digest[:16]}"

    def read(self, text: FlatText) -> Syllables:
        """Return the syllable of every code point in its word and sentence, uint16 ``[N]``."""
        in_phrase = np.zeros(len(text.codes), np.uint16)
        self.words.fill(in_phrase, text, words_with(text, self._looked_up))
        result = np.where(in_phrase > 0, in_phrase, self._phrases.first[text.codes])
        places = np.flatnonzero(self._weights.polyphone[text.codes] >= 0)
        if len(places):
            numbers = self._weights.inputs_simplified[text.codes]
            judged, close = self._judge(self._networks[0], numbers, text, places, in_phrase[places])
            if close.any():
                again = places[close]
                judged[close], _ = self._judge(self._networks[1], numbers, text, again, in_phrase[again])
            result[places] = judged
        return result

    def _judge(
        self, network: Network, numbers: npt.NDArray[np.int32], text: FlatText, places: Integers, in_phrase: Syllables
    ) -> tuple[Syllables, npt.NDArray[np.bool_]]:
        """Return the best candidate at each place, and whether another is so near that rounding might decide."""
        candidates = self._weights.candidates[self._weights.polyphone[text.codes[places]]]
        syllables = np.where(candidates >= 0, self._weights.class_syllables[candidates], 0)
        states = network.states(numbers, text.sentence_offsets, places)
        scores = _scores(network, states, candidates)
        by_phrase = (syllables == in_phrase[:, None]) & (syllables > 0)
        scores += PHRASE * by_phrase
        rows = np.arange(len(places))
        best = scores.argmax(axis=1)
        judged = syllables[rows, best]
        highest = scores[rows, best]
        scores[rows, best] = -np.inf
        close = highest - scores.max(axis=1) < MARGIN
        # A phrase may know a reading that the network does not: it is kept.
        unknown = (in_phrase > 0) & ~by_phrase.any(axis=1)
        return np.where(unknown, in_phrase, judged), close & ~unknown


def _scores(network: Network, states: Floats, candidates: npt.NDArray[np.int32]) -> Floats:
    weight, bias = network.last
    scores = np.full(candidates.shape, -np.inf, states.dtype)
    for column in range(candidates.shape[1]):
        rows = np.flatnonzero(candidates[:, column] >= 0)
        classes = candidates[rows, column]
        scores[rows, column] = np.einsum("ij,ij->i", states[rows], weight[classes]) + bias[classes]
    return scores
