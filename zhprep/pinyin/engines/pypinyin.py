"""pypinyin's dictionaries, read once per distinct word.

The same readings as ``pypinyin.lazy_pinyin(word)`` of every word, given as a string: pypinyin then looks for its
phrases inside the word too. Given as an item of a list, a word that is no phrase is read character by
character, and 洗发水 becomes fā.

Only a few characters (735) ever read otherwise in a phrase than alone. So every character gets its first
reading from a table, and the words that hold one of the few are looked up, each distinct one once.
"""

from __future__ import annotations

import functools
import hashlib
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from zhprep.core.registry import require
from zhprep.pinyin.flat import FlatText
from zhprep.pinyin.syllables import ids
from zhprep.pinyin.words import Syllables, WordTable, words_with

if TYPE_CHECKING:
    from zhprep.pinyin.config import PinyinConfig

N_CODE_POINTS = 0x110000


class PypinyinEngine:
    """pypinyin's dictionaries, vectorised; the readings of the words met so far are kept."""

    name = "pypinyin"

    def __init__(self, _config: PinyinConfig) -> None:
        self._phrases = PhraseReadings.load()
        self.words = WordTable(self._phrases.read)

    def fingerprint(self) -> str:
        """Return the version of pypinyin and the hash of its readings."""
        return f"pypinyin {self._phrases.version} {self._phrases.sha256[:16]}"

    def read(self, text: FlatText) -> Syllables:
        """Return the syllable of every code point in its word, uint16 ``[N]``."""
        result = self._phrases.first[text.codes]
        self.words.fill(result, text, words_with(text, self._phrases.moves))
        return result


class PhraseReadings:
    """The dictionaries of the installed pypinyin as syllable ids.

    ``first`` uint16 ``[code points]``: the first reading of a character; ``moves`` bool ``[code points]``: whether
    some phrase reads it otherwise.
    """

    def __init__(
        self, characters: dict[int, str], phrases: dict[str, Any], chinese: re.Pattern[str], version: str
    ) -> None:
        self._number = number = _Numbers()
        self._characters = characters
        self.version = version
        self.first = np.zeros(N_CODE_POINTS, np.uint16)
        self.moves = np.zeros(N_CODE_POINTS, np.bool_)
        digest = hashlib.sha256()
        for code, readings in characters.items():
            self.first[code] = number[readings.partition(",")[0]]
            digest.update(f"{code} {readings}\n".encode())
        self._phrases: dict[str, list[int]] = {}
        self._open: set[tuple[str, int]] = set()
        self._longest = 1
        self._chinese = chinese
        for phrase, syllables in phrases.items():
            digest.update(f"{phrase} {syllables}\n".encode())
            if len(phrase) == len(syllables) and chinese.match(phrase):
                read = [number[readings[0]] for readings in syllables]
                self._phrases[phrase] = read
                self._open.update((phrase, i) for i, found in enumerate(syllables) if len(found) > 1)
                self._longest = max(self._longest, len(phrase))
                self.moves[[ord(c) for c, n in zip(phrase, read, strict=True) if self.first[ord(c)] != n]] = True
        self.sha256 = digest.hexdigest()

    @classmethod
    @functools.cache
    def load(cls) -> PhraseReadings:
        """Return the dictionaries of the installed package.

        Raises ``UsageError`` when pypinyin is not installed.
        """
        package = require("pypinyin", purpose="--engine pypinyin", install="pypinyin")
        constants = require("pypinyin.constants", purpose="--engine pypinyin", install="pypinyin")
        return cls(constants.PINYIN_DICT, constants.PHRASES_DICT, constants.RE_HANS, package.__version__)

    def __contains__(self, word: str) -> bool:
        return word in self._phrases

    def readings(self, code: int) -> list[int]:
        """Return all readings of a character, the usual one first; none if it is not in the dictionary."""
        return [self._number[reading] for reading in self._characters.get(code, "").split(",") if reading]

    def read(self, word: str) -> list[int]:
        """Return the syllables of a word as pypinyin reads it.

        Its phrases are found by forward maximum match; a character outside them has its first reading.
        """
        first = self.first
        return [found or int(first[ord(c)]) for c, found in zip(word, self.in_phrases(word), strict=True)]

    def in_phrases(self, word: str, *, decided: bool = False) -> list[int]:
        """Return the syllables of the characters that stand in a phrase of the word, 0 for the others.

        With ``decided`` a character that the phrase itself reads in two ways (朝阳) has 0 too.
        """
        result: list[int] = []
        start = 0
        while start < len(word):
            end = min(len(word), start + self._longest)
            while end > start + 1 and word[start:end] not in self._phrases:
                end -= 1
            piece = word[start:end]
            found = self._phrases[piece] if end > start + 1 else [0]
            result += [0 if decided and (piece, i) in self._open else n for i, n in enumerate(found)]
            start = end
        return result


class _Numbers(dict[str, int]):
    """The id of a syllable written with tone marks, worked out once each."""

    def __missing__(self, marked: str) -> int:
        tones = require("pypinyin.contrib.tone_convert", purpose="--engine pypinyin", install="pypinyin")
        self[marked] = ids()[tones.to_tone3(marked, v_to_u=False, neutral_tone_with_five=True)]
        return self[marked]
