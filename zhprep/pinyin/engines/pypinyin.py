"""pypinyin's dictionaries, read once per distinct word.

The same readings as ``pypinyin.lazy_pinyin(word)`` of every word, given as a string: pypinyin then looks for its
phrases inside the word too. Given as an item of a list, a word that is no phrase is read character by
character, and 洗发水 becomes fā.

Only a few characters (735) ever read otherwise in a phrase than alone. So every character gets its first
reading from a table, and the words that hold one of the few are looked up, each distinct one once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zhprep.pinyin.flat import FlatText
from zhprep.pinyin.phrases import PhraseReadings
from zhprep.pinyin.words import Syllables, WordTable, words_with

if TYPE_CHECKING:
    from zhprep.pinyin.config import PinyinConfig


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
