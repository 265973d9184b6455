"""Phrases and context together: pypinyin's phrases say what a word decides, a network what the sentence decides.

Every character gets its reading from pypinyin's dictionaries. A polyphone is then judged: each of its candidate
readings scores the logit of g2pM's network, which knows the sentence, and the weight of what else speaks for it: a
phrase of its word, or a rule for characters that stand alone. Words that both are known to get wrong are corrected by a
table. Traditional text is expected as its Simplified shadow (``pinyin/traditional.py``).
"""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zhprep.pinyin.corrections import Corrections
from zhprep.pinyin.flat import FlatText, Integers
from zhprep.pinyin.network import Floats, Network, Weights
from zhprep.pinyin.phrases import PhraseReadings
from zhprep.pinyin.standalone import Rule, votes
from zhprep.pinyin.words import Syllables, WordTable, words_with

if TYPE_CHECKING:
    from zhprep.pinyin.config import PinyinConfig

PHRASE = 100.0
"""What a phrase weighs, in logits of the network: more than the network ever doubts it.

A weight of 8 scores 0.2 points more on CPP's development set, but reads 目的, 会计 and 着急 wrong in short sentences;
and where CPP's gold differs from a phrase, the phrase is often right: 成吉思汗 hán, 黄陂 pí, 钻井 zuān.
"""

MARGIN = 1e-3
"""Scores nearer than this are computed again in double precision, so that no rounding decides."""

Votes = list[tuple[Rule, Integers]]


class ContextEngine:
    """pypinyin's phrases and g2pM's network, each where it is good."""

    name = "context"

    def __init__(self, _config: PinyinConfig) -> None:
        self._phrases = PhraseReadings.load()
        self._corrections = Corrections.load()
        self._weights = Weights.load()
        self._network = Network(self._weights)
        self.words = WordTable(self._in_phrases)
        self._looked_up = self._phrases.moves | (self._weights.polyphone >= 0)
        self._looked_up[list(map(ord, self._corrections.characters))] = True
        self._chinese = self._phrases.first > 0

    @functools.cached_property
    def _exact(self) -> Network:
        """The network in double precision, for those who come to a tie."""
        return Network(self._weights, np.float64)

    def fingerprint(self) -> str:
        """Return the version of pypinyin and the hash of its readings, the corrections and the weights."""
        parts = (self._phrases.sha256, self._corrections.sha256, self._weights.sha256, str(PHRASE))
        digest = hashlib.sha256(" ".join(parts).encode()).hexdigest()
        return f"context, pypinyin {self._phrases.version} {digest[:16]}"

    def read(self, text: FlatText) -> Syllables:
        """Return the syllable of every code point in its word and sentence, uint16 ``[N]``."""
        in_phrase = np.zeros(len(text.codes), np.uint16)
        self.words.fill(in_phrase, text, words_with(text, self._looked_up))
        result = np.where(in_phrase > 0, in_phrase, self._phrases.first[text.codes])
        rules = list(votes(text, self._chinese))
        for rule, places in rules:
            result[places] = rule.syllable  # for characters that the network does not judge
        places = np.flatnonzero(self._weights.polyphone[text.codes] >= 0)
        if len(places):
            judged, close = self._judge(self._network, text, places, in_phrase[places], rules)
            if close.any():
                again = places[close]
                judged[close], _ = self._judge(self._exact, text, again, in_phrase[again], rules)
            result[places] = judged
        return result

    def _judge(
        self, network: Network, text: FlatText, places: Integers, in_phrase: Syllables, rules: Votes
    ) -> tuple[Syllables, npt.NDArray[np.bool_]]:
        """Return the best candidate at each of ``places`` (``int64[N]``), ``uint16[N]``, and whether another is so near
        that rounding might decide, ``bool[N]``."""
        candidates = self._weights.candidates[self._weights.polyphone[text.codes[places]]]
        syllables = np.where(candidates >= 0, self._weights.class_syllables[candidates], 0)
        numbers = self._weights.inputs[text.codes]
        scores = _scores(network, network.states(numbers, text.sentence_offsets, places), candidates)
        by_phrase = (syllables == in_phrase[:, None]) & (syllables > 0)
        scores += PHRASE * by_phrase
        for rule, where in rules:
            at = np.searchsorted(places, where)
            at = at[places[np.minimum(at, len(places) - 1)] == where]
            scores[at] += rule.weight * (syllables[at] == rule.syllable)
        rows = np.arange(len(places))
        best = scores.argmax(axis=1)
        judged, highest = syllables[rows, best], scores[rows, best]
        scores[rows, best] = -np.inf
        close = highest - scores.max(axis=1) < MARGIN
        # A phrase may know a reading that the network does not: it is kept.
        unknown = (in_phrase > 0) & ~by_phrase.any(axis=1)
        return np.where(unknown, in_phrase, judged), close & ~unknown

    def _in_phrases(self, word: str) -> list[int]:
        """Return the syllables that phrases give, the table of corrections first, and 0 where they decide nothing."""
        found = self._phrases.in_phrases(word, decided=True)
        if word in self._phrases and word not in self._corrections:
            return found
        return self._corrections.correct(word, found)


def _scores(network: Network, states: Floats, candidates: npt.NDArray[np.int32]) -> Floats:
    """Return the scores (``[N, C]``, as ``states``) of the classes ``candidates`` (``int32[N, C]``, -1 for none) for
    states ``[N, D]``."""
    weight, bias = network.last
    scores = np.full(candidates.shape, -np.inf, states.dtype)
    for column in range(candidates.shape[1]):
        rows = np.flatnonzero(candidates[:, column] >= 0)
        classes = candidates[rows, column]
        scores[rows, column] = np.einsum("ij,ij->i", states[rows], weight[classes]) + bias[classes]
    return scores
